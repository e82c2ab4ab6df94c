package control

import (
	"context"
	"errors"
	"fmt"
	"time"

	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
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

// StopError says that a tree did not end in time, has no supervisor that could end
// it, or has only processes left that its supervisor may not signal.
type StopError struct {
	ID      string
	Why     string
	Left    []int     // processes that are still there, if known
	Refused []Refused // all that is left, and may not be signalled
	Hint    string    // what to do about it, if that is known
}

func (e *StopError) Error() string {
	if len(e.Left) > 0 {
		return fmt.Sprintf("task %q was not stopped: %s, processes left: %v", e.ID, e.Why, e.Left)
	}
	return fmt.Sprintf("task %q was not stopped: %s", e.ID, e.Why)
}

// Stop ends a task with its whole tree, and returns the task as it is then. A waiting
// task is never started. A task that has already ended keeps its recorded end; the
// remaining processes of its tree are ended. The errors are *view.NotFoundError,
// *StopError, that of ctx, or an error of the store.
func Stop(ctx context.Context, h *store.Home, id string, o StopOptions) (t *view.Task, err error) {
	StopAll(ctx, h, []Wanted{{id, o}}, 1, func(_ int, now *view.Task, failure error) { t, err = now, failure })
	return t, err
}

// unsupervised tells whether a task whose records can't be read has no supervisor.
func unsupervised(t *view.Task) bool { return t.Unreadable != nil && !t.Supervised() }

// abandoned is a *StopError unless nothing lives of a task whose records can't be read
// and that has no supervisor: reading it would have given it one.
func abandoned(t *view.Task) error {
	switch {
	case t.Unhealed != nil:
		return &StopError{ID: t.ID, Why: t.Unhealed.Error()}
	case waiting(t):
		return &StopError{ID: t.ID, Why: t.Unreadable.Error()}
	}
	return nil
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

// request fills in what the options leave to the task of this spec.
func (o *StopOptions) request(spec *record.Spec) (*record.Stop, int, error) {
	stop := &record.Stop{
		RequestedAt: time.Now(), By: o.By, Signal: o.Signal, GraceMs: o.Grace.Milliseconds(), Reason: o.Reason, Cause: o.Cause,
	}
	if spec == nil && (o.Grace < 0 || o.Signal == "") {
		return o.unspecific(stop)
	}
	if o.Grace < 0 {
		stop.GraceMs = spec.KillGraceMs
	}
	if stop.Signal == "" {
		stop.Signal = spec.Signal
	}
	number, err := proc.ParseSignal(stop.Signal)
	if err != nil {
		return nil, 0, err
	}
	stop.Signal = proc.SignalName(number)
	return stop, int(number), nil
}

// unspecific is a request that leaves to the supervisor what only the spec tells, which
// can't be read: no number stands for the task's own signal, and a negative grace for its
// own.
func (o *StopOptions) unspecific(stop *record.Stop) (*record.Stop, int, error) {
	if o.Grace < 0 {
		stop.GraceMs = -1
	}
	if o.Signal == "" {
		return stop, 0, nil
	}
	number, err := proc.ParseSignal(o.Signal)
	if err == nil {
		stop.Signal = proc.SignalName(number)
	}
	return stop, int(number), err
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

// unattended says why a tree without a supervisor can't be ended.
func unattended(t *view.Task) *StopError {
	e := &StopError{ID: t.ID, Why: "its supervisor is gone, and no other could take over"}
	if t.Unknown != "" {
		e.Why = "its supervisor is gone, and whether it lives cannot be known from here: " + t.Unknown
	}
	return e
}

// shimPID is the pid of the shim that supervises the task now, 0 while it has
// not said so.
func shimPID(t *view.Task) int {
	if t.Holder == nil || !t.Supervised() {
		return 0
	}
	return t.Holder.PID
}

// left lists the processes of the tree that live, for a message.
func left(h *store.Home, t *view.Task) (pids []int) {
	for _, m := range survivors(h, t) {
		pids = append(pids, m.PID)
	}
	return pids
}

// survivors looks for the processes of the tree that live: below its shim, and where an
// adopter finds them.
func survivors(h *store.Home, t *view.Task) (live []proc.Member) {
	if elsewhere(t) {
		return nil
	}
	members, _ := proc.Descendants(shimPID(t))
	for _, m := range members {
		if !m.Zombie {
			live = append(live, m)
		}
	}
	if now := t.Current; len(live) == 0 && now != nil && now.Leader != nil {
		marks := record.Marks(tokenOf(t), t.ID, now.Run, h.Path())
		live, _ = proc.KinOf(proc.Identity(*now.Leader), marks, nil).Live()
	}
	return live
}

// elsewhere tells whether the shim, or the leader, is of another namespace: its pid, and
// those of its tree, are others' here.
func elsewhere(t *view.Task) bool {
	if now := t.Current; now != nil && now.Leader != nil && proc.Identity(*now.Leader).Elsewhere() {
		return true
	}
	return t.Holder != nil && proc.Identity(*t.Holder).Elsewhere()
}

// tokenOf is the token of the task's run, "" if the spec can't be read.
func tokenOf(t *view.Task) string {
	if t.Spec == nil {
		return ""
	}
	return t.Spec.RunToken
}
