package sched

import (
	"testing"

	"bgtasks/lib/record"
)

// TestOpenTwin is which task is the answer to another start with the dedupe key k of
// the kind "command".
func TestOpenTwin(t *testing.T) {
	type task struct {
		id, key, kind string
		state         record.LifeState
	}
	for name, c := range map[string]struct {
		tasks  []task
		except string
		want   string
	}{
		"none":                     {},
		"one that waits":           {tasks: []task{{"a", "k", "command", record.Queued}}, want: "a"},
		"one that runs":            {tasks: []task{{"a", "k", "command", record.Running}}, want: "a"},
		"one that is tried again":  {tasks: []task{{"a", "k", "command", record.Retrying}}, want: "a"},
		"one that is over":         {tasks: []task{{"a", "k", "command", record.Succeeded}}},
		"one with another key":     {tasks: []task{{"a", "l", "command", record.Queued}}},
		"one of another kind":      {tasks: []task{{"a", "k", "build", record.Queued}}},
		"itself":                   {tasks: []task{{"a", "k", "command", record.Queued}}, except: "a"},
		"the open one of two":      {tasks: []task{{"a", "k", "command", record.Failed}, {"b", "k", "command", record.Running}}, want: "b"},
		"the newest of two by age": {tasks: []task{{"b", "k", "command", record.Running}, {"a", "k", "command", record.Running}}, want: "a"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHome(t)
			must(t, Pause(h, []string{"q"}))
			for _, task := range c.tasks {
				// Each is over before the next, which would not be accepted otherwise.
				r := wish{id: task.id, kind: task.kind}.request()
				r.Spec.DedupeKey = task.key
				enqueued(t, h, r)
				become(t, h, task.id, record.Succeeded)
			}
			for _, task := range c.tasks {
				become(t, h, task.id, task.state)
			}
			x, got := newIndex(h), ""
			if f := x.openTwin(&record.Spec{DedupeKey: "k", Kind: "command"}, c.except); f != nil {
				got = f.spec.ID
			}
			if got != c.want {
				t.Errorf("openTwin = %q, want %q", got, c.want)
			}
		})
	}
}
