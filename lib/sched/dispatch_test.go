package sched

import (
	"os"
	"testing"
	"time"

	"bgtasks/lib/store"
)

// A thousand tasks that end at once do not become a thousand processes in a row:
// one waits, and finds what all of them have left.
func TestOneHandOverWaitsForTheLock(t *testing.T) {
	h := newHome(t)
	must(t, newIndex(h).make())
	lock, err := h.LockQueue()
	must(t, err)
	const ends = 50
	returned := make(chan error, ends)
	for range ends {
		go func() { returned <- HandOver(h) }()
	}
	for range ends - 1 {
		must(t, <-returned)
	}
	if !h.NextInLine() {
		t.Error("nobody waits for the lock, want one who looks again")
	}
	must(t, lock.Unlock())
	must(t, <-returned)
	if h.NextInLine() {
		t.Error("someone is in line, want nobody")
	}
}

// Whoever changes the index leaves word that something is to be done, and a dispatch
// takes it back: not before that is done.
func TestOutlook(t *testing.T) {
	h := newHome(t)
	must(t, Pause(h, []string{"q"}))
	want := func(when string, want store.Outlook) {
		t.Helper()
		if got, _ := h.Outlook(); got != want {
			t.Errorf("outlook %s = %q, want %q", when, got, want)
		}
	}
	enqueued(t, h, asked("a", "q"))
	want("while a queue is paused", store.Done)
	later := asked("b", "q")
	later.Delay = time.Hour
	enqueued(t, h, later)
	want("while a task is not due", store.Timed)
	x := newIndex(h)
	must(t, x.locked(x.markWaiting))
	want("once a task is entered", store.Undone)
	broken := x.path(store.ClaimsDir, "broken")
	must(t, os.Mkdir(broken, 0o700))
	if err := Dispatch(h); err == nil {
		t.Error("Dispatch = nil, want an error: a claim can't be read")
	}
	want("after a dispatch that failed", store.Undone)
	must(t, os.Remove(broken))
	must(t, Dispatch(h))
	want("after the next", store.Timed)
}

// What a dispatch finds and has not dealt with is left to be done; what it could not
// put right is not.
func TestOutlookOfWork(t *testing.T) {
	d := &dispatcher{healed: map[string]bool{"tried": true}}
	for want, list := range map[store.Outlook][]work{
		store.Undone: {{again: true}, {sick: []string{"tried", "x"}}, {doomed: []string{"x"}},
			{victims: []victim{{id: "x"}}}, {picked: []*pick{{}}, timed: true}},
		store.Timed: {{timed: true, sick: []string{"tried"}}},
		store.Done:  {{}, {sick: []string{"tried"}, victims: []victim{{id: "tried"}}}},
	} {
		for _, w := range list {
			if got := d.outlook(&w); got != want {
				t.Errorf("outlook(%+v) = %q, want %q", w, got, want)
			}
		}
	}
}
