package stream

import (
	"slices"

	"bgtasks/lib/codec"
	"bgtasks/lib/events"
	"bgtasks/lib/fault"
	"bgtasks/lib/find"
	"bgtasks/lib/record"
	"bgtasks/lib/view"
)

// Subscription says which events are wanted: those of the tasks that the filter
// lets through, as they were then, that have one of the names.
type Subscription struct {
	Filter find.Filter
	Names  []string
}

// audience tells which events a subscriber gets. One with a condition on the
// state or the status also gets the event by which a task that fulfilled it no
// longer does.
type audience struct {
	Subscription
	loose   find.Filter     // the filter without what changes in a task's life
	leaving bool            // such events are told
	members map[string]bool // who fulfilled the conditions last
	whole   bool            // all who did are among the members
}

func newAudience(s Subscription, leaving bool) *audience {
	a := &audience{Subscription: s, loose: s.Filter, members: map[string]bool{}}
	a.loose.States, a.loose.Statuses = nil, nil
	a.leaving = leaving && len(s.Filter.States)+len(s.Filter.Statuses) > 0
	return a
}

// begin takes the tasks of a bootstrap for all members.
func (a *audience) begin(tasks []*view.Task) {
	a.whole = true
	clear(a.members)
	if a.leaving {
		for _, t := range tasks {
			a.members[t.ID] = true
		}
	}
}

// wants tells whether the subscriber gets an event, and whether it is the one by
// which its task leaves. It is to be asked about every event, in order.
func (a *audience) wants(e *codec.Event) (wanted, left bool) {
	task := events.TaskOf(e)
	now := a.Filter.Match(task)
	if a.leaving {
		left = a.move(e, now, now || a.loose.Match(task))
	}
	named := len(a.Names) == 0 || slices.Contains(a.Names, string(e.Name))
	return named && (now || left), left
}

// move keeps count of a task's membership, and tells whether it has left. may
// tells whether it could have been a member: without a bootstrap nobody knows of
// a task's first event what it was before.
func (a *audience) move(e *codec.Event, now, may bool) (left bool) {
	stays := now && e.Name != record.EventRemoved
	was, known := a.members[e.TaskID]
	if !known {
		was = now && !stays || may && !a.whole && e.Transition() && !first(e)
	}
	switch {
	case stays || may && !a.whole:
		a.members[e.TaskID] = stays
	default:
		delete(a.members, e.TaskID)
	}
	return was && !stays
}

// first tells that there was no event of the task before.
func first(e *codec.Event) bool {
	return e.Name == record.EventEnqueued && e.State.Run == 1 && e.State.Attempt == 1
}

// CheckEvents refuses names that no event has.
func CheckEvents(flag string, names []string) error {
	for _, name := range names {
		if !slices.Contains(record.EventNames, record.EventName(name)) {
			return fault.Usage("%s: expected one of %s, got %q", flag, fault.CommaList(record.EventNames), name)
		}
	}
	return nil
}
