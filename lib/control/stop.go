package control

import (
	"context"
	"errors"
	"fmt"
	"time"

	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/sched"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
	"bgtasks/lib/watch"
)

// StopOptions says how to end a task.
type StopOptions struct {
	Signal string        // the polite signal, "" for the task's own
	Grace  time.Duration // until KILL follows; negative for the task's own
	By     string        // who asks, for the record
	Reason string        // why, for the record; at most record.MaxStopReason bytes
	Cause  record.Reason // record.Stopped or record.Superseded
}

// patience is how long after the grace a tree may take to be gone: KILL can't
// be refused, but a process in an uninterruptible system call is late.
const patience = 15 * time.Second

// StopError says that a tree did not end in time, or has no supervisor that
// could end it.
type StopError struct {
	ID   string
	Why  string
	Left []int // processes that are still there, if known
}

func (e *StopError) Error() string {
	if len(e.Left) > 0 {
		return fmt.Sprintf("task %q was not stopped: %s, processes left: %v", e.ID, e.Why, e.Left)
	}
	return fmt.Sprintf("task %q was not stopped: %s", e.ID, e.Why)
}

// Stop ends a task, tree and all, and gives the task as it is then. One that waits
// to be started is not started any more. A task that has ended already keeps its
// end; what is left of its tree is ended. The errors are *view.NotFoundError,
// *StopError, that of ctx, or what the store met.
func Stop(ctx context.Context, h *store.Home, id string, o StopOptions) (*view.Task, error) {
	for {
		t, err := view.Load(h, id)
		if err != nil {
			return nil, err
		}
		if t.TreeGone() {
			forget(h, id)
			return t, nil
		}
		if t.Unreadable != nil {
			return nil, &StopError{ID: id, Why: t.Unreadable.Error()}
		}
		stop, number, err := o.request(t)
		if err != nil {
			return nil, err
		}
		cancelled, err := cancel(h, t, stop)
		if err != nil {
			return nil, err
		}
		if cancelled {
			_ = sched.Dispatch(h) // others may go on now; the task itself is over
			continue
		}
		deadline := time.Now().Add(time.Duration(stop.GraceMs)*time.Millisecond + patience)
		t, err = await(ctx, h, id, &request{stop: stop, number: number}, deadline)
		if err != nil || !waiting(t) {
			return t, err
		}
	}
}

// Cancel does what Stop does for a task that waits to be started, and nothing for any
// other. What may go on then is left to a sched.Dispatch: whoever stops many ends
// those that wait before he makes room for them.
func Cancel(h *store.Home, id string, o StopOptions) error {
	t, err := view.Load(h, id)
	if err != nil || t.Unreadable != nil {
		return err
	}
	stop, _, err := o.request(t)
	if err == nil {
		_, err = cancel(h, t, stop)
	}
	return err
}

func cancel(h *store.Home, t *view.Task, stop *record.Stop) (cancelled bool, err error) {
	if !waiting(t) {
		return false, nil
	}
	return sched.Cancel(h, t.ID, stop)
}

// waiting tells whether the task waits to be started.
func waiting(t *view.Task) bool { return t.State == record.Queued || t.State == record.Retrying }

// forget takes back a request that was left in stop.json when the run had just
// ended, by us or by one who was killed since. Nobody would act on it, so it
// does not matter if that fails. There is no lock to be had for it: one taken
// for nothing would for that moment look like a supervisor's.
func forget(h *store.Home, id string) { _ = store.RemoveStop(h.TaskDir(id)) }

// lost tells whether something of the tree may live that nobody supervises.
func lost(t *view.Task) bool { return !t.Supervised() && !t.TreeGone() }

// request fills in what the options leave to the task.
func (o *StopOptions) request(t *view.Task) (*record.Stop, int, error) {
	stop := &record.Stop{
		RequestedAt: time.Now(), By: o.By, Signal: o.Signal, GraceMs: o.Grace.Milliseconds(), Reason: o.Reason, Cause: o.Cause,
	}
	if o.Grace < 0 {
		stop.GraceMs = t.Spec.KillGraceMs
	}
	if stop.Signal == "" {
		stop.Signal = t.Spec.Signal
	}
	number, err := proc.ParseSignal(stop.Signal)
	if err != nil {
		return nil, 0, err
	}
	stop.Signal = proc.SignalName(number)
	return stop, int(number), nil
}

// request is a stop on its way to a shim.
type request struct {
	stop   *record.Stop
	number int // of its signal
	heard  int // pid of the shim that was told
}

// tell tells the task's shim, once. A shim that hears of a stop writes stop.json
// itself; for one that does not listen yet the stop is left there, unless the run is
// over.
func (r *request) tell(h *store.Home, t *view.Task) (err error) {
	shim, heard := shimPID(t), true
	switch {
	case shim != 0 && shim == r.heard:
		return nil
	case t.Terminal():
		err = store.Knock(h.TaskDir(t.ID), r.stop.AppendMessage(nil, r.number))
	default:
		heard, err = store.AskToStop(h.TaskDir(t.ID), r.stop, r.number)
	}
	if errors.Is(err, store.ErrNoShim) {
		return nil
	}
	if err == nil && heard {
		r.heard = shim
	}
	return err
}

// await tells the shim and waits until the tree is gone. With each look that
// finds another shim, that one is told.
func await(ctx context.Context, h *store.Home, id string, r *request, deadline time.Time) (*view.Task, error) {
	var failure error
	tasks, err := watch.Until(ctx, h, []string{id}, deadline, func(t *view.Task) bool {
		switch {
		case t.TreeGone():
			forget(h, id)
			return true
		case waiting(t) && !t.Supervised():
			return true // it was put back: nobody is there to be told
		case lost(t):
			failure = &StopError{ID: id, Why: "its supervisor is gone, and no other could take over"}
		default:
			if err := r.tell(h, t); err != nil {
				failure = fmt.Errorf("ask %q to stop: %w", id, err)
			}
		}
		return failure != nil
	}, false)
	switch {
	case errors.Is(err, watch.ErrTimeout):
		return nil, &StopError{ID: id, Why: "its processes do not end", Left: left(tasks[0])}
	case err != nil:
		return nil, err
	}
	return tasks[0], failure
}

// shimPID is the pid of the shim that supervises the task now, 0 while it has
// not said so.
func shimPID(t *view.Task) int {
	if t.Holder == nil || !t.Supervised() {
		return 0
	}
	return t.Holder.PID
}

// left lists the processes below the shim, for a message.
func left(t *view.Task) (pids []int) {
	members, _ := proc.Descendants(shimPID(t))
	for _, m := range members {
		pids = append(pids, m.PID)
	}
	return pids
}
