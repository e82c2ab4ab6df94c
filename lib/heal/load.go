package heal

import (
	"errors"
	"io/fs"
	"time"

	"bgtasks/lib/record"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
)

// Load reads one task whole, with its reports and the sizes of its logs, and heals it if need
// be. The error is *view.NotFoundError if there is no such task, with ids and names
// that may have been meant. A task whose records are broken is no error: it is
// given with Unreadable set and what is known.
func Load(h *store.Home, id string) (*view.Task, error) {
	t, err := Whole(view.NewReader(h), id, view.Thorough)
	if err == nil && t == nil {
		return nil, view.NotFound(h, id)
	}
	return t, err
}

// Read gives one task without its reports and the sizes of its logs, and heals it if need
// be. A vanished task is fs.ErrNotExist.
func Read(reader *view.Reader, id string, known view.Hint) (*view.Task, error) {
	r := healer{reader}
	s, err := r.see(id, known)
	if err == nil {
		s, err = r.call(s)
	}
	if err != nil {
		return nil, err
	}
	var unhealed error
	for range maxHeals {
		if known != view.Told {
			if s, err = r.awaitTold(s); err != nil {
				return nil, err
			}
		}
		if !s.wantsHealing() {
			break
		}
		failed := r.heal(s)
		if s, err = r.see(id, view.Thorough); err != nil {
			return nil, err
		}
		if hopeless(failed) {
			if s.wantsHealing() {
				unhealed = failed
				s.assume()
			}
			break
		}
	}
	if known == view.Thorough && !s.Held {
		_ = store.RenewLock(r.Home.TaskDir(id)) // nobody can take a lock that is not there
	}
	r.remind(s)
	t := r.Derive(s.Snapshot)
	t.Unhealed = unhealed
	return t, nil
}

// remind tells a living shim of a stop that it has not heard of: whoever asked
// found nobody listening, and was killed before there was. A shim that has heard
// says so in its state.
func (r healer) remind(s *patient) {
	if !s.Held || s.Stop == nil || s.State == nil || s.State.Stop != nil {
		return
	}
	if number, err := stopSignal(s.Stop); err == nil {
		store.Knock(r.Home.TaskDir(s.ID), s.Stop.AppendMessage(nil, int(number)))
	}
}

// maxHeals bounds how often one look heals: another healer may be killed while
// we stand back for it, and so may the shim that has just adopted the run.
const maxHeals = 8

// assume gives the state that a healer would have recorded, for a home that
// this user can't write to or a disk that is full. The snapshot's lock was seen
// free before its records were read, so nobody is about to write another.
func (s *patient) assume() {
	if s.Fault != nil {
		return
	}
	switch v, f, _ := s.judge(); v {
	case recordExit, recordLost, lostReboot:
		s.State = endState(s, v, f, time.Now())
	}
}

// hopeless tells whether an error of heal means that this process can't heal,
// rather than that another does.
func hopeless(err error) bool {
	return err != nil && !errors.Is(err, store.ErrLocked) && !errors.Is(err, fs.ErrNotExist)
}

// Look reads one task as Load does, and heals nothing. unsettled tells that the
// next Load will: its supervisor is gone before its work was done. An answer of
// one look may be about an end that comes in between, so it counts only when a
// second look says the same. A vanished task is fs.ErrNotExist.
func Look(h *store.Home, id string) (t *view.Task, unsettled bool, err error) {
	r := healer{view.NewReader(h)}
	for range 2 {
		s, err := r.see(id, view.Thorough)
		if err != nil {
			return nil, false, err
		}
		unsettled = s.wantsHealing()
		t = r.Derive(s.Snapshot)
		t.Bare = r.ails(s) && view.Supervises(*s.Holder)
		unsettled = unsettled || t.Supervisor == view.SupervisorLost
		if !unsettled {
			break
		}
	}
	return t, unsettled, nil
}

// Whole reads one task as Load does, with a reader that is there; nil if it is gone.
func Whole(r *view.Reader, id string, known view.Hint) (*view.Task, error) {
	if !record.ValidID(id) {
		return nil, nil
	}
	t, err := Read(r, id, known)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	r.AddDetails(t)
	return t, nil
}
