package retain

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"bgtasks/lib/heal"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// ended makes a task that is over.
func ended(t *testing.T, h *store.Home, id string, at time.Time) {
	t.Helper()
	spec := &record.Spec{ID: id, Run: 1, FirstRun: 1, Name: id, Command: "true", Kind: "k", CreatedAt: at}
	state := &record.State{Run: 1, Attempt: 1, State: record.Succeeded, ExitedAt: at, UpdatedAt: at}
	d, err := h.Draft(id, spec.AppendJSON(nil), false)
	if err == nil {
		err = store.Replace(filepath.Join(d.Dir(), store.StateFile), state.AppendJSON(nil))
	}
	if err == nil {
		err = d.Publish()
	}
	if err == nil {
		err = errors.Join(d.Lock().Unlock(), h.UnmarkLive(id))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// A task that was cleared and begun anew between the look and the lock has run 1
// again, and is another one.
func TestRemoveSparesASuccessor(t *testing.T) {
	h, err := store.Open(filepath.Join(t.TempDir(), "home"))
	if err != nil {
		t.Fatal(err)
	}
	at := time.Now().Add(-time.Hour)
	ended(t, h, "a", at)
	task, _, err := heal.Look(h, "a")
	if err != nil {
		t.Fatal(err)
	}
	seen := &finished{id: "a", kind: "k", state: record.Succeeded, run: 1, ended: endOf(task).Add(-time.Minute)}
	if _, err := remove(h, pick{seen, Asked}); !errors.Is(err, errGone) || !h.Exists("a") {
		t.Errorf("remove of one that ended before = %v, there = %t, want errGone, and the new one there", err, h.Exists("a"))
	}
	seen.ended = endOf(task)
	if _, err := remove(h, pick{seen, Asked}); err != nil || h.Exists("a") {
		t.Errorf("remove = %v, there = %t, want it gone", err, h.Exists("a"))
	}
}
