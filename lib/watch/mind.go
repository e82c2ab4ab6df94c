package watch

import (
	"errors"
	"fmt"

	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/view"
)

// Mind watches the process of a task whose end rings no bell; t is the task as the
// caller just saw it. If that process has ended since, look is true, and the caller must
// look again, which heals, before it sleeps. For a task that is over, Mind watches only
// a shim that stays with leftovers. A kernel without pidfds (before 5.3) can't watch
// processes, so only bells wake.
//
// For a waiting task, Wait watches what it waits for while it sleeps. If no process can
// be watched, the task is checked again after a while.
//
// If the task was queued or without a supervisor when the caller began to follow its log,
// Mind tells its shim that there is a listener.
func (w *Watcher) Mind(t *view.Task) (look bool, err error) {
	s := w.tasks[t.ID]
	if s == nil {
		return false, nil
	}
	if err := w.tell(s, t); err != nil {
		return false, err
	}
	w.ahead.mind(t)
	if waits(t) && !t.Supervised() {
		s.release()
		return false, nil
	}
	for _, p := range keepers(t) {
		if p == s.watched && s.exit >= 0 {
			return false, nil
		}
		if s.gone[p] {
			// Whoever heals or restarts the task holds its lock, and will ring. There
			// is a descriptor even of one that nobody reaps: it would fire for ever.
			continue
		}
		fd, err := exitFD(p)
		switch {
		case err == nil:
			s.release()
			s.watched, s.exit = p, fd
			w.exits[t.ID] = s
			return false, nil
		case errors.Is(err, proc.ErrUnsupported):
			return false, nil
		case errors.Is(err, proc.ErrElsewhere), outOfFDs(err):
			continue // nobody tells us of its end: the task is looked at again after a while
		case !errors.Is(err, proc.ErrGone):
			return false, fmt.Errorf("wait for %q: %w", t.ID, err)
		}
		s.gone[p] = true
		return true, nil
	}
	s.release()
	if t.Open() || t.Supervised() {
		w.ahead.waiting[t.ID] = true
	}
	return false, nil
}

// waits tells whether the task waits to be started.
func waits(t *view.Task) bool { return t.State == record.Queued || t.State == record.Retrying }

// tell announces the listener to a shim that has not heard of it.
func (w *Watcher) tell(s *subscription, t *view.Task) error {
	if !s.logs || !t.Supervised() || t.Holder == nil || proc.Identity(*t.Holder) == s.told {
		return nil
	}
	s.told = proc.Identity(*t.Holder)
	return w.announce(t.ID, true)
}

// keepers are the processes that the next news of a task depends on, the first
// that lives counts: its shim; the leader, if that was left behind by a lost
// shim. Before the shim's first record it is the starter, who takes back what
// he could not start.
func keepers(t *view.Task) []proc.Identity {
	if t.Unreadable != nil && t.Holder != nil {
		return []proc.Identity{proc.Identity(*t.Holder)}
	}
	if t.Unreadable != nil {
		return nil
	}
	if t.Current == nil {
		return []proc.Identity{proc.Identity(t.Spec.StartedBy)}
	}
	var list []proc.Identity
	if t.Supervised() && t.Holder != nil {
		list = append(list, proc.Identity(*t.Holder))
	}
	if t.Supervised() && t.Current.Shim != nil {
		list = append(list, proc.Identity(*t.Current.Shim))
	}
	if t.Open() && t.Current.Leader != nil {
		list = append(list, proc.Identity(*t.Current.Leader))
	}
	return list
}
