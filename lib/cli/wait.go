package cli

import (
	"errors"
	"time"

	"bgtasks/lib/fault"
	"bgtasks/lib/heal"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
	"bgtasks/lib/watch"
)

// TaskData is what JSON mode tells about one task.
type TaskData struct {
	TaskID string `json:"task_id"`
	Status string `json:"status"`
	State  string `json:"state"`
	Task   Told   `json:"task"`

	NotFound []string `json:"not_found,omitempty"` // words of the command line

	Superseded []string `json:"supersededTaskIds,omitempty"` // by a restart: ended in favour of the run

	*Verdict // nil unless the end was waited for
}

// ID is the task's.
func (d *TaskData) ID() string { return d.TaskID }

// NewTaskData is the data about a task.
func NewTaskData(c *Call, t *view.Task) *TaskData {
	return &TaskData{TaskID: t.ID, Status: string(t.Status), State: string(t.State), Task: c.Tell(t)}
}

// NewEndData is the data about a task whose end was waited for.
func NewEndData(c *Call, t *view.Task) *TaskData {
	d := NewTaskData(c, t)
	d.Verdict = NewVerdict(c, t)
	return d
}

// Over tells that there is nothing to wait for: the task has ended, or its
// records can't be read, and nobody is there who will write another.
func Over(t *view.Task) bool {
	return !t.Open() && (t.Unreadable == nil || t.Terminal() || !t.Supervised())
}

// OverOrNote is Over, and tells people once of each task that is waited for whose
// supervisor can't go on: its end may never be recorded.
func OverOrNote(c *Call, h *store.Home) func(*view.Task) bool {
	told := map[string]bool{}
	return func(t *view.Task) bool {
		if Over(t) {
			return true
		}
		if !c.JSON && !told[t.ID] && t.State != record.Claimed {
			told[t.ID] = true
			if who := heal.HindranceOf(h, t); who != nil {
				c.Note("%v (%s)", who, who.Hint())
			}
		}
		return false
	}
}

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
	o := AwaitAll(c, []string{id})[0]
	return o.Data, o.Err
}

// AwaitAll does so for many at once: however many they are, they cost one thread.
func AwaitAll(c *Call, ids []string) []Outcome[*view.Task] {
	results := make([]Outcome[*view.Task], len(ids))
	if len(ids) == 0 {
		return results
	}
	h, err := c.ExistingHome()
	if h == nil {
		for i, id := range ids {
			if results[i].Err = err; err == nil {
				results[i].Err = &view.NotFoundError{ID: id}
			}
		}
		return results
	}
	tasks, errs := watch.Each(c.Context(), h, ids, c.Opts.Deadline(), Over)
	for i, t := range tasks {
		if errs[i] != nil {
			results[i].Err = WaitError(c, ids[i], errs[i])
		} else {
			results[i] = Outcome[*view.Task]{t, t.Unreadable}
		}
	}
	return results
}

// AwaitItems waits for what the items of a batch came to so far, and gives what end
// makes of the tasks.
func AwaitItems[D any](c *Call, results []Outcome[D], id func(D) string, end func(*view.Task) D) []Outcome[D] {
	var ids []string
	var places []int
	for i, r := range results {
		if r.Err == nil {
			ids, places = append(ids, id(r.Data)), append(places, i)
		}
	}
	for n, o := range AwaitAll(c, ids) {
		r := &results[places[n]]
		if r.Err = o.Err; o.Err == nil {
			r.Data = end(o.Data)
		}
	}
	return results
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
	if !errors.Is(err, watch.ErrTimeout) {
		return err
	}
	f := timedOut(id, c.Opts)
	if t, _ := LoadOne(c, id); t != nil && t.Hindrance != "" {
		f.Hint = t.Hindrance
		f.Details = append(f.Details, fault.With("hindrance", t.Hindrance))
	}
	return f
}
