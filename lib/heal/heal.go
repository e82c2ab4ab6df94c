package heal

import (
	"bgtasks/lib/fail"
	"bgtasks/lib/launch"
	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
)

// heal does what is asked of any verb that meets an open run with a free
// lock, or an ended one whose last steps were cut short. One of several healers
// gets the lock; the others return at once with store.ErrLocked, or later find
// the work done. A healer that is killed leaves the lock free and the work to
// the next: each step can be done again. before is what called for it.
func (r healer) heal(before *patient) error {
	id, dir := before.ID, r.Home.TaskDir(before.ID)
	err := store.RenewLock(dir) // whoever held another is gone, as keeper has seen
	if err != nil {
		return err
	}
	lock, err := store.TryLock(dir)
	if err != nil {
		return err
	}
	fail.Pass("heal-locked")
	settled, missed, late := false, false, false
	var s *patient
	defer func() { r.release(id, lock, s, settled || late, settled || missed) }()
	s, out, err := r.seeLocked(id)
	if err != nil {
		return err
	}
	defer out.release()
	if r.Keeper(s.Snapshot) != nil {
		return store.ErrLocked
	}
	if s = s.sound(); s == nil {
		return nil
	}
	v, f, err := s.judge()
	if err != nil {
		return err
	}
	if v != unclaim {
		note(lock) // an unclaim is known by who held it last
	}
	switch v {
	case leave, cannotKnow:
		missed, late = s.Waiting(), before.Open() != s.Open() || before.Marked != s.Marked
		return nil
	case cancel, finishRetry, unclaim:
		err = r.wait(s, v)
		settled = err == nil
		return err
	case adopt, adoptRest:
		return r.adopt(s, v, f, lock)
	case finishEnd:
		err = r.finishEnd(s)
	default:
		err = r.recordEnd(s, v, f, out)
	}
	if err == nil && s.Terminal() && s.Output == view.FIFOHeld && s.State.Leader != nil {
		// Here rather than at the next look: meanwhile nobody would hold the output.
		missed, err = true, r.adopt(s, adoptRest, f, lock)
	}
	settled = err == nil && !missed
	return err
}

// note tells those who wait for the lock whose end to watch for: a healer may be
// killed like a shim. Without it they still have their bells.
func note(lock *store.Lock) {
	if self, err := proc.Self(); err == nil {
		_ = store.WriteHolder(lock.File(), record.Process(self))
	}
}

// release frees the lock, unless an adopting shim has it by now. Who waits until
// nobody supervises an ended task was woken under the lock, and is again, also if
// another healer had ended it before we had the lock: our lock kept him waiting. After
// anything else nobody is: a waiter that tries in vain would wake itself. Then
// the next of those that wait can be started, for which a reader has no right: the
// dispatcher is told, and if it can't be, whoever uses the home next tells it. So it
// is if a dispatch may have missed the task because of us: it waits, and was healed
// by another before we had the lock.
func (r healer) release(id string, lock *store.Lock, s *patient, ring, kick bool) {
	if ring {
		store.GiveBack(r.Home.TaskDir(id), lock)
	} else {
		lock.Unlock()
	}
	if kick && s != nil {
		_ = launch.Kick(r.Home, ring && s.Waiting())
	}
}

// seeLocked reads the files of a task whose lock is ours. What its output FIFOs tell is
// with those who hold them open.
func (r healer) seeLocked(id string) (*patient, *outputs, error) {
	s, err := r.Locked(id)
	if err != nil {
		return nil, nil, err
	}
	p := &patient{Snapshot: s}
	out := holdOutputs(r.Home.TaskDir(id), p.split())
	s.Output, p.lost = out.use, out.lost
	return p, out, nil
}
