package watch

import (
	"context"
	"slices"
	"time"

	"bgtasks/lib/heal"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
)

// Until blocks until done returns true for every task of ids, or for one of them if any
// is set. It returns all tasks, in the order of ids, as they were last seen. done is
// called for each task after the subscription, and then after each change, until it
// has returned true for the task.
//
// The error is ErrTimeout at the deadline (the zero time: no deadline), that of ctx when
// it is done, *view.NotFoundError if a task does not exist, was removed or replaced,
// store.ErrMoved, *store.AwayError if it would have to wait in a home of another host,
// or an error of reading. The tasks are returned with the first two.
func Until(ctx context.Context, h *store.Home, ids []string, deadline time.Time,
	done func(*view.Task) bool, any bool) ([]*view.Task, error) {
	w, err := New(h)
	if err != nil {
		return nil, err
	}
	defer w.Close()
	u := newUntil(w, h, done)
	for _, id := range ids {
		if err := u.begin(id); err != nil {
			return nil, err
		}
	}
	for !u.enough(any) {
		woken, err := u.w.Wait(ctx, deadline)
		if err != nil {
			return u.tasks(ids), err
		}
		for _, id := range woken {
			if err := u.look(id); err != nil {
				return nil, err
			}
		}
	}
	return u.tasks(ids), nil
}

// until is the state of one call of Until.
type until struct {
	w       *Watcher
	home    *store.Home
	done    func(*view.Task) bool
	seen    map[string]*view.Task
	pending map[string]bool
}

func newUntil(w *Watcher, h *store.Home, done func(*view.Task) bool) *until {
	return &until{w: w, home: h, done: done, seen: map[string]*view.Task{}, pending: map[string]bool{}}
}

// Each waits for all of ids as Until does, but returns an error for each task, so that an
// error about one does not affect the others. A task for which done has not returned true
// at the end of the wait gets ErrTimeout or the error of ctx.
func Each(ctx context.Context, h *store.Home, ids []string, deadline time.Time, done func(*view.Task) bool) ([]*view.Task, []error) {
	w, err := New(h)
	if err != nil {
		return make([]*view.Task, len(ids)), slices.Repeat([]error{err}, len(ids))
	}
	defer w.Close()
	u, faults := newUntil(w, h, done), map[string]error{}
	note := func(id string, err error) {
		if err != nil {
			faults[id] = err
			delete(u.pending, id)
			w.Remove(id)
		}
	}
	for _, id := range ids {
		note(id, u.begin(id))
	}
	for err == nil && len(u.pending) > 0 {
		var woken []string
		woken, err = w.Wait(ctx, deadline)
		for _, id := range woken {
			note(id, u.look(id))
		}
	}
	for id := range u.pending {
		faults[id] = err
	}
	errs := make([]error, len(ids))
	for i, id := range ids {
		errs[i] = faults[id]
	}
	return u.tasks(ids), errs
}

func (u *until) begin(id string) error {
	if u.seen[id] != nil {
		return nil
	}
	if err := u.w.Add(id, false); err != nil {
		return err
	}
	u.pending[id] = true
	return u.look(id)
}

// look reads the task, again if the process that would bring the next news has
// ended in between: reading heals.
func (u *until) look(id string) error {
	for again := u.pending[id]; again; {
		if err := u.home.Moved(); err != nil {
			return err
		}
		t, err := heal.Load(u.home, id)
		if err != nil {
			return err
		}
		u.seen[id] = t
		if u.done(t) {
			delete(u.pending, id)
			u.w.Remove(id)
			return nil
		}
		if again, err = u.w.Mind(t); err != nil {
			return err
		}
	}
	return nil
}

func (u *until) enough(any bool) bool {
	return len(u.pending) == 0 || any && len(u.pending) < len(u.seen)
}

func (u *until) tasks(ids []string) []*view.Task {
	list := make([]*view.Task, 0, len(ids))
	for _, id := range ids {
		list = append(list, u.seen[id])
	}
	return list
}
