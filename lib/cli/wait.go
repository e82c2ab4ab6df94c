package cli

import (
	"errors"
	"time"

	"bgtasks/lib/record"
	"bgtasks/lib/view"
	"bgtasks/lib/watch"
)

// TaskData is what JSON mode tells about one task.
type TaskData struct {
	TaskID string     `json:"task_id"`
	Status string     `json:"status"`
	State  string     `json:"state"`
	Task   *view.Task `json:"task"`

	NotFound []string `json:"not_found,omitempty"` // words of the command line

	*Verdict // nil unless the end was waited for
}

// NewTaskData is the data about a task.
func NewTaskData(t *view.Task) *TaskData {
	return &TaskData{TaskID: t.ID, Status: string(t.Status), State: string(t.State), Task: t}
}

// NewEndData is the data about a task whose end was waited for.
func NewEndData(c *Call, t *view.Task) *TaskData {
	d := NewTaskData(t)
	d.Verdict = NewVerdict(c, t)
	return d
}

// Over tells that there is nothing to wait for: the task has ended, or its
// records can't be read.
func Over(t *view.Task) bool { return !t.Open() }

// Deadline is when a wait that begins now has to give up; the zero time is
// never.
func (o *Options) Deadline() time.Time {
	if o.Timeout < 0 {
		return time.Time{}
	}
	return time.Now().Add(o.Timeout)
}

// Await waits until a task is over, for as long as the options say. The error
// of a time that is up is a TaskWaitTimedOut.
func Await(c *Call, id string) (*view.Task, error) {
	h, err := Reach(c, id)
	if err != nil {
		return nil, err
	}
	tasks, err := watch.Until(c.Context(), h, []string{id}, c.Opts.Deadline(), Over, false)
	if err != nil {
		return nil, WaitError(c, id, err)
	}
	return tasks[0], tasks[0].Unreadable
}

// AtStart gives a task as it was when its program was executed: what a start
// answers does not depend on how soon the task has ended. What became of it
// since is for status to tell.
func AtStart(t *view.Task) *view.Task {
	if !t.Terminal() || t.StartedAt == "" {
		return t
	}
	then := *t
	then.Status, then.State = record.StatusRunning, record.Running
	then.ExitCode, then.Signal, then.Reason, then.Usage = nil, nil, "", nil
	then.ExitedAt, then.UpdatedAt = "", t.StartedAt
	then.Leftovers, then.LogBytes, then.LogDroppedBytes = 0, 0, 0
	then.Report, then.Result, then.Progress = nil, nil, then.Lifecycle()
	return &then
}

// WaitError turns the error of a wait for a task into the call's failure.
func WaitError(c *Call, id string, err error) error {
	if errors.Is(err, watch.ErrTimeout) {
		return timedOut(id, c.Opts)
	}
	return err
}
