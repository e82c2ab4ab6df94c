package control

import (
	"fmt"
	"os"
	"strconv"

	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
)

// InsideError says that a process of a run tried to restart the task. It would end with
// the run, before it could begin the next one.
type InsideError struct{ ID string }

func (e *InsideError) Error() string {
	return fmt.Sprintf("task %q can't be restarted from within itself: this process would end with it", e.ID)
}

// inside reports whether this process belongs to the current run of a task, so that a
// stop of the task would end it. A process of another task does not belong to it,
// wherever that task was started.
func inside(h *store.Home, t *view.Task) bool {
	if t.Terminal() && t.TreeGone() {
		return false
	}
	return marked(h, t) || inSession(t) || below(t)
}

// marked tells whether the environment says that we are of the task's run. The
// innermost task has the last word there.
func marked(h *store.Home, t *view.Task) bool {
	if t.Spec != nil && t.Spec.RunToken != "" {
		return os.Getenv(record.MarkToken) == t.Spec.RunToken
	}
	if os.Getenv(record.MarkTask) != t.ID || os.Getenv(record.MarkRun) != strconv.Itoa(t.Run) {
		return false
	}
	theirs, err1 := os.Stat(os.Getenv(record.MarkHome))
	ours, err2 := os.Stat(h.Path())
	return err1 == nil && err2 == nil && os.SameFile(theirs, ours)
}

// inSession tells whether we are in the session that the task's leader began.
func inSession(t *view.Task) bool {
	self, err := proc.ReadStat(os.Getpid())
	return err == nil && t.PID != 0 && self.SID == t.PID
}

// below tells whether we descend from the task's leader or supervisor with no other
// supervisor in between: what is below that one is of another task.
func below(t *view.Task) bool {
	for pid := os.Getppid(); pid > 1; {
		if pid == t.PID || pid == shimPID(t) {
			return true
		}
		st, err := proc.ReadStat(pid)
		if err != nil || st.Comm == record.ShimName {
			return false
		}
		pid = st.PPID
	}
	return false
}
