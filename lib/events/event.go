package events

import (
	"time"

	"bgtasks/lib/codec"
	"bgtasks/lib/heal"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
)

// TaskOf gives an event's task as far as the line tells of it: enough for a
// Filter, but for names and times.
func TaskOf(e *codec.Event) *view.Task {
	return &view.Task{ID: e.TaskID, Kind: e.Kind, Tags: e.Tags, ParentSessionID: e.SessionID, Queue: e.Queue,
		Channels: e.AllChannels(), DedupeKey: e.DedupeKey, ConcurrencyKey: e.ConcurrencyKey, SupersedeKey: e.SupersedeKey,
		State: e.State.State, Status: record.StatusOf(e.State.State, e.State.Reason)}
}

// Past gives tasks as they were after events of the journal. It is not for
// concurrent use.
type Past struct {
	r    *view.Reader
	upTo int64                 // the views were read when the journal had come so far
	seen map[string]*view.Task // nil for a task that is gone
}

// maxSeen bounds how many views are kept at a time.
const maxSeen = 1000

// NewPast begins without having read anything.
func NewPast(h *store.Home) *Past { return &Past{r: view.NewReader(h), seen: map[string]*view.Task{}} }

// At gives the task as it was after the event with this cursor, nil if it has
// been removed since. What the line does not tell and the task's files no longer
// do is left out; the sizes of its logs are those of now. A task is read once for
// all events that are in the journal already.
func (p *Past) At(e *codec.Event, cursor int64) (*view.Task, error) {
	t, err := p.view(e, cursor)
	if t == nil || err != nil {
		return nil, err
	}
	return asOf(p.r, t, e), nil
}

// view gives a view that is no older than the line: a record is written before
// the line about it.
func (p *Past) view(e *codec.Event, cursor int64) (*view.Task, error) {
	if cursor > p.upTo {
		end, err := p.r.Home.Journal().End()
		if err != nil {
			return nil, err
		}
		p.upTo = max(end, cursor)
		clear(p.seen)
	}
	if t, known := p.seen[e.TaskID]; known {
		return t, nil
	}
	if len(p.seen) >= maxSeen {
		clear(p.seen)
	}
	known := view.Thorough
	if e.State.State.Terminal() {
		known = view.Told
	}
	t, err := heal.Whole(p.r, e.TaskID, known)
	if err != nil {
		return nil, err
	}
	p.seen[e.TaskID] = t
	return t, nil
}

// asOf gives a task as it was after an event; nil if the event is about one that
// was there before under the same id. t is of the same time or later.
func asOf(r *view.Reader, t *view.Task, e *codec.Event) *view.Task {
	switch {
	case e.Name == record.EventRemoved:
		return nil
	case t.Spec == nil, e.State.Run == 0:
		return t
	case succeeds(t, e):
		return nil
	case isAt(t, e) && t.Terminal():
		return t
	}
	u := r.Restate(t, stateAfter(t.Current, e))
	if e.Name == record.EventLeaseLost {
		u.Supervisor = view.SupervisorLost
	}
	p := t.Report
	if e.Progress != nil {
		p = e.Report()
	}
	if p != nil && !p.UpdatedAt.After(e.Time) {
		u.Tell(p)
	}
	return u
}

// succeeds tells whether the task has taken the place of the one, under the same
// id, that the event is about. What that one was can't be known any more. After a
// removal runs are counted anew, and when the task was created tells: whether it
// is the same time, as the clock may have been set back since.
func succeeds(t *view.Task, e *codec.Event) bool {
	switch {
	case t.Spec == nil || e.State.Run == 0:
		return false
	case t.Spec.FirstRun > e.State.Run:
		return true
	case e.CreatedAt.IsZero():
		return e.Time.Before(t.Spec.CreatedAt)
	}
	return !e.CreatedAt.Equal(t.Spec.CreatedAt)
}

// isAt tells whether the task stands where the event has left it.
func isAt(t *view.Task, e *codec.Event) bool {
	s := &e.State
	return t.Run == s.Run && t.Attempt == s.Attempt && t.State == s.State && t.Reason == s.Reason
}

// stateAfter is the state after an event, now being the one that is recorded
// today, of the same attempt or a later one.
func stateAfter(now *record.State, e *codec.Event) *record.State {
	then := &record.State{}
	if now != nil && now.Run == e.State.Run && now.Attempt == e.State.Attempt {
		*then = *now
	}
	told := &e.State
	then.Run, then.Attempt, then.State, then.Reason = told.Run, told.Attempt, told.State, told.Reason
	then.ExitCode, then.Signal, then.Stop = told.ExitCode, told.Signal, told.Stop
	then.RetryAt, then.RetryDueBootMs, then.StaleAt, then.StaleReason = told.RetryAt, told.RetryDueBootMs, told.StaleAt, told.StaleReason
	then.UpdatedAt = e.Time
	if then.Leader == nil && e.PID != 0 {
		then.Leader = &record.Process{PID: e.PID}
	}
	if e.Name == record.EventStarted && then.StartedAt.IsZero() {
		then.StartedAt = e.Time
	}
	forgetLater(then)
	return then
}

// forgetLater takes away what such a state can't have yet.
func forgetLater(s *record.State) {
	switch s.State {
	case record.Queued, record.Claimed:
		s.StartedAt, s.Leader, s.Containment = time.Time{}, nil, ""
	case record.Running, record.Stale:
	default:
		return
	}
	s.ExitedAt, s.Usage, s.Leftovers, s.LogEnd, s.ErrorsEnd = time.Time{}, nil, 0, 0, 0
}
