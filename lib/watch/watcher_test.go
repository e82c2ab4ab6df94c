package watch

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
)

func newWatcher(t *testing.T, h *store.Home) *Watcher {
	t.Helper()
	w, err := New(h)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w
}

// woken checks what wakes the watcher.
func woken(t *testing.T, w *Watcher, want ...string) {
	t.Helper()
	got, err := w.Wait(t.Context(), time.Time{})
	slices.Sort(got)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("Wait = %v, %v, want %v", got, err, want)
	}
}

// asleep checks that nothing wakes the watcher now.
func asleep(t *testing.T, w *Watcher) {
	t.Helper()
	if got, err := w.Wait(t.Context(), time.Now()); err != ErrTimeout {
		t.Errorf("Wait = %v, %v, want ErrTimeout: nothing has happened", got, err)
	}
}

func TestFollowersOfTheLog(t *testing.T) {
	h := testHome(t)
	start(t, h, "web", nil)
	doorbell, err := os.OpenFile(filepath.Join(h.TaskDir("web"), store.CtlFIFO), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer doorbell.Close()
	w := newWatcher(t, h)
	if err := w.Add("web", true); err != nil {
		t.Fatal(err)
	}
	message := make([]byte, record.MaxMessage)
	if n, err := doorbell.Read(message); err != nil || string(message[:n]) != record.ListenMessage {
		t.Errorf("the doorbell heard %q, %v, want %q", message[:n], err, record.ListenMessage)
	}
	asleep(t, w)
	dir := filepath.Join(h.TaskDir("web"), store.BellsDir)
	store.Ring(dir, store.BellLog)
	store.Ring(dir, store.BellChange)
	woken(t, w, "web")
	asleep(t, w)
}

func TestJournalWakes(t *testing.T) {
	h := testHome(t)
	w := newWatcher(t, h)
	if err := w.AddJournal(); err != nil {
		t.Fatal(err)
	}
	asleep(t, w)
	if err := h.Append(&record.Event{Name: record.EventStarted, Time: testTime, TaskID: "web"}); err != nil {
		t.Fatal(err)
	}
	woken(t, w, Journal)
	asleep(t, w)
}

// TestDescriptorWakes: a reader that goes away wakes, a full or an idle pipe does not.
func TestDescriptorWakes(t *testing.T) {
	r, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	w := newWatcher(t, testHome(t))
	w.AddFD(int(out.Fd()))
	asleep(t, w)
	r.Close()
	woken(t, w, Descriptor)
}

// A start over an ended task replaces its directory, bells and all.
func TestBellsFollowAReplacedTask(t *testing.T) {
	h := testHome(t)
	lock := start(t, h, "web", nil)
	end(t, h, "web")
	w := newWatcher(t, h)
	if err := w.Add("web", false); err != nil {
		t.Fatal(err)
	}
	d, err := h.Draft("web", testSpec(t, "web").AppendJSON(nil), false)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Lock().Unlock()
	old, err := d.PublishOver(lock)
	if err != nil {
		t.Fatal(err)
	}
	store.Ring(filepath.Join(old.Dir(), store.BellsDir), store.BellChange)
	woken(t, w, "web")
	asleep(t, w)
	store.Ring(filepath.Join(h.TaskDir("web"), store.BellsDir), store.BellChange)
	woken(t, w, "web")
	asleep(t, w)
}

// A process that was seen to end is news once.
func TestMindGivesNewsOnce(t *testing.T) {
	h := testHome(t)
	start(t, h, "web", nil)
	w := newWatcher(t, h)
	if err := w.Add("web", false); err != nil {
		t.Fatal(err)
	}
	self, err := proc.Self()
	if err != nil {
		t.Fatal(err)
	}
	self.StartTicks++
	gone := (*record.Process)(&self)
	task := &view.Task{ID: "web", State: record.Running, Supervisor: view.SupervisorAlive,
		Current: &record.State{State: record.Running, Shim: gone, Leader: gone}}
	for i, want := range []bool{true, false, false} {
		if look, err := w.Mind(task); look != want || err != nil {
			t.Errorf("Mind, call %d = %v, %v, want %v", i+1, look, err, want)
		}
	}
	if look, err := w.Mind(&view.Task{ID: "another"}); look || err != nil {
		t.Errorf("Mind of a task not added = %v, %v, want false", look, err)
	}
}

func TestTimeoutInMilliseconds(t *testing.T) {
	if got := timeout(time.Time{}); got != -1 {
		t.Errorf("timeout(none) = %d, want -1", got)
	}
	if got := timeout(time.Now().Add(-time.Hour)); got != 0 {
		t.Errorf("timeout(past) = %d, want 0", got)
	}
	if got := timeout(time.Now().Add(10 * time.Second)); got < 9000 || got > 10000 {
		t.Errorf("timeout(10s) = %d, want at most 10000", got)
	}
	if got := timeout(time.Now().Add(300 * 24 * time.Hour)); got != 1<<31-1 {
		t.Errorf("timeout(300 days) = %d, want the longest that poll takes", got)
	}
}
