package watch

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"bgtasks/lib/store"
)

func openFiles(t *testing.T) int {
	t.Helper()
	names, err := os.ReadDir("/dev/fd")
	if err != nil {
		t.Skip(err)
	}
	return len(names)
}

// What waiting for many tasks costs in descriptors does not depend on how many they
// are, and a ring at one of them wakes for that one.
func TestDescriptorsOfManyTasks(t *testing.T) {
	h := testHome(t)
	const n = 200
	for i := range n {
		lock := start(t, h, fmt.Sprintf("t%d", i), nil)
		lock.Unlock()
	}
	before := openFiles(t)
	w := newWatcher(t, h)
	for i := range n {
		if err := w.Add(fmt.Sprintf("t%d", i), i%2 == 0); err != nil {
			t.Fatal(err)
		}
	}
	if more := openFiles(t) - before; more > 4 {
		t.Errorf("%d descriptors more for %d tasks, want a few", more, n)
	}
	asleep(t, w)
	ring := func(i int) {
		store.Ring(filepath.Join(h.TaskDir(fmt.Sprintf("t%d", i)), store.BellsDir), store.BellChange)
	}
	ring(7)
	ring(150)
	ring(7)
	woken(t, w, "t150", "t7")
	w.Remove("t7")
	ring(7)
	asleep(t, w)

	// A task that goes takes along only its own name of the bell.
	if err := h.Remove("t199"); err != nil {
		t.Fatal(err)
	}
	lock := start(t, h, "another", nil)
	lock.Unlock()
	if err := w.Add("another", false); err != nil {
		t.Fatal(err)
	}
	store.Ring(filepath.Join(h.TaskDir("another"), store.BellsDir), store.BellChange)
	ring(8)
	woken(t, w, "another", "t199", "t8")
}
