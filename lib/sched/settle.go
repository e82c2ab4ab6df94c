package sched

import (
	"errors"
	"fmt"

	"bgtasks/lib/fsys"
	"bgtasks/lib/store"
)

// Settle decides the dependencies on a task whose run is over. A caller uses it before it
// removes the task, replaces it, or begins its next run: a dependency is decided by the
// run that it names, for good. When Settle returns, the tasks whose dependency can't be
// met have ended, so the outcome of the run is no longer needed. If it returns an error,
// the record of the run must be kept.
//
// The caller may hold the task's run.lock. In a boot in which no tasks are started,
// Settle starts none.
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
