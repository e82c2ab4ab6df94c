package watch

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
)

// ahead is the eye that is kept on a task that runs while others wait to be
// started: one for all of them, however many are waited for. If its supervisor ends
// in order it starts the next one, whose bell rings; if it is killed nobody would.
type ahead struct {
	fd     int // its exit descriptor, -1 for none
	owner  string
	looked map[proc.Identity]bool // those that were seen to be gone
}

// waits tells whether the task waits to be started, so that its own news depend on
// the ends of others.
func waits(t *view.Task) bool {
	return !t.Supervised() && (t.State == record.Queued || t.State == record.Retrying)
}

// mindAhead keeps an eye on one of those who hold what t may wait for. Those whose
// supervisors are gone are looked at, which heals them and lets the next one start;
// look is true then.
func (w *Watcher) mindAhead(t *view.Task) (look bool, err error) {
	if w.ahead.fd >= 0 {
		return false, nil
	}
	ids, err := w.home.Claims()
	if err != nil {
		return false, fmt.Errorf("wait for %q: %w", t.ID, err)
	}
	for _, id := range ids {
		holder := store.Holder(w.home.TaskDir(id))
		if holder == nil || id == t.ID {
			continue
		}
		p := proc.Identity(*holder)
		fd, err := proc.ExitFD(p)
		switch {
		case err == nil:
			w.ahead.fd, w.ahead.owner = fd, t.ID
			return look, nil
		case errors.Is(err, proc.ErrGone) && !w.ahead.looked[p]:
			w.ahead.looked[p], look = true, true
			_, _ = view.Load(w.home, id) // whatever is wrong with it, t is to be waited for
		case !errors.Is(err, proc.ErrGone):
			return look, nil
		}
	}
	return look, nil
}

// aheadOwner is the task to be looked at when that process ends.
func (w *Watcher) aheadOwner() string {
	if w.tasks[w.ahead.owner] == nil {
		for id := range w.tasks {
			w.ahead.owner = id
			break
		}
	}
	return w.ahead.owner
}

// dropAhead gives the descriptor up if its process has ended.
func (w *Watcher) dropAhead() {
	if w.ahead.fd < 0 {
		return
	}
	p := []unix.PollFd{{Fd: int32(w.ahead.fd), Events: unix.POLLIN}}
	if n, err := unix.Poll(p, 0); err == nil && n > 0 {
		w.releaseAhead()
	}
}

func (w *Watcher) releaseAhead() {
	if w.ahead.fd >= 0 {
		unix.Close(w.ahead.fd)
	}
	w.ahead.fd = -1
}
