package payload

import (
	"reflect"

	"bgtasks/lib/fault"
)

// EventsPayload asks for a task's status and the end of its output as frames, or
// for events of the journal.
type Events struct {
	ID    TaskID   `json:"id,omitempty" jsonschema:"The task's id: give frames of its status and its output. Without it, give events of the journal."`
	Lines Positive `json:"lines,omitempty" jsonschema:"With id: how many of the last log lines to give; 100 when absent."`
	JournalPayload
}

// JournalPayload says which events are wanted, and how.
type JournalPayload struct {
	ConditionsPayload
	Events    []EventWord  `json:"events,omitempty" jsonschema:"Only events of these names."`
	Cursor    *NonNegative `json:"cursor,omitempty" jsonschema:"Only events after this place; when absent, from the oldest event that is kept."`
	MaxEvents Positive     `json:"maxEvents,omitempty" jsonschema:"The largest number of events to give, the oldest first; 1000 when absent, any number with follow."`
	Bootstrap *bool        `json:"bootstrap,omitempty" jsonschema:"Whether to begin with the current tasks and continue with later events; when absent, only with follow or consumer and without cursor."`
	Limit     *NonNegative `json:"limit,omitempty" jsonschema:"The largest number of tasks that a bootstrap shows, the newest ones; all when absent."`
	Steps     NonNegative  `json:"steps,omitempty" jsonschema:"How many of the newest steps of each task a bootstrap shows."`
	Recent    NonNegative  `json:"recentSteps,omitempty" jsonschema:"The same as steps."`
	Aggregate *bool        `json:"includeAggregate,omitempty" jsonschema:"Whether a bootstrap counts all matching tasks, which reads all of them; when absent, only without limit."`
	Entries   bool         `json:"entries,omitempty" jsonschema:"Whether to give events in a form for lists: type, level, message and the like."`
	Follow    bool         `json:"follow,omitempty" jsonschema:"With --stream: whether to continue with new events."`
	Consumer  ConsumerName `json:"consumer,omitempty" jsonschema:"Continue after the last event that this named reader has acknowledged."`
	Ack       *NonNegative `json:"ack,omitempty" jsonschema:"With consumer: acknowledge all events up to this cursor, and read nothing."`
	AutoAck   bool         `json:"autoAck,omitempty" jsonschema:"With consumer: whether to acknowledge events once they are printed."`
}

// ConsumerName names a reader of the journal.
type ConsumerName string

// EventWord names a kind of event.
type EventWord string

// Frames tells whether the payload is one for frames.
func (p *Events) Frames() bool { return p.ID != "" }

func (p *Events) check(f *faults) {
	given := !reflect.ValueOf(p.JournalPayload).IsZero()
	switch {
	case p.ID == "" && !given:
		f.add("Missing", []any{"id"}, "is missing: a task, or what is wanted of the journal, such as ids, cursor or bootstrap")
	case p.ID != "" && given:
		f.refine([]any{"id"}, "Expected id with lines alone: events of a task are asked for with ids")
	case p.ID == "" && p.Lines != 0:
		f.refine([]any{"lines"}, "Expected id beside it: it is about the output of a task")
	}
	p.JournalPayload.check(f)
}

func (p *JournalPayload) check(f *faults) {
	for _, rule := range []struct {
		wrong  bool
		member string
		why    string
	}{
		{p.Steps != 0 && p.Recent != 0, "recentSteps", "Expected no steps beside it, which says the same"},
		{p.Consumer == "" && p.Ack != nil, "ack", "Expected consumer beside it"},
		{p.Consumer == "" && p.AutoAck, "autoAck", "Expected consumer beside it"},
		{p.Consumer != "" && p.Cursor != nil, "cursor", "Expected no cursor beside consumer, which has its own"},
		{p.Entries && p.Bootstrap != nil && *p.Bootstrap, "bootstrap", "Expected no bootstrap beside entries, which have none"},
		{p.Limit != nil && !p.Begins(), "limit", "Expected bootstrap, follow or consumer beside it: it is about the tasks that these begin with"},
		{p.Steps > 0 && !p.Begins(), "steps", "Expected bootstrap, follow or consumer beside it: it is about the tasks that these begin with"},
		{p.Recent > 0 && !p.Begins(), "recentSteps", "Expected bootstrap, follow or consumer beside it: it is about the tasks that these begin with"},
		{p.Aggregate != nil && !p.Begins(), "includeAggregate", "Expected bootstrap, follow or consumer beside it: it is about what these begin with"},
		{p.Ack != nil && p.reads(), "ack", "Expected consumer alone beside it: an acknowledgement reads nothing"},
	} {
		if rule.wrong {
			f.refine([]any{rule.member}, rule.why)
		}
	}
}

// Begins tells whether the answer may begin with a bootstrap: it does as in text mode,
// where nothing else is said.
func (p *JournalPayload) Begins() bool {
	if p.Bootstrap != nil {
		return *p.Bootstrap
	}
	return (p.Follow || p.Consumer != "") && !p.Entries
}

// reads tells whether the payload asks for more than an acknowledgement.
func (p *JournalPayload) reads() bool {
	rest := *p
	rest.Consumer, rest.Ack = "", nil
	return !reflect.ValueOf(rest).IsZero()
}

// Streams refuses what only a stream can do.
func (p *JournalPayload) Streams() error {
	if !p.Follow && !p.AutoAck {
		return nil
	}
	member := "follow"
	if !p.Follow {
		member = "autoAck"
	}
	return fault.Input(member+" needs --stream", fault.With("field", member),
		fault.With("hint", "Add --stream: an envelope is complete only when it ends."))
}
