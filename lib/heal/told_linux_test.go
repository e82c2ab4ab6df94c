package heal

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"bgtasks/lib/record"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
	"bgtasks/test/testhome"
)

// endedUntold makes a task whose end is recorded and neither journalled nor tidied, by one who
// has its lock.
func endedUntold(t *testing.T, h *store.Home, id string, at time.Time) (e *record.Event) {
	t.Helper()
	code := 1
	state := testhome.State(record.Failed)
	state.Reason, state.ExitCode, state.UpdatedAt = record.SelfExit, &code, at
	testhome.Put(t, h, testhome.Spec(t, id), state)
	if err := h.MarkLive(id); err != nil {
		t.Fatal(err)
	}
	if err := store.MakeFIFOs(h.TaskDir(id), false); err != nil {
		t.Fatal(err)
	}
	testhome.Hold(t, h, id)
	return &record.Event{Name: record.EventFailed, Time: at, TaskID: id, State: state}
}

// hung waits until somebody has hung up a bell at the task: given its name by a rename.
func hung(t *testing.T, h *store.Home, id string) {
	t.Helper()
	dir := filepath.Join(h.TaskDir(id), store.BellsDir)
	if err := os.Mkdir(dir, 0o700); err != nil && !os.IsExist(err) {
		t.Fatal(err)
	}
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if _, err := unix.InotifyAddWatch(fd, dir, unix.IN_MOVED_TO); err != nil {
		t.Fatal(err)
	}
	for buf := make([]byte, 4096); len(visible(t, dir)) == 0; {
		if _, err := unix.Read(fd, buf); err != nil && err != unix.EINTR {
			t.Fatal(err)
		}
	}
}

func visible(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name()[0] != '.' {
			names = append(names, e.Name())
		}
	}
	return names
}

// CASES 56: whoever is told of an end finds it in the journal.
func TestWhoIsToldOfAnEndFindsIt(t *testing.T) {
	for name, load := range map[string]func(*store.Home) (*view.Task, error){
		"one task":    func(h *store.Home) (*view.Task, error) { return Load(h, "web") },
		"one of many": func(h *store.Home) (*view.Task, error) { return Read(view.NewReader(h), "web", view.Unmarked) },
	} {
		t.Run(name, func(t *testing.T) {
			h := testhome.New(t)
			event := endedUntold(t, h, "web", time.Now())
			told := make(chan int)
			go func() {
				task, err := load(h)
				if err != nil || task.State != record.Failed {
					t.Errorf("%v, %v, want a failed task", task, err)
				}
				told <- len(ends(t, h, "web"))
			}()
			hung(t, h, "web")
			if err := h.Append(event); err != nil {
				t.Fatal(err)
			}
			if err := h.UnmarkLive("web"); err != nil {
				t.Fatal(err)
			}
			store.Ring(filepath.Join(h.TaskDir("web"), store.BellsDir), store.BellChange)
			if n := <-told; n != 1 {
				t.Errorf("the journal held %d ends when the end was told, want 1", n)
			}
		})
	}
}

// Nobody hangs with a supervisor that is stopped before it journals, or finds no room.
func TestAnEndIsToldInTheEnd(t *testing.T) {
	h := testhome.New(t)
	endedUntold(t, h, "stopped", time.Now())
	endedUntold(t, h, "long", time.Now().Add(-view.TellingTime))
	endedUntold(t, h, "future", time.Now().Add(time.Hour))
	for id, least := range map[string]time.Duration{"stopped": view.TellingTime / 2, "long": 0, "future": 0} {
		begin := time.Now()
		task := load(t, h, id)
		if took := time.Since(begin); task.State != record.Failed || took < least || least == 0 && took > view.TellingTime {
			t.Errorf("Load(%s) = %s after %v, want failed after %v", id, task.State, took, least)
		}
	}
	if n := len(visible(t, filepath.Join(h.TaskDir("stopped"), store.BellsDir))); n != 0 {
		t.Errorf("%d bells are left, want 0", n)
	}
}
