package view

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"bgtasks/lib/record"
	"bgtasks/lib/store"
	"bgtasks/test/testhome"
)

// ended is the state of an attempt that wrote the log from one offset to the
// other.
func ended(run, attempt int, state record.LifeState, from, to int64) *record.State {
	s := testhome.State(state)
	s.Run, s.Attempt, s.StartedAt, s.Reason = run, attempt, testhome.Time, record.SelfExit
	s.LogStart, s.LogEnd = from, to
	return s
}

// The executions of a task: those that were written down, the later of two, and
// the one at hand; what a crash cut short is none.
func TestAttempts(t *testing.T) {
	h, spec := testhome.New(t), testhome.Scheduled(t, "web")
	spec.Run = 2
	testhome.Put(t, h, spec, ended(2, 2, record.Failed, 30, 45))
	lines := ""
	for _, s := range []*record.State{
		ended(1, 1, record.Succeeded, 0, 10), ended(2, 1, record.Running, 10, 0), ended(2, 1, record.Retrying, 10, 30),
	} {
		lines += string(s.AppendAttempt(nil))
	}
	testhome.Write(t, h, "web", store.AttemptsFile, []byte(lines+`{"v":1,"run":2,"att`))
	task := look(t, h, "web")
	list, err := Attempts(h, task)
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, a := range list {
		got += fmt.Sprintf("%d.%d %s %d-%d\n", a.Run, a.Attempt, a.State, a.LogStart, *a.LogEnd)
	}
	if want := "1.1 succeeded 0-10\n2.1 retrying 10-30\n2.2 failed 30-45\n"; got != want {
		t.Errorf("Attempts = %s, want %s", got, want)
	}
	for _, c := range []struct {
		run, attempt int
		from, end    int64
	}{{1, 0, 0, 10}, {1, 1, 0, 10}, {2, 0, 10, -1}, {0, 0, 10, -1}, {0, 1, 10, 30}, {2, 2, 30, -1}} {
		if from, end, err := LogRange(h, task, c.run, c.attempt, false); from != c.from || end != c.end || err != nil {
			t.Errorf("LogRange(run %d, attempt %d) = %d, %d, %v, want %d, %d", c.run, c.attempt, from, end, err, c.from, c.end)
		}
	}
	var none *NoAttemptError
	if _, _, err := LogRange(h, task, 3, 0, false); !errors.As(err, &none) || none.Have != "run 1, run 2 (attempts 1, 2)" {
		t.Errorf("LogRange(run 3) = %v", err)
	}
	if _, _, err := LogRange(h, task, 0, 3, false); !errors.As(err, &none) || !strings.Contains(err.Error(), "attempt 3 of run 2") {
		t.Errorf("LogRange(attempt 3) = %v", err)
	}
}

// A task that waits for its first start has none.
func TestNoAttemptYet(t *testing.T) {
	h := testhome.New(t)
	testhome.PutWaiting(t, h, testhome.Scheduled(t, "web"), testhome.State(record.Queued), nil)
	task := look(t, h, "web")
	if list, err := Attempts(h, task); len(list) != 0 || err != nil {
		t.Errorf("Attempts = %v, %v, want none", list, err)
	}
	var none *NoAttemptError
	if _, _, err := LogRange(h, task, 1, 0, false); !errors.As(err, &none) || none.Have != "" {
		t.Errorf("LogRange = %v, want a *NoAttemptError", err)
	}
}
