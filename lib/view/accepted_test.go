package view

import (
	"encoding/json"
	"testing"
	"time"

	"bgtasks/lib/record"
)

// What a start answers is what a look at the task would have shown when its program
// had just been executed, however it has ended since.
func TestStarted(t *testing.T) {
	h, spec, now := testHome(t), testSpec(t, "web"), testState(record.Running)
	now.StartedAt, now.UpdatedAt, now.Leader, now.Shim, now.Containment = testTime, testTime, gone(t), gone(t), "subreaper"
	put(t, h, spec, now)
	lock := hold(t, h, "web")
	want, err := json.Marshal(load(t, h, "web"))
	if err != nil {
		t.Fatal(err)
	}
	code := 3
	now.State, now.Reason, now.ExitCode, now.Usage = record.Failed, record.SelfExit, &code, &record.Usage{UserMs: 1}
	now.ExitedAt, now.UpdatedAt, now.Leftovers, now.OOM = testTime.Add(time.Second), testTime.Add(time.Second), 2, true
	write(t, h, "web", "state.json", now.AppendJSON(nil))
	write(t, h, "web", "output.log", []byte("hello\n"))
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
	h, spec := testHome(t), testSpec(t, "web")
	put(t, h, spec, nil)
	if _, ok := Started(h, spec); ok {
		t.Error("Started of a run without a state is known, want unknown")
	}
	other := testState(record.Running)
	other.Run, other.StartedAt = 2, testTime
	write(t, h, "web", "state.json", other.AppendJSON(nil))
	if _, ok := Started(h, spec); ok {
		t.Error("Started of run 1 by the state of run 2 is known, want unknown")
	}
}
