package sched

import (
	"errors"
	"fmt"

	"bgtasks/lib/fsys"
	"bgtasks/lib/store"
)

// Settle decides those who wait for the end of a task whose run is over. It is for
// whoever is about to remove the task, to replace it, or to begin its next run: a
// dependency is met or not by the run that it is about, and stays so. Those whom the
// end dooms have ended when this returns, so that nobody has to know later how it
// was. With an error the record of the run must be kept.
//
// The caller may hold the task's run.lock. In a boot in which no tasks are started
// none is.
func Settle(h *store.Home, id string) error {
	x := newIndex(h)
	if !fsys.Exists(x.dir) || x.active() && !fsys.Exists(x.path(afterDir, id)) {
		return nil
	}
	for left := true; left; {
		x = newIndex(h)
		err := x.locked(func() (err error) {
			if err = x.refresh(); err == nil {
				left, err = x.settleIn(afterDir, id)
			}
			return err
		})
		if err == nil && left && len(x.todo.doomed) == 0 && !x.todo.again {
			err = errors.New("the end is not known yet")
		}
		if err == nil {
			err = endDoomed(h, x.todo.doomed, patience, false)
		}
		if err != nil {
			return fmt.Errorf("decide who waits for %q: %w", id, err)
		}
	}
	_ = Dispatch(h) // whatever hinders it: who goes on is found by the next one
	return nil
}
