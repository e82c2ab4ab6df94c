package seglog

import (
	"io"
	"testing"
)

// A reader of a section knows nothing of what is before and after it.
func TestLimit(t *testing.T) {
	dir := t.TempDir()
	w := open(t, dir, 0)
	if _, err := w.Write([]byte("a\nb\nc\nd\ne")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		from, to    int64
		text        string
		lines, tail int64 // of the last two lines
	}{
		{0, -1, "a\nb\nc\nd\ne", 5, 6},
		{2, 6, "b\nc\n", 2, 2},
		{2, 7, "b\nc\nd", 3, 4},
		{4, -1, "c\nd\ne", 3, 6},
		{6, 100, "d\ne", 2, 6},
		{4, 4, "", 0, 4},
		{6, 2, "", 0, 6},
	} {
		r := reader(t, dir)
		r.Limit(c.from, c.to)
		end, err := r.End()
		if want := c.from + int64(len(c.text)); end != want || err != nil || r.Start() != c.from {
			t.Errorf("[%d,%d): Start, End = %d, %d, %v, want %d, %d", c.from, c.to, r.Start(), end, err, c.from, want)
		}
		buf := make([]byte, 100)
		n, err := r.ReadAt(buf, c.from)
		if string(buf[:n]) != c.text || n == 0 && err != io.EOF {
			t.Errorf("[%d,%d): ReadAt = %q, %v, want %q", c.from, c.to, buf[:n], err, c.text)
		}
		if got, err := r.CountLines(); got != c.lines || err != nil {
			t.Errorf("[%d,%d): CountLines = %d, %v, want %d", c.from, c.to, got, err, c.lines)
		}
		if got, err := r.TailOffset(2); got != c.tail || err != nil {
			t.Errorf("[%d,%d): TailOffset(2) = %d, %v, want %d", c.from, c.to, got, err, c.tail)
		}
	}
}

// A gap is told of as far as it lies in the section.
func TestLimitWithGaps(t *testing.T) {
	dir := t.TempDir()
	w := open(t, dir, 8*minPart)
	feed(t, w, 30*minPart)
	r := reader(t, dir)
	gaps, err := r.Gaps()
	if len(gaps) != 1 || err != nil {
		t.Fatalf("Gaps = %v, %v, want one", gaps, err)
	}
	g := gaps[0]
	for _, c := range []section{{g.Start - 5, g.Start + 5}, {g.Start + 5, g.End - 5}, {g.End - 5, g.End + 5}} {
		r.Limit(c.from, c.to)
		want := Gap{max(g.Start, c.from), min(g.End, c.to), g.Why}
		if got, err := r.Gaps(); len(got) != 1 || got[0] != want || err != nil {
			t.Errorf("[%d,%d): Gaps = %v, %v, want %v", c.from, c.to, got, err, want)
		}
		if _, losses, err := r.Survey(); len(losses) != 1 || losses[0].Gap != want || err != nil {
			t.Errorf("[%d,%d): Survey = %v, %v, want %v", c.from, c.to, losses, err, want)
		}
	}
	r.Limit(0, g.Start)
	if got, err := r.Gaps(); got != nil || err != nil {
		t.Errorf("before the gap: Gaps = %v, %v", got, err)
	}
}
