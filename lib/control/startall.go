package control

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"bgtasks/lib/heal"
	"bgtasks/lib/launch"
	"bgtasks/lib/pool"
	"bgtasks/lib/record"
	"bgtasks/lib/sched"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
)

// StartAll starts tasks, or makes them wait. Tasks that need no scheduler come first, up
// to atOnce at a time; then the others together, because they may depend on them.
//
// It calls tell once for each request, up to atOnce calls at a time, with the request's
// place and result, as soon as the result is known. StartAll does not use the request
// after that. If ctx ends, requests that have not begun are not started. The errors in
// the results are *launch.ExistsError, *launch.SpawnError, *view.DiffersError,
// *UnsettledError, *LivingError, those of sched.Enqueue and that of ctx.
func StartAll(ctx context.Context, h *store.Home, requests []*sched.Request, atOnce int, tell func(i int, r *sched.Result)) {
	results := make([]sched.Result, len(requests))
	var direct, scheduled []int
	for i, r := range requests {
		if sched.Wanted(h, r) {
			scheduled = append(scheduled, i)
		} else {
			direct = append(direct, i)
		}
	}
	pool.Each(len(direct), atOnce, func(n int) {
		i := direct[n]
		start(ctx, h, requests[i], &results[i])
		tell(i, &results[i])
	})
	enqueue(ctx, h, requests, slices.Clone(scheduled), results)
	pool.Each(len(scheduled), atOnce, func(n int) { tell(scheduled[n], &results[scheduled[n]]) })
}

// start starts a task directly, until there is an answer that holds.
func start(ctx context.Context, h *store.Home, r *sched.Request, result *sched.Result) {
	for answer := false; !answer; answer = answered(ctx, h, r, result) {
		err := makeWay(ctx, h, &r.Request)
		if err == nil {
			err = judged(h, r.Spec.ID, launch.Start(h, &r.Request))
		}
		if err != nil {
			*result = sched.Result{Err: err}
		} else {
			*result = sched.Result{ID: r.Spec.ID, Disposition: sched.Created, Started: &r.Spec}
		}
	}
}

// enqueue hands the requests at these indexes to the scheduler, until each has an
// answer that holds.
func enqueue(ctx context.Context, h *store.Home, requests []*sched.Request, indexes []int, results []sched.Result) {
	for len(indexes) > 0 {
		offer(ctx, h, requests, indexes, results)
		indexes = slices.DeleteFunc(indexes, func(i int) bool { return answered(ctx, h, requests[i], &results[i]) })
	}
}

// offer hands the requests to the scheduler once, but for those whose ids are taken.
func offer(ctx context.Context, h *store.Home, requests []*sched.Request, indexes []int, results []sched.Result) {
	var accepted []*sched.Request
	var at []int
	for _, i := range indexes {
		if err := makeWay(ctx, h, &requests[i].Request); err != nil {
			results[i] = sched.Result{Err: err}
			continue
		}
		accepted, at = append(accepted, requests[i]), append(at, i)
	}
	if len(accepted) > 0 {
		answers, err := sched.Enqueue(h, accepted)
		for n, i := range at {
			if results[i] = (sched.Result{Err: err}); err == nil {
				results[i] = answers[n]
			}
		}
	}
}

// answered tells whether a result holds. It does not if the task that is the answer was
// over already, because its supervisor was killed, if one whose id is ensured has just
// ended, or if there was another run in between: the request is to be made again then.
// A task whose id is ensured, and that is open, or of which something lives on, is the
// answer.
func answered(ctx context.Context, h *store.Home, r *sched.Request, result *sched.Result) bool {
	var taken *launch.ExistsError
	id := result.ID
	switch {
	case errors.Is(result.Err, launch.ErrMoved):
		return false
	case result.Doubtful:
	case r.Ensure && errors.As(result.Err, &taken):
		id = taken.ID
	default:
		return true
	}
	t, err := settle(ctx, h, id)
	switch {
	case err != nil:
		*result = sched.Result{Err: err}
	case t == nil:
		return false
	case (t.Open() || t.Leftovers > 0) && taken != nil:
		*result = sched.Result{ID: id, Disposition: sched.Reused, Err: Same(t, r.Asked())}
	case !t.Open():
		return t.Leftovers > 0 // what outlived it counts as the task
	}
	return true
}

// LivingError says that a task with unreadable records has processes and no supervisor.
type LivingError struct {
	ID   string
	PIDs []int
}

func (e *LivingError) Error() string {
	return fmt.Sprintf("task %q can't be read, and processes of it live: %v", e.ID, e.PIDs)
}

// giveUp makes a task whose records are broken one that can be replaced: nobody
// supervises it, and nobody can heal it, so its run counts as over. The error is
// *launch.ExistsError if another start was quicker, and *LivingError if a process of
// it lives all the same.
func giveUp(h *store.Home, old *view.Task) error {
	id := old.ID
	if pids := view.Living(h, id); len(pids) > 0 {
		return &LivingError{id, pids}
	}
	held, err := launch.LockEnded(h, id)
	if err != nil {
		return err
	}
	t, err := heal.Load(h, id)
	switch {
	case err != nil:
	case t.Unreadable == nil:
		err = &launch.ExistsError{ID: id}
	default:
		err = h.UnmarkLive(id)
	}
	return errors.Join(err, store.GiveBack(h.TaskDir(id), held))
}

// idTaken says that the id is taken, and who keeps that task from being ended, if anyone.
func idTaken(h *store.Home, old *view.Task) error {
	e := &launch.ExistsError{ID: old.ID}
	if who := heal.HindranceOf(h, old); who != nil {
		e.Note, e.Hint = who.Words(), who.Hint()
	}
	return e
}

// makeWay settles the end of the task that has the id of a request, so that it can
// be replaced. The numbers of its runs go on, so that an id and a run stand for one
// run for ever, in the journal too. The errors are *launch.ExistsError,
// *LivingError, *UnsettledError and that of ctx.
func makeWay(ctx context.Context, h *store.Home, r *launch.Request) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	r.Spec.FirstRun, r.Replaces, r.Removed = 0, nil, nil
	if r.Spec.ID == "" || !h.Exists(r.Spec.ID) {
		return nil
	}
	// Before the look: what begins after this is noticed.
	spec := launch.SpecAt(h, r.Spec.ID)
	old, err := heal.Load(h, r.Spec.ID)
	if missing := (*view.NotFoundError)(nil); errors.As(err, &missing) {
		return nil
	}
	if err != nil {
		return err
	}
	if waiting(old) || old.Supervised() && (!old.Terminal() || old.Leftovers > 0) {
		return idTaken(h, old)
	}
	if old.Unreadable != nil {
		if err := giveUp(h, old); err != nil {
			return err
		}
	}
	if leaving(old) {
		if old, err = settle(ctx, h, old.ID); err != nil || old == nil {
			return err
		}
		if old.Open() {
			return &launch.ExistsError{ID: old.ID}
		}
	}
	if err := errors.Join(settled(h, old), sched.Settle(h, old.ID)); err != nil {
		return err
	}
	r.Spec.FirstRun = old.Run + 1
	r.Replaces = spec
	r.Removed = record.RemovedEvent(old.ID, old.Spec, old.Current, time.Now())
	return nil
}
