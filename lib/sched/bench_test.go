package sched

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"bgtasks/lib/launch"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

func newHome(t testing.TB) *store.Home {
	t.Helper()
	h, err := store.Open(t.TempDir())
	must(t, err)
	return h
}

// asked is a request for a task in a queue.
func asked(id, queue string) *Request {
	return &Request{
		Request: launch.Request{Spec: record.Spec{ID: id, Name: "true", Command: "true", Workdir: "/", Kind: "command",
			Signal: "TERM", Leftovers: "keep", Retry: record.Retry{MaxAttempts: 1}}, Env: []string{"PATH=/bin:/usr/bin"}, Umask: 0o22},
		Queue: queue,
	}
}

// enqueued enqueues tasks in a paused queue, so that none is started.
func enqueued(t testing.TB, h *store.Home, requests ...*Request) {
	t.Helper()
	results, err := Enqueue(h, requests)
	must(t, err)
	for _, r := range results {
		must(t, r.Err)
	}
}

// decided is one critical section of a dispatch; what it has picked is let go
// again.
func decided(t testing.TB, h *store.Home) (picked []string, w work) {
	t.Helper()
	x := newIndex(h)
	must(t, x.locked(x.decide))
	for _, p := range x.todo.picked {
		picked = append(picked, p.facts.spec.ID)
	}
	must(t, x.todo.release())
	return picked, x.todo
}

// backlog enters n tasks that are not there: only their entries count for what is
// tested.
func backlog(t testing.TB, h *store.Home, n, priority int, tag string) {
	t.Helper()
	s := newIndex(h).ready("q", "command")
	for i := range n {
		key := orderKey(&record.Schedule{Priority: priority, Sequence: int64(1000 + i)})
		must(t, s.add(entry{key, fmt.Sprint("b", i), tag}))
	}
}

// running makes a task one that runs: claimed, with its lock held.
func running(t testing.TB, h *store.Home, r *Request) {
	t.Helper()
	enqueued(t, h, r)
	id := r.Spec.ID
	lock, err := store.TryLock(h.TaskDir(id))
	must(t, err)
	t.Cleanup(func() { must(t, lock.Unlock()) })
	f, err := read(h, id)
	must(t, err)
	x, c := newIndex(h), claimOf(f)
	must(t, x.locked(func() error { return x.writeClaim(c) }))
	must(t, x.ready(c.queue, c.kind).remove(entry{orderKey(f.spec.Schedule), id, c.tag}))
}

// shapes are the ways in which n tasks wait. But for one they are not there: only
// their entries count for what a dispatch costs that does not move them.
var shapes = map[string]struct {
	many int
	wait func(t testing.TB, h *store.Home, n int)
}{
	"for a slot": {100_000, func(t testing.TB, h *store.Home, n int) { backlog(t, h, n, 0, "") }},
	"all for one task": {12_000, func(t testing.TB, h *store.Home, n int) {
		running(t, h, asked("first", "p"))
		for i := range n {
			must(t, newIndex(h).enter(afterDir+"/first", fmt.Sprint("w", i)))
		}
	}},
	"each for the one before": {2_000, func(t testing.TB, h *store.Home, n int) {
		running(t, h, asked("w0", "p"))
		for i := range n {
			must(t, newIndex(h).enter(fmt.Sprint(afterDir, "/w", i), fmt.Sprint("w", i+1)))
		}
	}},
}

// dispatchCosts are the least times that a dispatch takes which picks one task, with so
// many waiting. They are measured in turn, and on a busy system for longer, until each
// had a moment to itself.
func dispatchCosts(t testing.TB, wait func(t testing.TB, h *store.Home, n int), waiting ...int) []time.Duration {
	homes, least := make([]*store.Home, len(waiting)), make([]time.Duration, len(waiting))
	for i, n := range waiting {
		h := newHome(t)
		must(t, Pause(h, []string{"p", "q"}))
		enqueued(t, h, asked("head", "q"))
		wait(t, h, n)
		must(t, configure(h, []string{"q"}, false, func(c *queueConfig) { c.Paused = false }))
		homes[i], least[i] = h, time.Hour
	}
	for round := 0; round < 300 || round < 3000 && slices.Max(least) > 2*slices.Min(least); round++ {
		for i, h := range homes {
			begin := time.Now()
			picked, _ := decided(t, h)
			least[i] = min(least[i], time.Since(begin))
			if !slices.Equal(picked, []string{"head"}) {
				t.Fatalf("a dispatch picked %v, want head", picked)
			}
		}
	}
	return least
}

// What a dispatch costs does not grow with the number of those who wait.
func TestDispatchCostIsFlat(t *testing.T) {
	if testing.Short() {
		t.Skip("makes 100,000 files")
	}
	for name, shape := range shapes {
		t.Run(name, func(t *testing.T) {
			costs := dispatchCosts(t, shape.wait, 100, shape.many)
			few, many := costs[0], costs[1]
			t.Logf("with 100 waiting %v, with %d %v: %.2f", few, shape.many, many, float64(many)/float64(few))
			if many > 2*few {
				t.Errorf("a dispatch with %d waiting takes %v, want at most twice the %v with 100", shape.many, many, few)
			}
		})
	}
}

// Ten thousand at the head that a key keeps from running are in nobody's way.
func TestBlockedHeadHoldsNobodyUp(t *testing.T) {
	h := newHome(t)
	must(t, Set(h, "q", 2))
	must(t, Pause(h, []string{"q"}))
	holder := asked("holder", "q")
	holder.Spec.ConcurrencyKey = "k"
	running(t, h, holder)
	enqueued(t, h, asked("free", "q"))
	tag := keyTag(&holder.Spec)
	backlog(t, h, 10_000, 5, tag)
	x := newIndex(h)
	must(t, writeConfig(x.path(queuesDir, "q"), &queueConfig{Version: 1, Slots: 2}))
	begin := time.Now()
	var picked []string
	for again := true; again; {
		more, w := decided(t, h)
		picked, again = append(picked, more...), w.again
	}
	if !slices.Equal(picked, []string{"free"}) {
		t.Fatalf("the dispatch picked %v, want free", picked)
	}
	first := time.Since(begin)
	begin = time.Now()
	decided(t, h)
	t.Logf("the first dispatch took %v, the next %v", first, time.Since(begin))
	if n, err := x.blocked(tag, "q", "command").count(); n != 10_000 || err != nil {
		t.Errorf("%d wait for the key, %v, want 10000", n, err)
	}
}

func BenchmarkEnqueue(b *testing.B) {
	for name, after := range map[string]func(i int) []record.Dependency{
		"for a slot":       func(int) []record.Dependency { return nil },
		"all for one task": func(int) []record.Dependency { return []record.Dependency{{When: record.AfterOK, ID: "first"}} },
		"each for the one before": func(i int) []record.Dependency {
			if i == 0 {
				return nil
			}
			return []record.Dependency{{When: record.AfterOK, ID: fmt.Sprint("w", i-1)}}
		},
	} {
		b.Run(name, func(b *testing.B) {
			h := newHome(b)
			must(b, Pause(h, []string{"q"}))
			running(b, h, asked("first", "q"))
			requests := make([]*Request, b.N)
			for i := range requests {
				requests[i] = asked(fmt.Sprint("w", i), "q")
				requests[i].After = after(i)
			}
			b.ResetTimer()
			enqueued(b, h, requests...)
		})
	}
}
