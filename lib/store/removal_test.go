package store

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bgtasks/lib/record"
)

// removable makes a task that is over, and the event of its removal.
func removable(t *testing.T, h *Home, id string) (*Lock, *record.Event) {
	t.Helper()
	d, err := h.Draft(id, []byte("{}\n"), false)
	if err == nil {
		err = d.Publish()
	}
	if err == nil {
		err = h.UnmarkLive(id)
	}
	if err != nil {
		t.Fatal(err)
	}
	return d.Lock(), record.RemovedEvent(id, nil, nil, time.Now())
}

// told counts the lines of the journal about removals.
func told(t *testing.T, h *Home) int {
	t.Helper()
	segments, err := filepath.Glob(filepath.Join(h.EventsDir(), "*.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, path := range segments {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		n += strings.Count(string(text), `"event":"removed"`)
	}
	return n
}

func inTmp(t *testing.T, h *Home) int {
	t.Helper()
	entries, err := os.ReadDir(h.TmpDir())
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// CASES 83: a task is removed and that is journalled in one go.
func TestRemoveTold(t *testing.T) {
	h := newHome(t)
	lock, event := removable(t, h, "a")
	defer lock.Unlock()
	unlock, err := h.lockJournal()
	if err != nil {
		t.Fatal(err)
	}
	var held *HeldError
	if err := h.Hurried().RemoveTold(event); !errors.As(err, &held) || !h.Exists("a") {
		t.Errorf("RemoveTold while others have the journal = %v, %v, want a HeldError, and the task there", err, h.Exists("a"))
	}
	unlock()
	if err := h.RemoveTold(event); err != nil || h.Exists("a") || told(t, h) != 1 || inTmp(t, h) != 0 {
		t.Errorf("RemoveTold = %v, there %v, told %d times, %d files left", err, h.Exists("a"), told(t, h), inTmp(t, h))
	}
}

// CASES 83: whoever is killed after the task was taken out of sight leaves the line to
// the next sweep, which does not wait for it to be old.
func TestRemovalCutShort(t *testing.T) {
	h := newHome(t)
	lock, event := removable(t, h, "a")
	if err := os.WriteFile(filepath.Join(h.TaskDir("a"), removedFile), event.AppendJSON(nil), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := h.withdraw("a", goneSuffix); err != nil {
		t.Fatal(err)
	}
	if err := h.Sweep(); err != nil || told(t, h) != 0 || inTmp(t, h) != 1 {
		t.Errorf("Sweep while it is removed = %v, told %d times, %d files left, want nothing done", err, told(t, h), inTmp(t, h))
	}
	lock.Unlock()
	for range 2 {
		if err := h.Sweep(); err != nil || told(t, h) != 1 || inTmp(t, h) != 0 {
			t.Errorf("Sweep = %v, told %d times, %d files left, want it told once", err, told(t, h), inTmp(t, h))
		}
	}
}
