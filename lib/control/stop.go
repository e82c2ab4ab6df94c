package control

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"bgtasks/lib/proc"
	"bgtasks/lib/record"
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

// Stop ends a task, tree and all, and gives the task as it is then. A task that
// has ended already keeps its end; what is left of its tree is ended. The
// errors are *view.NotFoundError, *StopError, that of ctx, or what the store
// met.
func Stop(ctx context.Context, h *store.Home, id string, o StopOptions) (*view.Task, error) {
	t, err := view.Load(h, id)
	if err != nil {
		return nil, err
	}
	if gone(t) {
		return t, nil
	}
	if t.Unreadable != nil {
		return nil, &StopError{ID: id, Why: t.Unreadable.Error()}
	}
	stop, number, err := o.request(t)
	if err != nil {
		return nil, err
	}
	if err := post(h, t, stop); err != nil {
		return nil, err
	}
	message := stop.AppendMessage(nil, number)
	deadline := time.Now().Add(time.Duration(stop.GraceMs)*time.Millisecond + patience)
	return await(ctx, h, id, message, deadline)
}

// gone tells whether nothing of the task's tree is left.
func gone(t *view.Task) bool { return t.Terminal() && !t.Supervised() && t.Leftovers == 0 }

// lost tells whether something of the tree may live that nobody supervises.
func lost(t *view.Task) bool { return !t.Supervised() && !gone(t) }

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

// post writes stop.json, so that the stop is carried out even if the shim dies
// now. The first who asks is the one whom the record names.
func post(h *store.Home, t *view.Task, stop *record.Stop) error {
	if t.Terminal() || t.Stop != nil {
		return nil
	}
	path := filepath.Join(h.TaskDir(t.ID), store.StopFile)
	if err := store.Replace(path, append(stop.AppendJSON(nil), '\n')); err != nil {
		return fmt.Errorf("ask %q to stop: %w", t.ID, err)
	}
	return nil
}

// await rings the doorbell and waits until the tree is gone. The message is
// given again with each look that still finds nobody stopping: a shim that was
// only just starting, or one that took over from a dead one, has not heard it.
func await(ctx context.Context, h *store.Home, id string, message []byte, deadline time.Time) (*view.Task, error) {
	var failure error
	heard := 0 // pid of the shim that was told
	tasks, err := watch.Until(ctx, h, []string{id}, deadline, func(t *view.Task) bool {
		if gone(t) || failure != nil {
			return true
		}
		if lost(t) {
			failure = &StopError{ID: id, Why: "its supervisor is gone"}
			return true
		}
		if shim := shimPID(t); shim != 0 && shim != heard {
			switch err := store.Knock(h.TaskDir(id), message); {
			case err == nil:
				heard = shim
			case !errors.Is(err, store.ErrNoShim):
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

// shimPID is the pid of the shim that supervises the newest run, 0 while it
// has not recorded itself.
func shimPID(t *view.Task) int {
	if t.Current == nil || t.Current.Shim == nil || !t.Supervised() {
		return 0
	}
	return t.Current.Shim.PID
}

// left lists the processes below the shim, for a message.
func left(t *view.Task) (pids []int) {
	members, _ := proc.Descendants(shimPID(t))
	for _, m := range members {
		pids = append(pids, m.PID)
	}
	return pids
}
