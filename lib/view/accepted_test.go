package view

import (
	"encoding/json"
	"testing"
	"time"

	"bgtasks/lib/record"
	"bgtasks/lib/store"
	"bgtasks/test/testhome"
)

// What a start answers is what a look at the task would have shown when its program
// had just been executed, however it has ended since.
func TestStarted(t *testing.T) {
	h, spec, now := testhome.New(t), testhome.Spec(t, "web"), testhome.State(record.Running)
	now.StartedAt, now.UpdatedAt, now.Leader, now.Shim, now.Containment = testhome.Time, testhome.Time, testhome.Gone(t), testhome.Gone(t), "subreaper"
	testhome.Put(t, h, spec, now)
	lock := testhome.Hold(t, h, "web")
	want, err := json.Marshal(look(t, h, "web"))
	if err != nil {
		t.Fatal(err)
	}
	code := 3
	now.State, now.Reason, now.ExitCode, now.Usage = record.Failed, record.SelfExit, &code, &record.Usage{UserMs: 1}
	now.ExitedAt, now.UpdatedAt, now.Leftovers, now.OOM = testhome.Time.Add(time.Second), testhome.Time.Add(time.Second), 2, true
	testhome.Write(t, h, "web", "state.json", now.AppendJSON(nil))
	testhome.Write(t, h, "web", "output.log", []byte("hello\n"))
	if err := lock.Unlock(); err != nil {
		t.Fatal(err)
	}
	started, ok := Started(h, spec)
	if got, err := json.Marshal(started); string(got) != string(want) || !ok || err != nil {
		t.Errorf("Started = %s, %v, %v, want %s", got, ok, err, want)
	}
}

// A state that is not there, or is about another run, says nothing of the start.
func TestStartedUnknown(t *testing.T) {
	h, spec := testhome.New(t), testhome.Spec(t, "web")
	testhome.Put(t, h, spec, nil)
	if _, ok := Started(h, spec); ok {
		t.Error("Started of a run without a state is known, want unknown")
	}
	other := testhome.State(record.Running)
	other.Run, other.StartedAt = 2, testhome.Time
	testhome.Write(t, h, "web", "state.json", other.AppendJSON(nil))
	if _, ok := Started(h, spec); ok {
		t.Error("Started of run 1 by the state of run 2 is known, want unknown")
	}
}

// look reads a task as it is, with all its details.
func look(t testing.TB, h *store.Home, id string) *Task {
	t.Helper()
	r := NewReader(h)
	s, err := r.Snapshot(id, Thorough)
	if err != nil {
		t.Fatalf("Snapshot(%q) = %v", id, err)
	}
	task := r.Derive(s)
	r.AddDetails(task)
	return task
}
