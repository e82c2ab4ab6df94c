package control

import (
	"context"
	"errors"
	"fmt"
	"time"

	"bgtasks/lib/heal"
	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
	"bgtasks/lib/watch"
)

// settle gives the task that another start made, healed, once it is decided how it
// stands; nil if it could not be executed, or was removed. The errors are those of
// watch.Until, *view.RecordError, and *UnsettledError or errStays of one that is over.
func settle(ctx context.Context, h *store.Home, id string) (*view.Task, error) {
	t, err := until(ctx, h, id, time.Time{}, func(t *view.Task) bool { return t.State != record.Claimed })
	if err == nil && leaving(t) {
		err = settled(h, t) // what keeps its supervisor, if it is the journal
	}
	if err == nil && (leaving(t) || beingHealed(t)) {
		t, err = untilDecided(ctx, h, id)
	}
	var missing *view.NotFoundError
	switch {
	case errors.As(err, &missing):
		return nil, nil
	case err != nil && !errors.Is(err, watch.ErrTimeout):
		return nil, err
	case t.Unreadable != nil:
		return nil, t.Unreadable
	case t.Open():
		return t, nil
	case leaving(t):
		return nil, fmt.Errorf("task %q is over, but %w", id, errStays)
	}
	return t, settled(h, t)
}

// errStays says why an ended task can't be replaced yet.
var errStays = errors.New("its supervisor, or another process with its lock or its pipes, is still there")

// lockPatience is how long someone is waited for who has a task's lock for a moment:
// long enough for a healer on a busy disk.
const lockPatience = 10 * time.Second

// untilDecided waits for one who has the task's lock for a moment.
func untilDecided(ctx context.Context, h *store.Home, id string) (*view.Task, error) {
	return untilFree(ctx, h, id, lockPatience, decided)
}

// untilFree waits until done says yes to a task whose lock somebody has. Not everybody
// rings who lets go of it, so it is looked for again and again, ever more rarely.
func untilFree(ctx context.Context, h *store.Home, id string, patience time.Duration, done func(*view.Task) bool) (*view.Task, error) {
	deadline := time.Now().Add(patience)
	for pause := 10 * time.Millisecond; ; pause *= 2 {
		look := time.Now().Add(pause)
		t, err := until(ctx, h, id, look, done)
		if !errors.Is(err, watch.ErrTimeout) || look.After(deadline) {
			return t, err
		}
		if who := heal.HindranceOf(h, t); who != nil && pause > silence {
			return t, who
		}
	}
}

// until waits until done says yes to the task, and gives it as it is then.
func until(ctx context.Context, h *store.Home, id string, deadline time.Time, done func(*view.Task) bool) (*view.Task, error) {
	tasks, err := watch.Until(ctx, h, []string{id}, deadline, done, false)
	if len(tasks) == 0 {
		return nil, err
	}
	return tasks[0], err
}

// decided tells whether a task is open for certain, or over and its id free again.
func decided(t *view.Task) bool { return !leaving(t) && !beingHealed(t) }

// leaving tells whether the task is over, and its supervisor about to go.
func leaving(t *view.Task) bool { return t.Terminal() && t.Supervised() && t.Leftovers == 0 }

// beingHealed tells whether someone holds the lock of a task that runs, by its
// records, and it is not the supervisor that wrote them: he finds out whether it
// does. He may find no room to write that down, so he is not waited for for ever.
func beingHealed(t *view.Task) bool {
	if !t.Open() || waiting(t) || !t.Supervised() || t.Current == nil || t.Current.Shim == nil {
		return false
	}
	presence, err := proc.Identity(*t.Current.Shim).Presence()
	return err == nil && presence != proc.Alive
}

// Same returns a *view.DiffersError unless the task was started as want says.
func Same(t *view.Task, want *record.Spec) error {
	if list := view.Differences(want, t.Spec); len(list) > 0 {
		return &view.DiffersError{ID: t.ID, Differences: list}
	}
	return nil
}
