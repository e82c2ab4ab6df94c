package heal

import (
	"fmt"
	"path/filepath"
	"strings"

	"bgtasks/lib/proc"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
)

// Hindrance is a process that holds the lock of a task and does not do what its
// supervisor should: that is stopped, or the process is somebody else's.
type Hindrance struct {
	ID       string
	PID      int
	Name     string // of its program
	Stranger bool   // no program of the suite
	Tracer   int    // who has stopped it by tracing it; 0 for a signal
	Lock     string // the path
}

func (h *Hindrance) Error() string { return fmt.Sprintf("task %q: %s", h.ID, h.Words()) }

// Words say who holds what, and in which state.
func (h *Hindrance) Words() string {
	switch {
	case h.Stranger:
		return fmt.Sprintf("its lock is held by process %d (%s), which is no supervisor", h.PID, h.Name)
	case h.Tracer != 0:
		return fmt.Sprintf("its supervisor, process %d, is stopped by process %d, which traces it", h.PID, h.Tracer)
	}
	return fmt.Sprintf("its supervisor, process %d, is stopped by a signal", h.PID)
}

// Hint is what can be done about it.
func (h *Hindrance) Hint() string {
	switch {
	case h.Stranger:
		return fmt.Sprintf("end process %d, or make it let go of %s", h.PID, h.Lock)
	case h.Tracer != 0:
		return fmt.Sprintf("let process %d go on; or kill -KILL %d, and the next command gives the task another supervisor", h.Tracer, h.PID)
	}
	return fmt.Sprintf("kill -CONT %d; or kill -KILL %d, and the next command gives the task another supervisor", h.PID, h.PID)
}

// HindranceOf tells who keeps a task from being ended, started anew or removed although
// its lock is held; nil if its supervisor goes on, or another command of the suite has the
// lock for a moment. One who is being traced is stopped again and again: only if this says
// the same some time later it is certain. To find a stranger takes a look at all processes.
func HindranceOf(h *store.Home, t *view.Task) *Hindrance {
	if !t.Supervised() {
		return nil
	}
	lock := filepath.Join(h.TaskDir(t.ID), store.LockFile)
	if t.Holder != nil && view.Supervises(*t.Holder) {
		return stoppedAt(&Hindrance{ID: t.ID, PID: t.Holder.PID, Lock: lock})
	}
	pid := store.LockHolder(h.TaskDir(t.ID))
	if pid == 0 {
		return nil
	}
	st, err := proc.ReadStat(pid)
	if err != nil {
		return nil
	}
	who := &Hindrance{ID: t.ID, PID: pid, Name: st.Comm, Lock: lock}
	if who.Stranger = !strings.HasPrefix(st.Comm, "bg-") && !strings.HasPrefix(st.Comm, "background-task"); who.Stranger {
		return who
	}
	return stoppedAt(who)
}

// stoppedAt is nil unless the process is stopped now.
func stoppedAt(h *Hindrance) *Hindrance {
	st, err := proc.ReadStat(h.PID)
	switch {
	case err != nil:
		return nil
	case st.State == 't':
		h.Tracer = proc.Tracer(h.PID)
	case st.State != 'T':
		return nil
	}
	h.Name = st.Comm
	return h
}
