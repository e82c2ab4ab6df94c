package seglog

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// Case 46: what others do to the files of a log is counted, and the log goes on.
func TestOthersTakeFilesAway(t *testing.T) {
	const half = minPart / 2
	for name, c := range map[string]struct {
		take  func(path string) error
		gaps  []Gap // after minPart+half bytes were written
		index bool  // the time index still tells of the first byte
	}{
		"newest removed": {os.Remove, []Gap{{minPart, minPart + half, Gone}}, true},
		"newest moved":   {func(p string) error { return os.Rename(p, p+".aside") }, []Gap{{minPart, minPart + half, Gone}}, true},
		"newest cut":     {func(p string) error { return os.Truncate(p, 5) }, []Gap{{minPart + 5, minPart + half, Gone}}, true},
		"newest longer":  {func(p string) error { return os.Truncate(p, 2*half+9) }, nil, true},
		"newest replaced": {func(p string) error { return os.Rename(filepath.Join(filepath.Dir(p), "other"), p) },
			[]Gap{{minPart, minPart + half, Gone}}, true},
		"part removed": {func(p string) error { return os.Remove(p + ".0-4096") }, []Gap{{0, minPart, Gone}}, true},
		"part cut":     {func(p string) error { return os.Truncate(p+".0-4096", 7) }, []Gap{{7, minPart, Gone}}, true},
		"part emptied": {func(p string) error { return os.Truncate(p+".0-4096", 0) }, []Gap{{0, minPart, Gone}}, true},
		"index removed": {func(p string) error { return os.Remove(filepath.Join(filepath.Dir(p), "output.idx")) },
			nil, true},
		"gaps removed": {func(p string) error { return os.Remove(filepath.Join(filepath.Dir(p), "output.json")) }, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			clock := newClock()
			w, err := Open(Options{Dir: dir, Stem: "output", Max: 8 * minPart, Now: clock.Now, Replace: replaceFile})
			if err != nil {
				t.Fatal(err)
			}
			write := func(n int) {
				t.Helper()
				if _, err := w.Write(make([]byte, n)); err != nil {
					t.Fatal(err)
				}
				clock.now = clock.now.Add(2 * time.Second)
			}
			write(minPart)
			write(half)
			if err := os.WriteFile(filepath.Join(dir, "other"), []byte("mine"), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := c.take(w.path); err != nil {
				t.Fatal(err)
			}
			write(3)
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			r := reader(t, dir)
			gaps, err1 := r.Gaps()
			end, err2 := r.End()
			if err1 != nil || err2 != nil || !slices.Equal(gaps, c.gaps) || end != minPart+half+3 {
				t.Errorf("gaps, end = %v, %d (%v, %v), want %v, %d", gaps, end, err1, err2, c.gaps, minPart+half+3)
			}
			last := make([]byte, 3)
			if n, err := r.ReadAt(last, end-3); n != 3 || err != nil {
				t.Errorf("the last 3 bytes: %d, %v, want them to be stored", n, err)
			}
			if _, known := timeAt(r, 0); known != c.index {
				t.Errorf("time of the first byte known = %t, want %t", known, c.index)
			}
			again, err := Open(w.o)
			if err != nil || again.Offset() != end || again.Dropped() != total(c.gaps, "") {
				t.Errorf("opened again: offset %d, dropped %d, %v, want %d, %d", again.Offset(), again.Dropped(), err, end, total(c.gaps, ""))
			}
		})
	}
}

// Case 60: a log that ends before its time index does lacks what is between, for a
// reader and for the next writer.
func TestLogShorterThanItsIndex(t *testing.T) {
	dir := t.TempDir()
	clock := newClock()
	w, err := Open(Options{Dir: dir, Stem: "output", Now: clock.Now, Replace: replaceFile})
	for range 3 {
		if _, err := w.Write(make([]byte, 100)); err != nil {
			t.Fatal(err)
		}
		clock.now = clock.now.Add(2 * time.Second)
	}
	if err != nil || w.Close() != nil || os.Truncate(w.path, 10) != nil {
		t.Fatal("can't make the log")
	}
	want := []Gap{{10, 200, Gone}}
	if gaps, err := reader(t, dir).Gaps(); err != nil || !slices.Equal(gaps, want) {
		t.Errorf("before another writer: gaps = %v, %v, want %v", gaps, err, want)
	}
	if w, err = Open(w.o); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte("more")); err != nil || w.Offset() != 204 || w.Close() != nil {
		t.Errorf("offset = %d, %v, want 204", w.Offset(), err)
	}
	r := reader(t, dir)
	if gaps, err := r.Gaps(); err != nil || !slices.Equal(gaps, want) {
		t.Errorf("after another writer: gaps = %v, %v, want %v", gaps, err, want)
	}
	r.Expect(300)
	if gaps, err := r.Gaps(); err != nil || !slices.Equal(gaps, append(want, Gap{204, 300, Gone})) {
		t.Errorf("expecting 300 bytes: gaps = %v, %v", gaps, err)
	}
}
