package retain

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"bgtasks/lib/config"
	"bgtasks/lib/record"
)

var now = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// some makes finished tasks that ended one, two, … hours ago.
func some(kind string, state record.LifeState, n int) (list []*finished) {
	for i := range n {
		list = append(list, &finished{id: fmt.Sprintf("%s-%s-%d", kind, state, i+1), kind: kind, state: state,
			ended: now.Add(-time.Duration(i+1) * time.Hour), bytes: 100})
	}
	return list
}

func chosen(picks []pick) (ids []string) {
	for _, p := range picks {
		ids = append(ids, p.id+" "+string(p.why))
	}
	return ids
}

func TestChoose(t *testing.T) {
	for name, c := range map[string]struct {
		tasks []*finished
		rules config.Retention
		want  []string
	}{
		"no rule": {some("k", record.Succeeded, 3), config.Retention{}, nil},
		"age, strictly": {some("k", record.Succeeded, 3), config.Retention{SuccessTTL: 2 * time.Hour},
			[]string{"k-succeeded-3 age"}},
		"age of another state":       {some("k", record.Failed, 3), config.Retention{SuccessTTL: time.Hour, CancelledTTL: time.Hour}, nil},
		"a time-out is a failure":    {some("k", record.TimedOut, 2), config.Retention{FailedTTL: time.Hour}, []string{"k-timed_out-2 age"}},
		"a cancelled task":           {some("k", record.Cancelled, 2), config.Retention{CancelledTTL: time.Hour}, []string{"k-cancelled-2 age"}},
		"no cap for cancelled tasks": {some("k", record.Cancelled, 2), config.Retention{KeepSuccesses: 1, KeepFailures: 1}, nil},
		"a cap for each kind": {slices.Concat(some("a", record.Succeeded, 3), some("b", record.Succeeded, 1)),
			config.Retention{KeepSuccesses: 1}, []string{"a-succeeded-3 kind", "a-succeeded-2 kind"}},
		"failures and time-outs share a cap": {slices.Concat(some("a", record.Failed, 1), some("a", record.TimedOut, 2)),
			config.Retention{KeepFailures: 2}, []string{"a-timed_out-2 kind"}},
		"a cap protects nothing from age": {some("k", record.Succeeded, 3), config.Retention{SuccessTTL: 90 * time.Minute, KeepSuccesses: 3},
			[]string{"k-succeeded-3 age", "k-succeeded-2 age"}},
		"number": {slices.Concat(some("a", record.Succeeded, 2), some("b", record.Cancelled, 2)), config.Retention{MaxFinished: 3},
			[]string{"a-succeeded-2 count"}},
		"number counts what the other rules leave": {slices.Concat(some("a", record.Failed, 3), some("b", record.Succeeded, 3)),
			config.Retention{FailedTTL: time.Minute, MaxFinished: 2},
			[]string{"a-failed-3 age", "b-succeeded-3 count", "a-failed-2 age", "a-failed-1 age"}},
		"size": {some("k", record.Succeeded, 4), config.Retention{MaxBytes: 250},
			[]string{"k-succeeded-4 size", "k-succeeded-3 size"}},
	} {
		if got := chosen(choose(c.tasks, c.rules, now)); !slices.Equal(got, c.want) {
			t.Errorf("%s: choose = %q, want %q", name, got, c.want)
		}
	}
}

// What is older than a task that is too large goes with it: nobody would guess
// why the one in the middle is gone.
func TestChooseBySizeLeavesNoHole(t *testing.T) {
	tasks := some("k", record.Succeeded, 3)
	tasks[1].bytes = 1000
	want := []string{"k-succeeded-3 size", "k-succeeded-2 size"}
	if got := chosen(choose(tasks, config.Retention{MaxBytes: 500}, now)); !slices.Equal(got, want) {
		t.Errorf("choose = %q, want %q", got, want)
	}
}
