package record

import "time"

// EventName says what happened to a task.
type EventName string

// The events of the journal, see bg-state(5). Each is a transition between states.
const (
	EventEnqueued   EventName = "enqueued"
	EventClaimed    EventName = "claimed"
	EventStarted    EventName = "started"
	EventProgress   EventName = "progress"
	EventStep       EventName = "step"
	EventRetried    EventName = "retried"
	EventStale      EventName = "stale"
	EventRecovered  EventName = "recovered" // a stale task showed a sign of life
	EventStopping   EventName = "stopping"
	EventSucceeded  EventName = "succeeded"
	EventFailed     EventName = "failed"
	EventCancelled  EventName = "cancelled"
	EventTimedOut   EventName = "timed_out"
	EventLeaseLost  EventName = "lease_lost"
	EventAdopted    EventName = "adopted"
	EventSuperseded EventName = "superseded"
	EventLogDropped EventName = "log_dropped"
	EventRemoved    EventName = "removed"
)

// EventNames lists every EventName.
var EventNames = []EventName{EventEnqueued, EventClaimed, EventStarted, EventProgress, EventStep, EventRetried, EventStale,
	EventRecovered, EventStopping, EventSucceeded, EventFailed, EventCancelled, EventTimedOut, EventLeaseLost, EventAdopted,
	EventSuperseded, EventLogDropped, EventRemoved}

// EndEvent names the event that mirrors the end of an attempt: that of its run,
// or that another attempt follows.
func EndEvent(s *State) EventName {
	switch {
	case s.State == Retrying:
		return EventRetried
	case s.Reason == Superseded:
		return EventSuperseded
	}
	return EventName(s.State)
}

// RemovedEvent tells that a task is gone, with what was last known of it: its
// spec and its state may be nil.
func RemovedEvent(id string, spec *Spec, state *State, at time.Time) *Event {
	e := &Event{Name: EventRemoved, Time: at, TaskID: id, State: state}
	if spec != nil {
		e.Labels = spec.EventLabels()
	}
	return e
}

// EventTime tells when a line of the journal was written, given its first bytes,
// without decoding it.
func EventTime(line []byte) (at time.Time, known bool) {
	const start = `{"v":1,"time":"`
	if len(line) < len(start)+len(TimeFormat) || string(line[:len(start)]) != start {
		return time.Time{}, false
	}
	return parseTime(line[len(start) : len(start)+len(TimeFormat)])
}

// Event is one line of the journal. Its cursor is its place in the journal,
// not a field.
type Event struct {
	Name   EventName
	Time   time.Time
	TaskID string
	Labels []byte // from Spec.EventLabels
	State  *State // where the task stood after it
	Extra  []byte // further members of the line, encoded, without braces; nil for none
}

// AppendJSON appends the event as one line of JSON with its newline.
func (e *Event) AppendJSON(b []byte) []byte {
	o := openObject(b)
	o.int("v", Version)
	o.time("time", e.Time)
	o.str("event", string(e.Name))
	o.str("taskId", e.TaskID)
	if len(e.Labels) > 0 {
		o.buf = append(append(o.buf, ','), e.Labels...)
	}
	if s := e.State; s != nil {
		o.int("run", int64(s.Run))
		o.int("attempt", int64(s.Attempt))
		o.str("state", string(s.State))
		o.str("status", string(StatusOf(s.State, s.Reason)))
		s.appendEnd(&o)
		if s.Leader != nil {
			o.int("pid", int64(s.Leader.PID))
		}
		o.stop("stop", s.Stop)
		o.optInt("eventsMissing", int64(s.EventsMissing))
		s.appendDue(&o)
	}
	if len(e.Extra) > 0 {
		o.buf = append(append(o.buf, ','), e.Extra...)
	}
	return append(o.close(), '\n')
}
