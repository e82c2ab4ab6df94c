package seglog

import (
	"os"
	"strings"
	"testing"
	"time"
)

// logOf makes a log of the texts; between them bytes are lost, n for each.
func logOf(t *testing.T, n int, texts ...string) (*Writer, *Reader) {
	t.Helper()
	dir := t.TempDir()
	w := open(t, dir, 0)
	disk := &fullDisk{}
	w.fault = disk.fault
	for i, s := range texts {
		if i > 0 {
			disk.budget = 0
			w.Write(make([]byte, n))
		}
		disk.budget = 1 << 30
		w.Write([]byte(s))
	}
	return w, reader(t, dir)
}

func TestLines(t *testing.T) {
	long := strings.Repeat("x", 3*blockSize) + "\n"
	for _, c := range []struct {
		texts []string
		lines int64
		tail  map[int]int64
	}{
		{[]string{""}, 0, map[int]int64{0: 0, 1: 0, 5: 0}},
		{[]string{"a\nb\nc\n"}, 3, map[int]int64{0: 6, 1: 4, 2: 2, 3: 0, 4: 0}},
		{[]string{"a\nb\nc"}, 3, map[int]int64{1: 4, 2: 2, 3: 0}},
		{[]string{"\n\n\n"}, 3, map[int]int64{1: 2, 2: 1, 3: 0, 9: 0}},
		{[]string{"a"}, 1, map[int]int64{1: 0, 2: 0}},
		{[]string{"a\nb", "c\nd\n"}, 4, map[int]int64{1: 15, 2: 13, 3: 2, 4: 0, 5: 0}},
		{[]string{"a\n", "b\n", "c"}, 3, map[int]int64{1: 24, 2: 12, 3: 0}},
		{[]string{"a\n" + long + long + "b\n"}, 4, map[int]int64{
			1: int64(2 + 2*len(long)), 2: int64(2 + len(long)), 3: 2, 4: 0}},
	} {
		_, r := logOf(t, 10, c.texts...)
		if got, err := r.CountLines(); got != c.lines || err != nil {
			t.Errorf("CountLines() of %.40q = %d, %v, want %d", c.texts, got, err, c.lines)
		}
		for n, want := range c.tail {
			if got, err := r.TailOffset(n); got != want || err != nil {
				t.Errorf("TailOffset(%d) of %.40q = %d, %v, want %d", n, c.texts, got, err, want)
			}
		}
	}
}

// TestTailOffsetMatchesSplit compares with the plain way over many block edges.
func TestTailOffsetMatchesSplit(t *testing.T) {
	var text strings.Builder
	for i := range 3000 {
		text.WriteString(strings.Repeat("y", i*7919%131) + "\n")
	}
	_, r := logOf(t, 0, text.String())
	want := int64(text.Len())
	lines := strings.SplitAfter(text.String(), "\n")
	lines = lines[:len(lines)-1]
	for n := 1; n <= len(lines); n++ {
		want -= int64(len(lines[len(lines)-n]))
		if n%37 != 0 {
			continue
		}
		if got, err := r.TailOffset(n); got != want || err != nil {
			t.Fatalf("TailOffset(%d) = %d, %v, want %d", n, got, err, want)
		}
	}
}

// timed writes one byte at each of the given milliseconds after the start.
func timed(t *testing.T, at ...int) (*clock, time.Time, *Reader) {
	t.Helper()
	c := newClock()
	start := c.now
	dir := t.TempDir()
	w := openWith(t, Options{Dir: dir, Stem: "output", Now: c.Now, Replace: replaceFile})
	for _, ms := range at {
		c.now = start.Add(time.Duration(ms) * time.Millisecond)
		w.Write([]byte("x"))
	}
	return c, start, reader(t, dir)
}

// The arrivals include a clock that is set back by 8 s after the fifth byte.
var arrivals = []int{0, 400, 999, 1000, 10000, 2000, 2500, 3500, 20000}

func TestOffsetsByTime(t *testing.T) {
	_, start, r := timed(t, arrivals...)
	for ms := -2000; ms < 24000; ms += 250 {
		at := start.Add(time.Duration(ms) * time.Millisecond)
		since, err1 := r.OffsetSince(at)
		until, err2 := r.OffsetUntil(at)
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		for off, arrived := range arrivals {
			if arrived >= ms && int64(off) < since {
				t.Errorf("OffsetSince(%d ms) = %d, which leaves out byte %d of %d ms", ms, since, off, arrived)
			}
			if arrived <= ms && int64(off) >= until {
				t.Errorf("OffsetUntil(%d ms) = %d, which leaves out byte %d of %d ms", ms, until, off, arrived)
			}
		}
	}
}

func TestOffsetsByTimeAreClose(t *testing.T) {
	_, start, r := timed(t, 0, 5000, 10000, 15000)
	for _, c := range []struct {
		ms           int
		since, until int64
	}{{-5000, 0, 0}, {4000, 1, 1}, {5000, 1, 2}, {7000, 2, 2}, {15000, 3, 4}, {17000, 4, 4}} {
		at := start.Add(time.Duration(c.ms) * time.Millisecond)
		since, err1 := r.OffsetSince(at)
		until, err2 := r.OffsetUntil(at)
		if since != c.since || until != c.until || err1 != nil || err2 != nil {
			t.Errorf("OffsetSince, OffsetUntil(%d ms) = %d, %d, want %d, %d", c.ms, since, until, c.since, c.until)
		}
	}
}

func timeAt(r *Reader, off int64) (time.Time, bool) {
	at, _, known := r.NewClock().At(off)
	return at, known
}

// Case 51: who asks in order is answered from a piece of the index that is kept.
func TestClockKeepsAPiece(t *testing.T) {
	var ms []int
	for i := range 3 * clockEntries {
		ms = append(ms, 2000*i)
	}
	_, start, r := timed(t, ms...)
	c := r.NewClock()
	for off, ms := range ms {
		at, until, known := c.At(int64(off))
		if want := start.Add(time.Duration(ms) * time.Millisecond); !known || !at.Equal(want) || until != int64(off)+1 {
			t.Fatalf("At(%d) = %v, %d, %t, want %v, %d, true", off, at, until, known, want, off+1)
		}
	}
	if err := os.Remove(indexPath(r.dir, "output")); err != nil {
		t.Fatal(err)
	}
	if _, _, known := c.At(int64(len(ms)) - 2); !known {
		t.Error("At() has read the index again, want it to be kept")
	}
}

func TestTimeAt(t *testing.T) {
	_, start, r := timed(t, arrivals...)
	for off, ms := range arrivals {
		got, ok := timeAt(r, int64(off))
		late := start.Add(time.Duration(ms) * time.Millisecond).Sub(got)
		if !ok || late < 0 || late >= time.Second {
			t.Errorf("TimeAt(%d) = %v, %v, want within the second before %d ms", off, got, ok, ms)
		}
	}
	if _, ok := timeAt(reader(t, t.TempDir()), 0); ok {
		t.Error("TimeAt(0) without an index = true")
	}
}

func TestNoIndexLeavesNothingOut(t *testing.T) {
	w, r := logOf(t, 0, "abc")
	if err := os.Remove(indexPath(w.o.Dir, "output")); err != nil {
		t.Fatal(err)
	}
	since, _ := r.OffsetSince(time.Now())
	until, _ := r.OffsetUntil(time.Unix(0, 0))
	if since != 0 || until != 3 {
		t.Errorf("OffsetSince, OffsetUntil = %d, %d, want 0, 3", since, until)
	}
}

// A torn entry, and one for bytes that the log does not hold, are cut off.
func TestIndexAfterCrash(t *testing.T) {
	dir := t.TempDir()
	c := newClock()
	o := Options{Dir: dir, Stem: "output", Now: c.Now, Replace: replaceFile}
	w := openWith(t, o)
	w.Write([]byte("x"))
	w.Close()
	path := indexPath(dir, "output")
	good, _ := os.ReadFile(path)
	past := append(append(append([]byte{}, good...), good[:15]...), 200)
	torn := append(append([]byte{}, past...), 1, 2, 3)
	if err := os.WriteFile(path, torn, 0o600); err != nil {
		t.Fatal(err)
	}
	w = openWith(t, o)
	c.add(500 * time.Millisecond)
	w.Write([]byte("y"))
	if got, _ := os.ReadFile(path); string(got) != string(good) {
		t.Errorf("index = %x, want %x", got, good)
	}
	c.add(500 * time.Millisecond)
	w.Write([]byte("z"))
	if got, _ := os.ReadFile(path); len(got) != 2*entrySize {
		t.Errorf("index of %d bytes, want %d", len(got), 2*entrySize)
	}
}

// The index of an endless task stays bounded, and right for what is kept.
func TestIndexForgetsWhatWasRotated(t *testing.T) {
	dir := t.TempDir()
	c := newClock()
	start := c.now
	w := openWith(t, Options{Dir: dir, Stem: "output", Max: 8 * minPart, Now: c.Now, Replace: replaceFile})
	const steps, step = 30000, 16
	b := make([]byte, step)
	for range steps {
		w.Write(b)
		c.add(time.Second)
	}
	fi, err := os.Stat(indexPath(dir, "output"))
	if err != nil || fi.Size() != w.index.size || fi.Size() > 4*minForget {
		t.Errorf("index of %d bytes, %v, want %d, at most %d", fi.Size(), err, w.index.size, 4*minForget)
	}
	r := reader(t, dir)
	for i := range steps {
		off := int64(i) * step
		if g := w.gaps[0]; off >= g.Start && off < g.End {
			continue
		}
		want := start.Add(time.Duration(i) * time.Second)
		if got, ok := timeAt(r, off); !ok || !got.Equal(want) {
			t.Fatalf("TimeAt(%d) = %v, %v, want %v", off, got, ok, want)
		}
	}
}
