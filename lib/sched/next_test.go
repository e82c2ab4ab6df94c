package sched

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"bgtasks/lib/record"
)

// wish is a task of the tables: what it asks of the scheduler.
type wish struct {
	id, queue string // the queue q if none is given
	kind      string // "command" if none is given
	key       string // for concurrency
	priority  int
	delay     time.Duration
	after     []record.Dependency
}

func (w wish) request() *Request {
	r := asked(w.id, "q")
	if w.queue != "" {
		r.Queue = w.queue
	}
	if w.kind != "" {
		r.Spec.Kind = w.kind
	}
	r.Spec.ConcurrencyKey, r.Priority, r.Delay, r.After = w.key, w.priority, w.delay, w.after
	return r
}

// TestWhoIsNext is what a dispatch picks of those that wait in the queues p and q,
// beside those that run, in its order.
func TestWhoIsNext(t *testing.T) {
	for name, c := range map[string]struct {
		slots   map[string]int // of the queues; 1 if none are given
		limits  map[string]int // of the kinds
		paused  []string
		running []wish
		waiting []wish
		want    []string
	}{
		"nobody waits":                           {},
		"one slot goes to whoever came first":    {waiting: []wish{{id: "a"}, {id: "b"}}, want: []string{"a"}},
		"as many as there are slots":             {slots: map[string]int{"q": 2}, waiting: []wish{{id: "a"}, {id: "b"}, {id: "c"}}, want: []string{"a", "b"}},
		"who runs has a slot":                    {slots: map[string]int{"q": 2}, running: []wish{{id: "r"}}, waiting: []wish{{id: "a"}, {id: "b"}}, want: []string{"a"}},
		"no slot is left":                        {running: []wish{{id: "r"}}, waiting: []wish{{id: "a"}}},
		"more run than there are slots by now":   {running: []wish{{id: "r"}, {id: "s"}}, waiting: []wish{{id: "a"}}},
		"each queue has slots of its own":        {running: []wish{{id: "r", queue: "p"}}, waiting: []wish{{id: "a", queue: "p"}, {id: "b"}}, want: []string{"b"}},
		"the higher priority comes first":        {waiting: []wish{{id: "a"}, {id: "b", priority: -1}, {id: "c", priority: 1}}, want: []string{"c"}},
		"whoever came first, of one priority":    {waiting: []wish{{id: "b", priority: 5}, {id: "a", priority: 5}}, want: []string{"b"}},
		"priority counts across queues":          {waiting: []wish{{id: "a", queue: "p"}, {id: "b", priority: 1}}, want: []string{"b", "a"}},
		"a paused queue starts nothing":          {paused: []string{"q"}, waiting: []wish{{id: "a"}, {id: "b", queue: "p"}}, want: []string{"b"}},
		"a limit of a kind holds across queues":  {limits: map[string]int{"build": 1}, waiting: []wish{{id: "a", kind: "build", queue: "p"}, {id: "b", kind: "build"}}, want: []string{"a"}},
		"who runs counts for the limit":          {limits: map[string]int{"build": 1}, running: []wish{{id: "r", kind: "build", queue: "p"}}, waiting: []wish{{id: "a", kind: "build"}, {id: "b"}}, want: []string{"b"}},
		"a limit is for its kind alone":          {slots: map[string]int{"q": 3}, limits: map[string]int{"build": 1}, waiting: []wish{{id: "a", kind: "build"}, {id: "b", kind: "test"}, {id: "c", kind: "build"}}, want: []string{"a", "b"}},
		"one of a key at a time":                 {slots: map[string]int{"q": 3}, waiting: []wish{{id: "a", key: "k"}, {id: "b", key: "k"}, {id: "c", key: "l"}}, want: []string{"a", "c"}},
		"who runs has the key":                   {slots: map[string]int{"q": 3}, running: []wish{{id: "r", key: "k"}}, waiting: []wish{{id: "a", key: "k"}, {id: "b"}}, want: []string{"b"}},
		"a key holds across queues":              {running: []wish{{id: "r", key: "k", queue: "p"}}, waiting: []wish{{id: "a", key: "k"}, {id: "b"}}, want: []string{"b"}},
		"a key holds across kinds":               {slots: map[string]int{"q": 3}, waiting: []wish{{id: "a", key: "k"}, {id: "b", key: "k", kind: "build"}}, want: []string{"a"}},
		"who is not due lets others pass":        {waiting: []wish{{id: "a", delay: time.Hour}, {id: "b"}}, want: []string{"b"}},
		"who waits for another lets others pass": {slots: map[string]int{"q": 3}, waiting: []wish{{id: "a"}, {id: "b", after: []record.Dependency{{When: record.AfterAny, ID: "a"}}}, {id: "c"}}, want: []string{"a", "c"}},
	} {
		t.Run(name, func(t *testing.T) {
			h, queues := newHome(t), []string{"p", "q"}
			must(t, Pause(h, queues))
			for kind, limit := range c.limits {
				must(t, SetLimit(h, kind, limit))
			}
			for _, w := range c.running {
				running(t, h, w.request())
			}
			for _, w := range c.waiting {
				enqueued(t, h, w.request())
			}
			for _, q := range queues {
				must(t, writeConfig(newIndex(h).path(queuesDir, q), &queueConfig{1, c.slots[q], slices.Contains(c.paused, q), false}))
			}
			if got, _ := decided(t, h); !slices.Equal(got, c.want) {
				t.Errorf("a dispatch picked %v, want %v", got, c.want)
			}
		})
	}
}

// TestOneDispatchPicksSoMany: whoever picks many starts them one after another, so one
// dispatch leaves some to the next.
func TestOneDispatchPicksSoMany(t *testing.T) {
	h := newHome(t)
	must(t, Pause(h, []string{"q"}))
	for i := range maxPicks + 1 {
		enqueued(t, h, asked(fmt.Sprint("t", i), "q"))
	}
	must(t, writeConfig(newIndex(h).path(queuesDir, "q"), &queueConfig{Version: 1, Slots: 2 * maxPicks}))
	if picked, w := decided(t, h); len(picked) != maxPicks || !w.again {
		t.Errorf("a dispatch picked %v, and another one is to follow: %v; want %d, and another one", picked, w.again, maxPicks)
	}
}
