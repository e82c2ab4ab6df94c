package stream

import (
	"encoding/json"

	"bgtasks/lib/codec"
	"bgtasks/lib/fault"
	"bgtasks/lib/record"
	"bgtasks/lib/view"
)

// Entry is an event as a list for people shows it.
type Entry struct {
	Type      string       `json:"type"`
	Level     string       `json:"level"`
	Message   string       `json:"message"`
	Percent   *float64     `json:"percent"`
	Timestamp string       `json:"timestamp"`
	Metadata  fault.Object `json:"metadata"`
	TaskID    string       `json:"taskId,omitempty"`
	Kind      string       `json:"kind,omitempty"`
	State     string       `json:"state,omitempty"`
	Channels  []string     `json:"channels"`
	StepID    *string      `json:"stepId"` // null unless it is about a step
	Cursor    int64        `json:"cursor"`
	Left      bool         `json:"left,omitempty"`
	Assumed   bool         `json:"assumed,omitempty"`
}

// presentation says how serious an event is, and what it is in words.
var presentation = map[record.EventName]struct{ level, message string }{
	record.EventEnqueued:   {"info", "Task enqueued"},
	record.EventClaimed:    {"info", "Task claimed"},
	record.EventStarted:    {"info", "Task started"},
	record.EventProgress:   {"info", "Task progress updated"},
	record.EventStep:       {"info", "Task step recorded"},
	record.EventRetried:    {"warn", "Task scheduled for retry"},
	record.EventStale:      {"warn", "Task marked stale"},
	record.EventRecovered:  {"info", "Task no longer stale"},
	record.EventStopping:   {"info", "Task stopping"},
	record.EventSucceeded:  {"success", "Task succeeded"},
	record.EventFailed:     {"error", "Task failed"},
	record.EventCancelled:  {"warn", "Task cancelled"},
	record.EventTimedOut:   {"error", "Task timed out"},
	record.EventSuperseded: {"warn", "Task superseded"},
	record.EventLeaseLost:  {"error", "Task lease lost"},
	record.EventAdopted:    {"info", "Task adopted"},
	record.EventLogDropped: {"warn", "Task output dropped"},
	record.EventRemoved:    {"info", "Task removed"},
}

// newEntry makes an entry of an event, after which its task has come so far.
func newEntry(l *journalLine, percent *float64) *Entry {
	e := l.Event
	n := &Entry{Type: string(e.Name), Level: "info", Message: "Task " + string(e.Name), Percent: percent,
		Timestamp: string(record.AppendTime(nil, e.Time)), Metadata: entryMetadata(e), TaskID: e.TaskID, Kind: e.Kind,
		State: string(e.State.State), Channels: e.AllChannels(), Cursor: l.Cursor, Left: l.Left, Assumed: l.Assumed}
	if p, known := presentation[e.Name]; known {
		n.Level, n.Message = p.level, p.message
	}
	if s := e.Step; s != nil {
		id := view.NewStep(s).ID
		n.Level, n.StepID = s.Level, &id
		if s.Message != "" {
			n.Message = s.Message
		}
	}
	return n
}

// percents is how far each task has come by the events so far; nil if it has said
// nothing.
type percents map[string]*float64

// after is how far an event's task has come. known is false if none of the events
// so far tells.
func (p percents) after(e *codec.Event) (percent *float64, known bool) {
	switch {
	case e.Step != nil && e.Step.Percent != nil:
		p[e.TaskID] = e.Step.Percent
	case e.Progress != nil:
		p[e.TaskID] = e.Progress.Percent
	case e.Name == record.EventEnqueued, e.Name == record.EventClaimed, e.Name == record.EventStarted, e.Name == record.EventRetried:
		p[e.TaskID] = nil
	case e.State.State == record.Succeeded:
		all := 100.0
		p[e.TaskID] = &all
	}
	percent, known = p[e.TaskID]
	if e.State.State.Terminal() {
		delete(p, e.TaskID)
	}
	return percent, known
}

// entryMetadata are the facts beside; what is not known is left out.
func entryMetadata(e *codec.Event) fault.Object {
	m := fault.Object{fault.With("channels", e.AllChannels())}
	add := func(key string, value any, known bool) {
		if known {
			m = append(m, fault.With(key, value))
		}
	}
	s := &e.State
	add("run", s.Run, s.Run > 0)
	add("attempt", s.Attempt, s.Attempt > 0)
	add("reason", s.Reason, s.Reason != "")
	add("exitCode", s.ExitCode, s.ExitCode != nil)
	add("signal", s.Signal, s.Signal != nil)
	if s.Stop != nil {
		add("stopReason", s.Stop.Reason, s.Stop.Reason != "")
		add("stoppedBy", s.Stop.By, s.Stop.By != "")
	}
	add("staleReason", s.StaleReason, s.StaleReason != "")
	add("retryScheduledAt", string(record.AppendTime(nil, s.RetryAt)), !s.RetryAt.IsZero())
	if p := e.Progress; p != nil {
		add("progressLabel", p.Label, p.Label != "")
		add("progressMeta", json.RawMessage(p.Meta), len(p.Meta) > 0)
	}
	add("resultBytes", e.ResultBytes, e.ResultBytes > 0)
	if p := e.Step; p != nil {
		add("stepKind", p.Kind, true)
		add("stepMeta", json.RawMessage(p.Meta), len(p.Meta) > 0)
	}
	return m
}

// resetEntry stands where events are missing.
func resetEntry(b *Bootstrap) *Entry {
	return &Entry{Type: "reset", Level: "warn", Message: "Earlier events are no longer kept", Timestamp: b.Timestamp,
		Metadata: fault.Object{fault.With("oldest", b.Oldest)}, Channels: []string{}, Cursor: b.Cursor}
}
