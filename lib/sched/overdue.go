package sched

import (
	"errors"
	"io/fs"

	"bgtasks/lib/store"
)

// Overdue counts the tasks that nothing keeps from being started, in a home in which
// nobody is about to: whoever should have started them could not, because the program
// was gone. Nothing is started here.
func Overdue(h *store.Home) (n int, err error) {
	x := newIndex(h)
	err = x.lockedBy(h.TryLockQueue, func() (err error) {
		if !x.active() {
			return nil
		}
		n, err = x.overdue()
		return err
	})
	if errors.Is(err, store.ErrLocked) || errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	return n, err
}

func (x *index) overdue() (n int, err error) {
	if x.queues, x.kinds, err = x.running(); err != nil {
		return 0, err
	}
	lanes, err := x.lanes()
	if err != nil {
		return 0, err
	}
	for _, l := range lanes {
		waiting, err := l.set.count()
		if err != nil {
			return 0, err
		}
		n += waiting
	}
	unclaimed, err := x.unclaimed()
	if err != nil {
		return 0, err
	}
	n += unclaimed
	for _, clock := range []string{bootClock, wallClock} {
		c := x.due(clock).cursor()
		for e, ok, err := c.peek(); ok && e.key <= now(clock); e, ok, err = c.peek() {
			if err != nil {
				return 0, err
			}
			n++
			c.skip()
		}
	}
	return n, nil
}

// unclaimed counts what follows from ends that nobody has looked at: attempts that are
// due, and those who wait for an end.
func (x *index) unclaimed() (n int, err error) {
	ids, err := namesIn(x.path(store.ClaimsDir))
	for _, id := range ids {
		f, err := look(x.home, id)
		if err != nil || f.held {
			continue
		}
		if f.waits() && !x.early(f) {
			n++
		}
		if f.terminal() {
			waiters, err := namesIn(x.path(afterDir, id))
			if err != nil {
				return n, err
			}
			n += len(waiters)
		}
	}
	return n, err
}
