package seglog

import (
	"errors"
	"math/rand"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"testing"

	"bgtasks/lib/fsys"
)

// TestCrashAtEveryStep copies the directory before each change that a writer
// makes to it, as a SIGKILL there would leave it, with a full disk now and then.
// Each copy must be readable, hold what was stored, and be continued.
func TestCrashAtEveryStep(t *testing.T) {
	rnd := rand.New(rand.NewSource(7))
	disk := &fullDisk{budget: 1 << 30}
	w := open(t, t.TempDir(), 8*minPart)
	seen := map[string]int{}
	w.fault = func(op string, n int) (int, error) {
		// The first few of each kind, in each state of the disk.
		key := op
		if disk.budget == 0 {
			key += " full"
		}
		if seen[key]++; seen[key] <= 12 {
			afterCrash(t, w)
		}
		return disk.fault(op, n)
	}
	for i := range 400 {
		switch i % 40 {
		case 10:
			disk.budget = rnd.Intn(3000)
		case 25:
			disk.budget = 1 << 30
		}
		feed(t, w, 1+rnd.Intn(3000))
		verify(t, w)
	}
	for _, op := range []string{"create", "write", "rename", "mark full", "remove", "replace", "unmark"} {
		if seen[op] == 0 {
			t.Errorf("the step %q was never met", op)
		}
	}
}

// afterCrash takes over a copy of the log as the writer has left it by now.
func afterCrash(t *testing.T, w *Writer) {
	t.Helper()
	dir := copyDir(t, w.o.Dir)
	before := readAll(t, reader(t, dir), 0)
	if stored := w.base + w.size; before.end < stored {
		t.Fatalf("after a crash the log ends at %d, want at least %d", before.end, stored)
	}
	next := open(t, dir, w.o.Max)
	if next.Offset() != before.end || !slices.Equal(next.gaps, before.gaps) {
		t.Fatalf("continued at %d with gaps %v, want %d, %v", next.Offset(), next.gaps, before.end, before.gaps)
	}
	feed(t, next, 100)
	verify(t, next)
	feed(t, next, 3*minPart)
	verify(t, next)
	next.Close()
	os.RemoveAll(dir)
}

// Not even a name can be made: the loss is kept in memory until one can.
func TestNothingCanBeRecorded(t *testing.T) {
	w := open(t, t.TempDir(), 0)
	disk := &fullDisk{budget: 150, noEntry: true}
	w.fault = disk.fault
	for range 5 {
		feed(t, w, 100)
	}
	if got := readAll(t, reader(t, w.o.Dir), 0); got.end != 150 {
		t.Errorf("reader ends at %d, want 150", got.end)
	}
	disk.budget = 1 << 20
	feed(t, w, 100)
	if c := verify(t, w); len(c.gaps) != 1 || c.gaps[0] != (Gap{150, 500, Full}) {
		t.Errorf("gaps = %v, want 150 to 500", c.gaps)
	}
	if got := w.Lost(); got != 350 {
		t.Errorf("Lost() = %d, want 350", got)
	}
}

func TestCloseTellsWhatItCouldNotRecord(t *testing.T) {
	w := open(t, t.TempDir(), 0)
	w.fault = (&fullDisk{noEntry: true}).fault
	feed(t, w, 100)
	if err := w.Close(); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("Close() = %v, want %v", err, syscall.ENOSPC)
	}
}

// A disk that flaps leaves a bounded number of files and gaps, and no byte
// uncounted.
func TestFlappingDisk(t *testing.T) {
	dir := t.TempDir()
	w := open(t, dir, 0)
	disk := &fullDisk{}
	w.fault = disk.fault
	for range 500 {
		disk.budget = 20
		feed(t, w, 30)
	}
	disk.budget = 1 << 20
	feed(t, w, 30)
	verify(t, w)
	if names, _ := fsys.Names(dir); len(names) > maxParts+4 {
		t.Errorf("%d files, want at most %d", len(names), maxParts+4)
	}
	if len(w.gaps) > maxGaps {
		t.Errorf("%d gaps, want at most %d", len(w.gaps), maxGaps)
	}
	if got, want := w.Offset()-w.Dropped(), usage(t, dir); got != want {
		t.Errorf("stored by count = %d, want %d", got, want)
	}
}

// On a real file system of 256 KiB.
func TestFullFileSystem(t *testing.T) {
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		t.Skip("mounting a tmpfs needs Linux and root")
	}
	dir := t.TempDir()
	if err := mountTmpfs(dir, "size=256k"); err != nil {
		t.Skip("cannot mount a tmpfs: ", err)
	}
	defer unmount(t, dir)
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 200<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	w := open(t, dir, 0)
	for range 40 {
		feed(t, w, 5000)
		verify(t, w)
	}
	if w.Lost() == 0 {
		t.Fatal("nothing was lost, want a full disk")
	}
	lost := w.Lost()
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	feed(t, w, 5000)
	verify(t, w)
	if w.Lost() != lost {
		t.Errorf("lost %d more bytes, want none", w.Lost()-lost)
	}
	w.Close()
	w = open(t, dir, 0)
	if w.Lost() != lost {
		t.Errorf("Lost() after reopening = %d, want %d", w.Lost(), lost)
	}
	w.Close()
}
