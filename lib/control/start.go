package control

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"bgtasks/lib/heal"
	"bgtasks/lib/launch"
	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/sched"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
	"bgtasks/lib/watch"
)

// UnsettledError says that a run is over, but its end can't be recorded and
// journalled, so no other run may follow.
type UnsettledError struct {
	ID  string
	Err error
}

func (e *UnsettledError) Error() string {
	return fmt.Sprintf("the end of the earlier run of %q could not be recorded: %v", e.ID, e.Err)
}

func (e *UnsettledError) Unwrap() error { return e.Err }

// settled is an *UnsettledError unless all is done that follows from the end of
// the task's run, or its supervisor is about to do it.
func settled(h *store.Home, t *view.Task) error {
	err := t.Unhealed
	if t.Supervised() && t.TreeGone() {
		_, err = h.JournalEnd() // the supervisor waits for the journal, too
	}
	if err != nil {
		return &UnsettledError{t.ID, err}
	}
	return nil
}

// judged looks at a task whose supervisor ended before it reported: what can be known
// of it is recorded and told at once, to those who follow it too.
func judged(h *store.Home, id string, err error) error {
	if errors.Is(err, record.ErrReport) {
		_, _ = heal.Load(h, id) // the next look does what this one can't
	}
	return err
}

// RestartOptions says how to run a task again.
type RestartOptions struct {
	Stop  StopOptions // how the run that is under way is ended
	Env   []string    // the caller's environment, K=V
	Set   []string    // values for variables that were set for this task, K=V
	Umask int
}

// EnvUnknownError says that the values of the task's own variables are unknown, because
// they are in no record (P11).
type EnvUnknownError struct {
	ID    string
	Names []string
}

func (e *EnvUnknownError) Error() string {
	return fmt.Sprintf("task %q was started with values for %s, which are kept in no record", e.ID, strings.Join(e.Names, ", "))
}

// RestartError says that a task's run was ended for the next one, but the next one
// could not begin.
type RestartError struct {
	ID  string
	Err error
}

func (e *RestartError) Error() string {
	return fmt.Sprintf("task %q was ended, and could not be started again: %v", e.ID, e.Err)
}

func (e *RestartError) Unwrap() error { return e.Err }

// Restart ends the current run of the task, if there is one, and begins the next run.
// If the task went through the scheduler, the next run does so again, and ends the tasks
// that it supersedes.
//
// If Restart sees beforehand that the next run can't begin, it stops nothing: the errors
// are then *EnvUnknownError, *InsideError, *launch.SpawnError, *sched.KeyTakenError and
// *sched.ClosedError. If the obstacle shows only after a run was ended, the error is a
// *RestartError. The other errors are those of Stop, and *UnsettledError.
func Restart(ctx context.Context, h *store.Home, id string, o RestartOptions) (*view.Task, error) {
	t, err := heal.Load(h, id)
	if err != nil {
		return nil, err
	}
	if t.Unreadable != nil {
		return nil, t.Unreadable
	}
	if inside(h, t) {
		return nil, &InsideError{id}
	}
	env, err := o.environment(h, t)
	if err != nil {
		return nil, err
	}
	if err := o.ready(ctx, h, t, env); err != nil {
		return nil, err
	}
	open := t.Open()
	if t, err = Stop(ctx, h, id, o.Stop); err != nil {
		return nil, err
	}
	next, err := o.begin(ctx, h, t, env)
	var taken *launch.ExistsError // another restart was quicker
	if err != nil && open && !errors.As(err, &taken) {
		err = &RestartError{id, err}
	}
	return next, err
}

// ready tells why the next run of a task could not begin, as far as that can be seen
// before the one that is under way is ended.
func (o *RestartOptions) ready(ctx context.Context, h *store.Home, t *view.Task, env []string) error {
	if err := launch.Ready(t.Spec, env); err != nil {
		return err
	}
	for {
		err := sched.Requeueable(h, t.Spec)
		if err == nil || !freed(ctx, h, err) {
			return err
		}
	}
}

// begin begins the next run of a task that has ended.
func (o *RestartOptions) begin(ctx context.Context, h *store.Home, t *view.Task, env []string) (*view.Task, error) {
	if err := settled(h, t); err != nil {
		return nil, err
	}
	for {
		id := t.ID
		held, err := launch.LockEnded(h, id)
		if err != nil {
			return nil, err
		}
		now, err := run(h, held, t, &launch.Request{Env: env, Umask: o.Umask}, names(o.Set))
		if err == nil || !freed(ctx, h, err) {
			return now, err
		}
	}
}

// freed tells whether the error is about a key of a task that is over, which its
// records did not say until it was healed.
func freed(ctx context.Context, h *store.Home, err error) bool {
	var taken *sched.KeyTakenError
	if !errors.As(err, &taken) {
		return false
	}
	holder, err := settle(ctx, h, taken.Holder)
	return err == nil && (holder == nil || !holder.Open())
}

// run begins the next run under the lock. Someone may have begun one between
// our stop and our lock, and ended it: the spec is read again.
func run(h *store.Home, held *store.Lock, t *view.Task, r *launch.Request, added []string) (*view.Task, error) {
	now, err := heal.Load(h, t.ID)
	if err != nil {
		return nil, errors.Join(err, store.GiveBack(h.TaskDir(t.ID), held))
	}
	if now.Spec == nil || t.Spec == nil {
		return nil, errors.Join(t.Unreadable, now.Unreadable, store.GiveBack(h.TaskDir(t.ID), held))
	}
	if now.Spec.Run != t.Spec.Run || now.Spec.RunToken != t.Spec.RunToken {
		return nil, errors.Join(&launch.ExistsError{ID: t.ID}, launch.Missed(h, t.ID, held))
	}
	// Those who wait for the run that is over are decided by it, not by the next.
	if err := sched.Settle(h, t.ID); err != nil {
		return nil, errors.Join(err, store.GiveBack(h.TaskDir(t.ID), held))
	}
	r.Spec = *now.Spec
	for _, name := range added {
		if !slices.Contains(r.Spec.EnvNames, name) {
			r.Spec.EnvNames = append(slices.Clip(r.Spec.EnvNames), name)
		}
	}
	r.Last = now.Current
	again := launch.Restart
	if sched.Wanted(h, &sched.Request{Request: *r}) {
		again = sched.Requeue
	}
	if err := again(h, held, r); err != nil {
		return nil, judged(h, t.ID, err)
	}
	return heal.Load(h, t.ID)
}

// environment composes the environment of the next run: the caller's, the
// task's own variables as its living leader has them, and those given anew.
func (o *RestartOptions) environment(h *store.Home, t *view.Task) ([]string, error) {
	missing := slices.DeleteFunc(slices.Clone(t.Spec.EnvNames), func(name string) bool {
		return slices.Contains(names(o.Set), name) || record.IsMark(name) // an older version took these, too
	})
	env := slices.Clone(o.Env)
	if len(missing) > 0 {
		values, err := kept(h, t, missing)
		if err != nil {
			return nil, &EnvUnknownError{t.ID, missing}
		}
		for _, name := range missing {
			if value, known := values[name]; known {
				env = append(env, name+"="+value)
			}
		}
	}
	return append(env, o.Set...), nil
}

// kept gives values of the task's own variables: from the file that keeps them, if
// the task has one. Else a task that waits has them in a file too, and of one that
// runs the leader is asked.
func kept(h *store.Home, t *view.Task, names []string) (map[string]string, error) {
	if t.Spec.KeepEnv {
		env, err := store.KeptEnv(h.TaskDir(t.ID))
		if values := pick(env, names); err == nil && len(values) == len(names) {
			return values, nil
		}
	}
	if !waiting(t) {
		return living(t, names)
	}
	env, err := store.ReadEnv(h.TaskDir(t.ID))
	return pick(env, names), err
}

func pick(env, names []string) map[string]string {
	values := map[string]string{}
	for _, kv := range env {
		if name, value, _ := strings.Cut(kv, "="); slices.Contains(names, name) {
			values[name] = value
		}
	}
	return values
}

// living asks the leader of the run under way for its environment.
func living(t *view.Task, names []string) (map[string]string, error) {
	if t.Current == nil || t.Current.Leader == nil || t.Terminal() {
		return nil, proc.ErrGone
	}
	return proc.ReadEnviron(proc.Identity(*t.Current.Leader), names)
}

func names(env []string) []string {
	list := make([]string, len(env))
	for i, kv := range env {
		list[i], _, _ = strings.Cut(kv, "=")
	}
	return list
}

// Wait blocks until all tasks have ended, or with any until one has, and returns their
// state at that time. The errors are those of watch.Until.
func Wait(ctx context.Context, h *store.Home, ids []string, any bool, deadline time.Time) ([]*view.Task, error) {
	return watch.Until(ctx, h, ids, deadline, func(t *view.Task) bool { return t.Terminal() || t.Unreadable != nil && !t.Supervised() }, any)
}
