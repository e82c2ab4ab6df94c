package watch

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
)

// queueHome is a home in which the scheduler starts tasks.
func queueHome(t *testing.T, o store.Outlook) *store.Home {
	t.Helper()
	h := testHome(t)
	boot, err := proc.BootID()
	if err == nil {
		err = os.MkdirAll(filepath.Join(h.QueueDir(), store.ClaimsDir), 0o700)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(h.QueueDir(), store.BootFile), []byte(boot+"\n"), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	foretell(t, h, o)
	return h
}

func foretell(t *testing.T, h *store.Home, o store.Outlook) {
	t.Helper()
	lock, err := h.LockQueue()
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Unlock()
	lock.Foretell(o)
}

// claimed makes a running task that the scheduler has started, and gives its lock.
func claimed(t *testing.T, h *store.Home, id string, holder proc.Identity) *store.Lock {
	t.Helper()
	lock := start(t, h, id, nil)
	err := store.WriteHolder(lock.File(), record.Process(holder))
	if err == nil {
		err = os.WriteFile(filepath.Join(h.QueueDir(), store.ClaimsDir, id), nil, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return lock
}

// expecting gives a watcher of a task that waits for others.
func expecting(t *testing.T, h *store.Home) *Watcher {
	t.Helper()
	w := newWatcher(t, h)
	w.ahead.mind(&view.Task{ID: "next", State: record.Queued})
	w.ahead.look()
	return w
}

func self(t *testing.T) proc.Identity {
	t.Helper()
	id, err := proc.Self()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// While all is in order nothing wakes one who waits for a task that waits, but for the
// full look that comes after a while.
func TestOrderNeedsNoLook(t *testing.T) {
	h := queueHome(t, store.Done)
	claimed(t, h, "holder", self(t))
	a := &expecting(t, h).ahead
	if left := time.Until(a.next); a.pause != 0 || left < fullPause-time.Second || len(a.eyes) != 1 {
		t.Errorf("next look in %v, pause %v, %d eyes, want %v, 0, 1", left, a.pause, len(a.eyes), fullPause)
	}
	a.mind(&view.Task{ID: "next", State: record.Running})
	if a.look(); len(a.eyes) != 0 || !a.sooner(time.Time{}).IsZero() {
		t.Errorf("%d eyes, next look at %v, want none when no task waits", len(a.eyes), a.next)
	}
}

// What is left undone is seen, whoever has left it.
func TestWhatIsUndoneIsSeen(t *testing.T) {
	for name, leave := range map[string]func(*testing.T, *store.Home){
		"a dispatcher between two sections": func(t *testing.T, h *store.Home) { foretell(t, h, store.Undone) },
		"nobody sleeps":                     func(t *testing.T, h *store.Home) { foretell(t, h, store.Timed) },
		"a claim was not given back": func(t *testing.T, h *store.Home) {
			lock := claimed(t, h, "ended", self(t))
			end(t, h, "ended")
			lock.Unlock()
		},
		"a task is chosen, and by whom is not said": func(t *testing.T, h *store.Home) {
			gone := self(t)
			gone.StartTicks++
			claimed(t, h, "chosen", gone)
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := queueHome(t, store.Done)
			leave(t, h)
			a := &expecting(t, h).ahead
			if left := time.Until(a.next); a.pause != firstPause || left > 2*firstPause {
				t.Errorf("next look in %v, pause %v, want one soon", left, a.pause)
			}
			if err := os.Remove(filepath.Join(h.QueueDir(), store.BootFile)); err != nil {
				t.Fatal(err)
			}
			if a.look(); a.pause != 0 {
				t.Errorf("pause %v where nothing is started in this boot, want 0", a.pause)
			}
		})
	}
}

// The end of any of the processes is noticed. The waiter itself is not woken by it.
func TestEndsOfHoldersAreNoticed(t *testing.T) {
	h := queueHome(t, store.Done)
	shims := []proc.Identity{child(t), child(t)}
	locks := []*store.Lock{claimed(t, h, "a", shims[0]), claimed(t, h, "b", shims[1])}
	for i := range shims {
		w := expecting(t, h)
		locks[i].Unlock()
		if err := shims[i].Signal(syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		if got, err := w.Wait(t.Context(), time.Now().Add(firstPause)); err != ErrTimeout || w.ahead.pause == 0 {
			t.Errorf("Wait = %v, %v, pause %v, want ErrTimeout, and that something is undone", got, err, w.ahead.pause)
		}
		if err := os.Remove(filepath.Join(h.QueueDir(), store.ClaimsDir, string("ab"[i]))); err != nil {
			t.Fatal(err)
		}
	}
}

// Of many claims only some have an eye. A full look sees what becomes of all.
func TestManyClaims(t *testing.T) {
	h := queueHome(t, store.Done)
	for i := range 3 * maxEyes {
		lock := claimed(t, h, fmt.Sprintf("t%d", i), self(t))
		if i == 0 {
			defer lock.Unlock()
		}
	}
	a := &expecting(t, h).ahead
	if len(a.eyes) != maxEyes || a.pause != 0 {
		t.Errorf("%d eyes, pause %v, want %d, 0", len(a.eyes), a.pause, maxEyes)
	}
}

// A task that was started, or has ended, and of which nobody could tell is looked at
// in the end; one that goes on waiting is not.
func TestUntoldNews(t *testing.T) {
	h := queueHome(t, store.Done)
	claimed(t, h, "started", self(t))
	start(t, h, "ended", nil)
	end(t, h, "ended")
	start(t, h, "waits", nil)
	start(t, h, "unknown", nil)
	w := newWatcher(t, h)
	for _, id := range []string{"started", "ended", "waits"} {
		w.ahead.mind(&view.Task{ID: id, State: record.Queued})
	}
	if err := w.Add("unknown", false); err != nil {
		t.Fatal(err)
	}
	if look, err := w.Mind(&view.Task{ID: "unknown", State: record.Running, Supervisor: view.SupervisorAlive,
		Current: &record.State{State: record.Running}}); look || err != nil {
		t.Errorf("Mind = %v, %v, want false", look, err)
	}
	asleep(t, w)
	w.ahead.next = time.Now()
	woken(t, w, "ended", "started", "unknown")
	asleep(t, w)
}
