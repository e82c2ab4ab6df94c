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

// dispatchCost is the least time that a dispatch takes which picks one task.
func dispatchCost(t testing.TB, waiting int) time.Duration {
	h := newHome(t)
	must(t, Pause(h, []string{"q"}))
	enqueued(t, h, asked("head", "q"))
	backlog(t, h, waiting, 0, "")
	must(t, configure(h, []string{"q"}, false, func(c *queueConfig) { c.Paused = false }))
	least := time.Hour
	for range 300 {
		begin := time.Now()
		picked, _ := decided(t, h)
		least = min(least, time.Since(begin))
		if !slices.Equal(picked, []string{"head"}) {
			t.Fatalf("a dispatch picked %v, want head", picked)
		}
	}
	return least
}

// What a dispatch costs does not grow with the number of those who wait.
func TestDispatchCostIsFlat(t *testing.T) {
	if testing.Short() {
		t.Skip("makes 100,000 files")
	}
	few, many := dispatchCost(t, 100), dispatchCost(t, 100_000)
	t.Logf("with 100 waiting %v, with 100,000 %v: %.2f", few, many, float64(many)/float64(few))
	if many > 2*few {
		t.Errorf("a dispatch with 100,000 waiting takes %v, want at most twice the %v with 100", many, few)
	}
}

// Ten thousand at the head that a key keeps from running are in nobody's way
// (lesson 33).
func TestLesson33BlockedHead(t *testing.T) {
	h := newHome(t)
	must(t, Set(h, "q", 2))
	must(t, Pause(h, []string{"q"}))
	holder := asked("holder", "q")
	holder.Spec.ConcurrencyKey = "k"
	holder.Priority = 9
	enqueued(t, h, holder, asked("free", "q"))
	tag := keyTag(&holder.Spec)
	backlog(t, h, 10_000, 5, tag)
	x := newIndex(h)
	lock, err := store.TryLock(h.TaskDir("holder"))
	must(t, err)
	defer lock.Unlock()
	must(t, x.locked(func() error { return x.writeClaim(&claim{"holder", 1, "q", "command", tag}) }))
	f, err := read(h, "holder")
	must(t, err)
	must(t, x.ready("q", "command").remove(entry{orderKey(f.spec.Schedule), "holder", tag}))
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
	h := newHome(b)
	must(b, Pause(h, []string{"q"}))
	requests := make([]*Request, b.N)
	for i := range requests {
		requests[i] = asked("", "q")
	}
	b.ResetTimer()
	enqueued(b, h, requests...)
}
