package watch

import (
	"fmt"
	"math"
	"syscall"
	"testing"
	"time"

	"bgtasks/lib/heal"
	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
)

// supervised makes a running task whose supervisor is another process, which holds the
// lock.
func supervised(t *testing.T, h *store.Home, id string) (shim proc.Identity, task *view.Task) {
	t.Helper()
	lock := start(t, h, id, nil)
	shim = child(t, lock.File().Fd())
	err := store.WriteHolder(lock.File(), record.Process(shim))
	if err == nil {
		err = lock.Unlock()
	}
	if err == nil {
		task, err = heal.Load(h, id)
	}
	if err != nil {
		t.Fatal(err)
	}
	return shim, task
}

func follow(t *testing.T, w *Watcher, task *view.Task) {
	t.Helper()
	if look, err := w.Follow(task); look || err != nil {
		t.Fatalf("Follow(%s) = %v, %v, want false", task.ID, look, err)
	}
}

func kill(t *testing.T, id proc.Identity) {
	t.Helper()
	if err := id.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

// CASES 57: the death of any supervisor that is followed wakes, once, with two
// descriptors in the poll set however many there are.
func TestFollowedSupervisorsWake(t *testing.T) {
	h := testHome(t)
	w := newWatcher(t, h)
	shims := map[string]proc.Identity{}
	for i := range 20 {
		id := fmt.Sprintf("t%d", i)
		shim, task := supervised(t, h, id)
		shims[id] = shim
		follow(t, w, task)
		follow(t, w, task)
	}
	asleep(t, w)
	if len(w.polled) > 2 {
		t.Errorf("%d descriptors are polled, want 2", len(w.polled))
	}
	w.Unfollow("t5")
	kill(t, shims["t5"])
	asleep(t, w)
	kill(t, shims["t7"])
	woken(t, w, "t7")
	asleep(t, w)
	if w.Follows("t5") || !w.Follows("t7") {
		t.Errorf("Follows(t5), Follows(t7) = %v, %v, want false, true", w.Follows("t5"), w.Follows("t7"))
	}
}

// Where descriptors run out the rest is looked at after a while, at no more cost than
// that of asking for a lock, and watched as soon as there is room.
func TestFollowedWithFewDescriptors(t *testing.T) {
	h := testHome(t)
	w := newWatcher(t, h)
	w.follows = newFollows(h)
	w.follows.most = -1
	shim, task := supervised(t, h, "web")
	follow(t, w, task)
	if left := time.Until(w.follows.next); w.follows.dark != 1 || left < fullPause-time.Second {
		t.Fatalf("%d unwatched, next look in %v, want 1, %v", w.follows.dark, left, fullPause)
	}
	w.follows.next = time.Now()
	asleep(t, w)
	kill(t, shim)
	syscall.Wait4(shim.PID, nil, 0, nil)
	w.follows.next = time.Now()
	woken(t, w, "web")
	_, other := supervised(t, h, "other")
	follow(t, w, other)
	w.Unfollow("web")
	w.follows.most = math.MaxInt
	w.follows.next = time.Now()
	woken(t, w, "other")
	follow(t, w, other)
	if w.follows.dark != 0 {
		t.Errorf("%d unwatched, want 0: there is room again", w.follows.dark)
	}
}

// A task that waits is expected as by one who waits for it; one that is over is not
// followed.
func TestFollowOfOthers(t *testing.T) {
	w := newWatcher(t, testHome(t))
	follow(t, w, &view.Task{ID: "next", State: record.Queued})
	follow(t, w, &view.Task{ID: "over", State: record.Failed})
	if waiting := len(w.ahead.waiting); waiting != 1 || w.Follows("next") || w.Follows("over") {
		t.Errorf("%d are expected, Follows = %v, %v, want 1, false, false", waiting, w.Follows("next"), w.Follows("over"))
	}
	w.Unfollow("next")
	if len(w.ahead.waiting) != 0 {
		t.Error("a task that is followed no more is expected")
	}
}
