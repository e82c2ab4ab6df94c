package sched

import (
	"errors"

	"bgtasks/lib/launch"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// Requeueable checks whether a waiting run could follow the ended run of a task. The
// error is *KeyTakenError or *ClosedError. The task itself does not count as an obstacle.
func Requeueable(h *store.Home, s *record.Spec) error {
	if s.Schedule == nil {
		return nil
	}
	x := newIndex(h)
	if x.closed(s.Schedule.Queue) {
		return &ClosedError{s.Schedule.Queue}
	}
	if twin := x.openTwin(s, s.ID); twin != nil {
		return &KeyTakenError{s.ID, s.DedupeKey, twin.spec.ID}
	}
	return nil
}

// Requeue makes the next run of an ended task wait, in its queue and with its priority,
// behind the tasks that already wait. Its earlier delay and dependencies no longer count.
// It supersedes the open tasks of its supersede key, as a start does. The caller holds
// the task's run.lock, and has read r.Spec and r.Last under it; Requeue releases the
// lock. The error is *KeyTakenError if another open task has its dedupe key. If there is
// room, the run starts at once.
func Requeue(h *store.Home, held *store.Lock, r *launch.Request) error {
	x := newIndex(h)
	err := x.make()
	released := false
	if err == nil {
		err = x.locked(func() error {
			if err := x.activate(); err != nil {
				return err
			}
			if err := x.prepareRequeue(r); err != nil {
				return err
			}
			released = true
			if err := launch.Requeue(h, held, r); err != nil {
				return err
			}
			_ = x.announceOld() // or the dispatch does
			return nil
		})
	}
	if !released {
		err = errors.Join(err, store.GiveBack(h.TaskDir(r.Spec.ID), held))
	}
	if err == nil {
		_ = Dispatch(h) // whatever hinders it: the task waits, and will be found
	}
	return err
}

// prepareRequeue enters the next run, as if it waited already. While its lock is
// held nobody touches it.
func (x *index) prepareRequeue(r *launch.Request) error {
	if err := errors.Join(x.markWaiting(), x.reap()); err != nil {
		return err
	}
	s := &r.Spec
	if twin := x.openTwin(s, s.ID); twin != nil {
		return &KeyTakenError{s.ID, s.DedupeKey, twin.spec.ID}
	}
	sequence, err := x.sequence(1)
	if err != nil {
		return err
	}
	next := &record.Schedule{Sequence: sequence}
	if s.Schedule != nil {
		next.Queue, next.Priority = s.Schedule.Queue, s.Schedule.Priority
	}
	if x.closed(next.Queue) {
		return &ClosedError{next.Queue}
	}
	next.After = x.victims(s)
	s.Schedule = next
	if err := errors.Join(x.enterKeys(s), x.markNew(s.ID)); err != nil {
		return err
	}
	return x.placeAnew(&facts{spec: s, state: &record.State{Run: s.Run + 1, Attempt: 1, State: record.Queued}})
}
