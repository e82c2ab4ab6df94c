package control

import (
	"context"
	"errors"
	"time"

	"bgtasks/lib/launch"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
	"bgtasks/lib/watch"
)

// Ensure starts a task as Start does, unless an open one has its id: that one is
// the answer if it was started in the same way, and reused is true then; else
// the error is *view.DiffersError. Of several at once one starts the task, and
// the others get that one.
func Ensure(ctx context.Context, h *store.Home, r *launch.Request) (t *view.Task, reused bool, err error) {
	for {
		t, err := Start(h, r)
		var taken *launch.ExistsError
		if !errors.As(err, &taken) {
			return t, false, err
		}
		t, err = begun(ctx, h, taken.ID)
		var missing *view.NotFoundError
		switch {
		case errors.As(err, &missing):
			continue // what was being started there could not be executed
		case err != nil:
			return nil, false, err
		case t.Unreadable != nil:
			return nil, false, t.Unreadable
		case t.Open():
			return t, true, Same(t, &r.Spec)
		case t.Leftovers > 0:
			return nil, false, taken
		}
	}
}

// begun gives the task as it is once it was decided whether it can be executed:
// until then it may be taken back.
func begun(ctx context.Context, h *store.Home, id string) (*view.Task, error) {
	tasks, err := watch.Until(ctx, h, []string{id}, time.Time{}, func(t *view.Task) bool {
		return t.State != record.Claimed
	}, false)
	if err != nil {
		return nil, err
	}
	return tasks[0], nil
}

// Same is a *view.DiffersError unless the task was started as want says.
func Same(t *view.Task, want *record.Spec) error {
	if list := view.Differences(want, t.Spec); len(list) > 0 {
		return &view.DiffersError{ID: t.ID, Differences: list}
	}
	return nil
}
