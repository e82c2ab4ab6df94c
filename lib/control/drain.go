package control

import (
	"context"
	"errors"
	"time"

	"bgtasks/lib/sched"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
)

// Drain makes a queue accept no more tasks and waits until it is empty. It waits for
// one task of the queue after the other. The queue stays closed. The errors are
// watch.ErrTimeout at the deadline (the zero time: no deadline), that of ctx, or an
// error of the store.
func Drain(ctx context.Context, h *store.Home, queue string, deadline time.Time) error {
	if err := sched.CloseQueue(h, queue); err != nil {
		return err
	}
	for {
		id, err := sched.Member(h, queue)
		if err != nil || id == "" {
			return err
		}
		if _, err := Wait(ctx, h, []string{id}, false, deadline); err != nil && !removed(err) {
			return err
		}
		if err := sched.Dispatch(h); err != nil {
			return err
		}
	}
}

// removed tells that a task that was waited for is not there any more.
func removed(err error) bool {
	var missing *view.NotFoundError
	return errors.As(err, &missing)
}
