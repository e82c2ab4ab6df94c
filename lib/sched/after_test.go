package sched

import (
	"path/filepath"
	"testing"
	"time"

	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// become writes how the task's first run stands.
func become(t *testing.T, h *store.Home, id string, state record.LifeState) {
	t.Helper()
	s := &record.State{Run: 1, Attempt: 1, State: state, UpdatedAt: time.Now()}
	must(t, store.Replace(filepath.Join(h.TaskDir(id), store.StateFile), s.AppendJSON(nil)))
}

// TestDependency is what can be said of a dependency on the task x: once that is over,
// by how it ended, and before.
func TestDependency(t *testing.T) {
	const unknown = record.LifeState("") // the task was removed, or nobody recorded its end
	for when, verdicts := range map[string]map[record.LifeState]verdict{
		record.AfterOK: {
			record.Succeeded: met, record.Failed: never, record.Cancelled: never, record.TimedOut: never, unknown: forgotten,
			record.Queued: pending, record.Claimed: pending, record.Running: pending, record.Retrying: pending, record.Stale: pending,
		},
		record.AfterNotOK: {
			record.Succeeded: never, record.Failed: met, record.Cancelled: met, record.TimedOut: met, unknown: forgotten,
			record.Queued: pending, record.Claimed: pending, record.Running: pending, record.Retrying: pending, record.Stale: pending,
		},
		record.AfterAny: {
			record.Succeeded: met, record.Failed: met, record.Cancelled: met, record.TimedOut: met, unknown: met,
			record.Queued: pending, record.Claimed: pending, record.Running: pending, record.Retrying: pending, record.Stale: pending,
		},
		record.AfterGone: {
			record.Succeeded: met, record.Failed: met, record.Cancelled: met, record.TimedOut: met, unknown: met,
			record.Queued: pending, record.Claimed: pending, record.Running: pending, record.Retrying: pending, record.Stale: pending,
		},
	} {
		h := newHome(t)
		must(t, Pause(h, []string{"q"}))
		enqueued(t, h, asked("x", "q"))
		for state, want := range verdicts {
			d := record.Dependency{When: when, ID: "x", Run: 1}
			if state == unknown {
				d.ID = "removed"
			} else {
				become(t, h, "x", state)
			}
			if got, err := newIndex(h).judgeDependency(d); got != want || err != nil {
				t.Errorf("%s a task that is %q = %v, %v, want %v", when, state, got, err, want)
			}
		}
	}
}

// TestDependencyOnTree: a task that is over, but whose supervisor is still there, is
// not gone.
func TestDependencyOnTree(t *testing.T) {
	h := newHome(t)
	must(t, Pause(h, []string{"q"}))
	enqueued(t, h, asked("x", "q"))
	become(t, h, "x", record.Succeeded)
	lock, err := store.TryLock(h.TaskDir("x"))
	must(t, err)
	defer lock.Unlock()
	for when, want := range map[string]verdict{record.AfterGone: pending, record.AfterAny: met, record.AfterOK: met, record.AfterNotOK: never} {
		if got, err := newIndex(h).judgeDependency(record.Dependency{When: when, ID: "x", Run: 1}); got != want || err != nil {
			t.Errorf("%s a task that is over, with its supervisor = %v, %v, want %v", when, got, err, want)
		}
	}
}

// TestDependencies: of several the worst counts, and those that are not met are told.
func TestDependencies(t *testing.T) {
	h := newHome(t)
	must(t, Pause(h, []string{"q"}))
	enqueued(t, h, asked("good", "q"), asked("bad", "q"), asked("open", "q"))
	become(t, h, "good", record.Succeeded)
	become(t, h, "bad", record.Failed)
	on := func(ids ...string) (list []record.Dependency) {
		for _, id := range ids {
			list = append(list, record.Dependency{When: record.AfterOK, ID: id, Run: 1})
		}
		return list
	}
	for name, c := range map[string]struct {
		list []record.Dependency
		lost verdict // what a removed task counts as
		want verdict
		open int
	}{
		"none":                             {nil, never, met, 0},
		"one met":                          {on("good"), never, met, 0},
		"one pending":                      {on("good", "open"), never, pending, 1},
		"one never met":                    {on("bad", "open", "good"), never, never, 2},
		"one removed, held against it":     {on("removed", "open"), never, never, 2},
		"one removed, taken for met":       {on("removed", "good"), met, met, 0},
		"one removed, and one pending":     {on("removed", "open"), met, pending, 1},
		"one removed, and one that failed": {on("removed", "bad"), met, never, 1},
	} {
		got, open, err := newIndex(h).judgeDependencies(c.list, c.lost)
		if got != c.want || len(open) != c.open || err != nil {
			t.Errorf("%s: %v with %v open, %v, want %v with %d open", name, got, open, err, c.want, c.open)
		}
	}
}
