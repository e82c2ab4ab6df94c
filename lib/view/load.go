package view

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"

	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// Load reads one task whole, with its reports and the sizes of its logs, and heals it if need
// be. The error is *NotFoundError if there is no such task, with ids and names
// that may have been meant. A task whose records are broken is no error: it is
// given with Unreadable set and what is known.
func Load(h *store.Home, id string) (*Task, error) {
	notFound := &NotFoundError{ID: id}
	if !record.ValidID(id) {
		notFound.suggest(h)
		return nil, notFound
	}
	r := newReader(h)
	t, err := r.load(id, thorough)
	if errors.Is(err, fs.ErrNotExist) {
		notFound.suggest(h)
		return nil, notFound
	}
	if err != nil {
		return nil, err
	}
	r.addDetails(t)
	return t, nil
}

// hint says beforehand what a listing knows about a task, to save system calls.
type hint int

const (
	thorough hint = iota // look at everything
	unmarked             // there was no marker: an ended run is most probably tidy
	told                 // the end of the run, if it has ended, was read in the journal
)

// load makes a task's view, after healing if need be. A vanished task is
// fs.ErrNotExist.
func (r *reader) load(id string, known hint) (*Task, error) {
	s, err := r.snapshot(id, known)
	if err == nil {
		s, err = r.call(s)
	}
	if err != nil {
		return nil, err
	}
	var unhealed error
	for range maxHeals {
		if known != told {
			if s, err = r.awaitTold(s); err != nil {
				return nil, err
			}
		}
		if !s.wantsHealing() {
			break
		}
		failed := r.heal(s)
		if s, err = r.snapshot(id, thorough); err != nil {
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
	if known == thorough && !s.held {
		_ = store.RenewLock(r.home.TaskDir(id)) // nobody can take a lock that is not there
	}
	r.remind(s)
	t := r.derive(s)
	t.Unhealed = unhealed
	return t, nil
}

// remind tells a living shim of a stop that it has not heard of: whoever asked
// found nobody listening, and was killed before there was. A shim that has heard
// says so in its state.
func (r *reader) remind(s *snapshot) {
	if !s.held || s.stop == nil || s.state == nil || s.state.Stop != nil {
		return
	}
	if number, err := stopSignal(s.stop); err == nil {
		store.Knock(r.home.TaskDir(s.id), s.stop.AppendMessage(nil, int(number)))
	}
}

// maxHeals bounds how often one look heals: another healer may be killed while
// we stand back for it, and so may the shim that has just adopted the run.
const maxHeals = 8

// snapshot reads a task's files, then asks for its lock. An open state beside
// a free lock may be one that has ended in between: the files are read again.
//
// A run that ended without leftovers and without a marker was ended in order,
// and needs no further look; its shim may live for another moment.
func (r *reader) snapshot(id string, known hint) (*snapshot, error) {
	s, err := r.records(id)
	if err != nil {
		return nil, err
	}
	if s.terminal() && s.state.Leftovers == 0 && (known == told || known == unmarked && !s.justEnded()) {
		return s, nil
	}
	if s.away = r.home.Away(); s.away != nil {
		s.abroad()
		return s, nil
	}
	held, err := store.LockHeld(r.home.TaskDir(id))
	if !held && err == nil && s.open() {
		if s, err = r.records(id); err != nil {
			return nil, err
		}
	}
	s.held = held
	if err != nil && s.fault == nil {
		s.fault = &RecordError{id, store.LockFile, err}
	}
	r.look(s)
	if s.held {
		s.holder = store.Holder(r.home.TaskDir(id))
	} else if s.holder = r.keeper(s); s.holder != nil {
		s.held, s.unlocked = true, true
	}
	r.readStop(s)
	return s, nil
}

// ShowEnv puts the values of the task's environment variables in the place of
// the redaction, for those who asked for them. They are in no record (P11): a task
// that was started so has them in a file, and else only the living leader has them,
// as it was executed with them. The error wraps proc.ErrGone when it has ended,
// proc.ErrUnsupported where a process can't be asked.
func ShowEnv(t *Task) error {
	if len(t.Env) == 0 {
		return nil
	}
	if t.Spec.KeepEnv {
		env, err := store.KeptEnv(filepath.Dir(t.LogPath))
		for _, kv := range env {
			name, value, _ := strings.Cut(kv, "=")
			t.Env[name] = value
		}
		return err
	}
	if t.Current == nil || t.Current.Leader == nil {
		return proc.ErrGone
	}
	values, err := proc.ReadEnviron(proc.Identity(*t.Current.Leader), t.Spec.EnvNames)
	if err != nil {
		return err
	}
	for name, value := range values {
		t.Env[name] = value
	}
	return nil
}
