package codec

import (
	"slices"
	"time"

	"github.com/tidwall/gjson"

	"bgtasks/lib/record"
)

// Event is a line of the journal, decoded.
type Event struct {
	Name                                    record.EventName
	Time                                    time.Time
	TaskID                                  string
	Kind                                    string
	Tags                                    []string
	SessionID                               string
	Notify                                  bool
	Queue                                   string
	Channels                                []string // those given
	DedupeKey, ConcurrencyKey, SupersedeKey string
	CreatedAt                               time.Time        // of the task; zero in lines of older versions
	PID                                     int              // of the leader; 0 when the line does not say
	Progress                                *record.Progress // without run, attempt and result; nil unless the line has it
	Step                                    *record.Step     // nil unless the line has one
	ResultBytes                             int64            // the size of the result that was reported; 0 for none
	State                                   record.State     // Run, Attempt, State, Reason, ExitCode, Signal and Stop; its Run is 0 when the line does not say
}

// ParseEvent decodes one line of the journal, with or without its newline.
// Events with names that this version does not know are decoded like others.
func ParseEvent(line []byte) (*Event, error) {
	e := &Event{}
	var next, nextOfState int
	err := decodeWith(line, func(d *decoder, key string, v gjson.Result) {
		if slices.Contains(ofState, key) {
			nextOfState = stateMembers.decode(d, nextOfState, key, &e.State, v)
		} else {
			next = eventMembers.decode(d, next, key, e, v)
		}
	})
	if err != nil {
		return nil, err
	}
	if e.Name == "" || e.TaskID == "" || e.Time.IsZero() {
		return nil, errIncomplete
	}
	return e, nil
}

// AllChannels gives the channels of the event's task as record.Spec.AllChannels
// does, so that what matches at first matches later.
func (e *Event) AllChannels() []string {
	s := record.Spec{ID: e.TaskID, Kind: e.Kind, Tags: e.Tags, SessionID: e.SessionID, DedupeKey: e.DedupeKey,
		ConcurrencyKey: e.ConcurrencyKey, SupersedeKey: e.SupersedeKey, Channels: e.Channels}
	return s.AllChannels()
}

// Transition tells whether the event is about a change of the state.
func (e *Event) Transition() bool {
	switch e.Name {
	case record.EventEnqueued, record.EventClaimed, record.EventStarted, record.EventRetried, record.EventStale, record.EventRecovered:
		return true
	}
	return e.State.State.Terminal() && e.Name != record.EventRemoved
}

// AppendTo appends what the line tells as a JSON object: its members as they are,
// all channels of the task, and snapshot, which is JSON.
func (e *Event) AppendTo(b, line, snapshot []byte) []byte {
	b = append(b, '{')
	gjson.ParseBytes(line).ForEach(func(key, v gjson.Result) bool {
		if key.Str != "channels" {
			b = append(append(append(append(b, key.Raw...), ':'), v.Raw...), ',')
		}
		return true
	})
	b = append(b, `"channels":[`...)
	for i, channel := range e.AllChannels() {
		if i > 0 {
			b = append(b, ',')
		}
		b = record.AppendString(b, channel)
	}
	b = append(append(b, `],"snapshot":`...), snapshot...)
	if e.Step == nil {
		b = append(b, `,"step":null`...)
	}
	return append(b, '}')
}

// Report is the progress that the line tells, with the attempt that it is of.
func (e *Event) Report() *record.Progress {
	p := *e.Progress
	p.Run, p.Attempt = e.State.Run, e.State.Attempt
	return &p
}

var eventMembers = members[Event]{
	{"event", func(d *decoder, e *Event, v gjson.Result) { e.Name = record.EventName(d.str(v)) }},
	{"time", func(d *decoder, e *Event, v gjson.Result) { e.Time = d.time(v) }},
	{"taskId", func(d *decoder, e *Event, v gjson.Result) { e.TaskID = d.str(v) }},
	{"kind", func(d *decoder, e *Event, v gjson.Result) { e.Kind = d.str(v) }},
	{"tags", func(d *decoder, e *Event, v gjson.Result) { e.Tags = d.strs(v) }},
	{"parentSessionId", func(d *decoder, e *Event, v gjson.Result) { e.SessionID = d.str(v) }},
	{"notifyOnExit", func(d *decoder, e *Event, v gjson.Result) { e.Notify = d.flag(v) }},
	{"createdAt", func(d *decoder, e *Event, v gjson.Result) { e.CreatedAt = d.time(v) }},
	{"resultBytes", func(d *decoder, e *Event, v gjson.Result) { e.ResultBytes = d.integer(v) }},
	{"pid", func(d *decoder, e *Event, v gjson.Result) { e.PID = d.number(v) }},

	{"queue", func(d *decoder, e *Event, v gjson.Result) { e.Queue = d.str(v) }},
	{"channels", func(d *decoder, e *Event, v gjson.Result) { e.Channels = d.strs(v) }},
	{"dedupeKey", func(d *decoder, e *Event, v gjson.Result) { e.DedupeKey = d.str(v) }},
	{"concurrencyKey", func(d *decoder, e *Event, v gjson.Result) { e.ConcurrencyKey = d.str(v) }},
	{"supersedeKey", func(d *decoder, e *Event, v gjson.Result) { e.SupersedeKey = d.str(v) }},

	{"progress", func(d *decoder, e *Event, v gjson.Result) { e.Progress = nested(d, v, progressMembers) }},
	{"step", func(d *decoder, e *Event, v gjson.Result) { e.Step = nested(d, v, stepMembers) }},
}

// ofState are the members that a journal line shares with state.json.
var ofState = []string{
	"run", "attempt", "state", "reason", "spawnError", "oom", "exitCode", "signal", "stop", "eventsMissing",
	"retryScheduledAt", "retryDueBootMs", "staleAt", "staleReason",
}
