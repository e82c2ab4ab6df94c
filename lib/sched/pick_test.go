package sched

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"bgtasks/lib/heal"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// A task that waits is not started before what belongs to its wait is done: its event
// retried is written (P10), and a stop that was asked for is carried out.
func TestTakeHealsFirst(t *testing.T) {
	for name, c := range map[string]struct {
		change func(t *testing.T, dir string)
		want   []string // that are picked when the task is healed
	}{
		"its retry was cut short": {retryCutShort, []string{"x"}},
		"it was to stop":          {stopAsked, []string{"waiter"}},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHome(t)
			must(t, Pause(h, []string{"q"}))
			waiter := asked("waiter", "q")
			waiter.After = []record.Dependency{{When: record.AfterAny, ID: "x"}}
			enqueued(t, h, asked("x", "q"), waiter)
			c.change(t, h.TaskDir("x"))
			must(t, os.Remove(newIndex(h).path(queuesDir, "q")))
			picked, w := decided(t, h)
			if len(picked) > 0 || !slices.Equal(w.sick, []string{"x"}) {
				t.Fatalf("a dispatch picked %v, and is to heal %v, want x healed", picked, w.sick)
			}
			_, err := heal.Load(h, "x")
			must(t, err)
			if picked, w = decided(t, h); w.again {
				picked, w = decided(t, h)
			}
			if !slices.Equal(picked, c.want) || len(w.sick) > 0 {
				t.Errorf("the next one picked %v, and is to heal %v, want %v picked", picked, w.sick, c.want)
			}
		})
	}
}

// retryCutShort leaves a task as a supervisor does that is killed when it has recorded
// that another attempt follows.
func retryCutShort(t *testing.T, dir string) {
	t.Helper()
	state := &record.State{Run: 1, Attempt: 1, State: record.Retrying, Reason: record.SelfExit, UpdatedAt: time.Now()}
	must(t, store.Replace(filepath.Join(dir, store.StateFile), state.AppendJSON(nil)))
	must(t, store.MakeFIFOs(dir, false))
}

// stopAsked leaves a stop that nobody has heard of.
func stopAsked(t *testing.T, dir string) {
	t.Helper()
	stop := &record.Stop{RequestedAt: time.Now(), By: "bg-stop", Signal: "TERM"}
	must(t, store.Replace(filepath.Join(dir, store.StopFile), stop.AppendJSON(nil)))
}

// What is damaged, or no FIFO of a task, keeps nothing from being started.
func TestTakePassesOverGarbage(t *testing.T) {
	h := newHome(t)
	must(t, Pause(h, []string{"q"}))
	enqueued(t, h, asked("x", "q"))
	retryCutShort(t, h.TaskDir("x"))
	fifo := filepath.Join(h.TaskDir("x"), store.OutFIFO)
	must(t, os.Remove(fifo))
	for _, path := range []string{fifo, filepath.Join(h.TaskDir("x"), store.StopFile)} {
		must(t, os.WriteFile(path, []byte("garbage"), 0o600))
	}
	must(t, os.Remove(newIndex(h).path(queuesDir, "q")))
	if picked, w := decided(t, h); !slices.Equal(picked, []string{"x"}) {
		t.Errorf("a dispatch picked %v, and is to heal %v, want x picked", picked, w.sick)
	}
}
