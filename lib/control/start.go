package control

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"bgtasks/lib/launch"
	"bgtasks/lib/proc"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
	"bgtasks/lib/watch"
)

// Start runs a new task as launch.Start does. If its id is taken by a task
// that nobody supervises any more, that one's end is settled first, so that it
// can be replaced. The numbers of its runs go on, so that an id and a run stand
// for one run for ever, in the journal too.
func Start(h *store.Home, r *launch.Request) (*view.Task, error) {
	if r.Spec.ID != "" && h.Exists(r.Spec.ID) {
		old, err := view.Load(h, r.Spec.ID)
		if err != nil {
			return nil, err
		}
		if old.Supervised() && (!old.Terminal() || old.Leftovers > 0) {
			return nil, &launch.ExistsError{ID: r.Spec.ID}
		}
		r.Spec.FirstRun = old.Run + 1
	}
	if err := launch.Start(h, r); err != nil {
		return nil, err
	}
	return view.Load(h, r.Spec.ID)
}

// RestartOptions says how to run a task again.
type RestartOptions struct {
	Stop  StopOptions // how the run that is under way is ended
	Env   []string    // the caller's environment, K=V
	Set   []string    // values for variables that were set for this task, K=V
	Umask int
}

// EnvUnknownError says that a task was started with variables of its own whose
// values nobody knows any more: they are in no record (P11).
type EnvUnknownError struct {
	ID    string
	Names []string
}

func (e *EnvUnknownError) Error() string {
	return fmt.Sprintf("task %q was started with values for %s, which are kept in no record", e.ID, strings.Join(e.Names, ", "))
}

// Restart ends the task's run if one is under way, and begins the next one.
// The errors are those of Stop and of launch.Restart, and *EnvUnknownError,
// with which nothing was stopped.
func Restart(ctx context.Context, h *store.Home, id string, o RestartOptions) (*view.Task, error) {
	t, err := view.Load(h, id)
	if err != nil {
		return nil, err
	}
	if t.Unreadable != nil {
		return nil, t.Unreadable
	}
	env, err := o.environment(t)
	if err != nil {
		return nil, err
	}
	if t, err = Stop(ctx, h, id, o.Stop); err != nil {
		return nil, err
	}
	held, err := launch.LockEnded(h, id)
	if err != nil {
		return nil, err
	}
	return run(h, held, t, &launch.Request{Env: env, Umask: o.Umask}, names(o.Set))
}

// run begins the next run under the lock. Someone may have begun one between
// our stop and our lock, and ended it: the spec is read again.
func run(h *store.Home, held *store.Lock, t *view.Task, r *launch.Request, added []string) (*view.Task, error) {
	now, err := view.Load(h, t.ID)
	if err != nil {
		return nil, errors.Join(err, held.Unlock())
	}
	if now.Spec == nil || now.Spec.Run != t.Spec.Run {
		return nil, errors.Join(&launch.ExistsError{ID: t.ID}, held.Unlock())
	}
	r.Spec = *now.Spec
	for _, name := range added {
		if !slices.Contains(r.Spec.EnvNames, name) {
			r.Spec.EnvNames = append(slices.Clip(r.Spec.EnvNames), name)
		}
	}
	if err := launch.Restart(h, held, r); err != nil {
		return nil, err
	}
	return view.Load(h, t.ID)
}

// environment composes the environment of the next run: the caller's, the
// task's own variables as its living leader has them, and those given anew.
func (o *RestartOptions) environment(t *view.Task) ([]string, error) {
	missing := slices.DeleteFunc(slices.Clone(t.Spec.EnvNames), func(name string) bool {
		return slices.Contains(names(o.Set), name)
	})
	env := slices.Clone(o.Env)
	if len(missing) > 0 {
		values, err := living(t, missing)
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

// Wait blocks until every one of the tasks has ended, or any of them, and gives
// them as they are then. The errors are those of watch.Until.
func Wait(ctx context.Context, h *store.Home, ids []string, any bool, deadline time.Time) ([]*view.Task, error) {
	return watch.Until(ctx, h, ids, deadline, func(t *view.Task) bool { return t.Terminal() || t.Unreadable != nil }, any)
}
