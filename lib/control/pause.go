package control

import (
	"context"
	"errors"
	"fmt"
	"time"

	"bgtasks/lib/record"
	"bgtasks/lib/sched"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
	"bgtasks/lib/watch"
)

// pausePatience is how long a task may take that is just being started: longer than a
// supervisor is waited for.
const pausePatience = 30 * time.Second

// Pause keeps queues from starting tasks, and returns when none of their tasks is being
// started any more: each task that had been chosen runs, or waits as before. The errors
// are that of ctx, or an error of the store; the queues stay paused in both cases.
func Pause(ctx context.Context, h *store.Home, names []string) error {
	if err := sched.Pause(h, names); err != nil {
		return err
	}
	starting, err := sched.Starting(h, names)
	if err != nil {
		return err
	}
	for _, id := range starting {
		_, err := untilFree(ctx, h, id, pausePatience, begunOrBack)
		switch {
		case errors.Is(err, watch.ErrTimeout):
			return fmt.Errorf("task %q is still being started, by one who has its lock and does not go on", id)
		case err != nil && !removed(err):
			return err
		}
	}
	return sched.Dispatch(h) // which gives back what they held
}

func begunOrBack(t *view.Task) bool {
	return !t.Supervised() || t.State != record.Claimed && !waiting(t)
}
