package seglog

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"
)

// bounded gives a journal with bounds, and one line of a thousand bytes.
func bounded(t *testing.T, dir string, r Retention) (j *Journal, line string) {
	t.Helper()
	j = OpenJournal(dir, flock(dir))
	j.Keep(func() Retention { return r })
	t.Cleanup(func() { j.Close() })
	return j, strings.Repeat("x", 999) + "\n"
}

func TestKeepBoundsTheBytes(t *testing.T) {
	dir := t.TempDir()
	j, line := bounded(t, dir, Retention{Bytes: 80_000})
	for i := range 500 {
		end := appendLine(t, j, line)
		starts, err := segments(dir)
		if err != nil {
			t.Fatal(err)
		}
		if held := end - starts[0]; held > 80_000+int64(len(line)) {
			t.Fatalf("after %d lines %d bytes are held, want 80000 at most", i+1, held)
		}
		if held := end - starts[0]; i > 80 && held < 60_000 {
			t.Fatalf("after %d lines only %d bytes are held", i+1, held)
		}
	}
	r, err := OpenJournalReader(dir, 0)
	var old *TooOldError
	if !errors.As(err, &old) {
		t.Fatalf("OpenJournalReader(0) = %v, %v, want a *TooOldError", r, err)
	}
	if got := allLines(t, journalReader(t, dir, old.Oldest)); len(got) < 60 {
		t.Errorf("%d lines are left, want 60 or more", len(got))
	}
}

// allLines gives the lines up to the end.
func allLines(t *testing.T, r *JournalReader) (lines []string) {
	t.Helper()
	for {
		line, _, err := r.Next()
		if errors.Is(err, io.EOF) {
			return lines
		}
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, string(line))
	}
}

func TestKeepBoundsTheAge(t *testing.T) {
	dir := t.TempDir()
	var first time.Time // of what the newest segment begins with
	j, line := bounded(t, dir, Retention{Age: 8 * time.Hour, Time: func([]byte) (time.Time, bool) { return first, true }})
	first = time.Now().Add(-50 * time.Minute)
	appendLine(t, j, line)
	appendLine(t, j, line)
	if starts, _ := segments(dir); len(starts) != 1 {
		t.Fatalf("segments = %v, want one: the first is younger than an eighth of the age", starts)
	}
	first = time.Now().Add(-70 * time.Minute)
	appendLine(t, j, line)
	starts, _ := segments(dir)
	if len(starts) != 2 {
		t.Fatalf("segments = %v, want two", starts)
	}
	past := time.Now().Add(-9 * time.Hour)
	for _, start := range starts {
		if err := os.Chtimes(segmentPath(dir, start), past, past); err != nil {
			t.Fatal(err)
		}
	}
	appendLine(t, j, line)
	if got, _ := segments(dir); len(got) != 1 || got[0] != 3000 {
		t.Errorf("segments = %v, want the newest alone", got)
	}
}

// A journal that was opened before another process began a segment, for a
// reason of its own, does not write behind its back.
func TestAppendGoesOnInTheNewestSegment(t *testing.T) {
	dir := t.TempDir()
	slow, line := bounded(t, dir, Retention{})
	appendLine(t, slow, line)
	quick, _ := bounded(t, dir, Retention{Age: time.Hour, Time: func([]byte) (time.Time, bool) { return time.Unix(0, 0), true }})
	appendLine(t, quick, line)
	if got := appendLine(t, slow, line); got != 3000 {
		t.Errorf("Append = %d, want 3000", got)
	}
	if got := allLines(t, journalReader(t, dir, 0)); len(got) != 3 {
		t.Errorf("%d lines, want 3", len(got))
	}
}

func TestOpenJournalTail(t *testing.T) {
	dir := t.TempDir()
	j := journal(t, dir, 100)
	var ends []int64
	for i := range 20 {
		ends = append(ends, appendLine(t, j, fmt.Sprintf("line %02d....\n", i)))
	}
	end := ends[len(ends)-1]
	for _, c := range []struct {
		back int64
		want string
	}{{0, ""}, {1, ""}, {12, "line 19"}, {13, "line 19"}, {24, "line 18"}, {end - 1, "line 01"}, {end, "line 00"}, {end + 9, "line 00"}} {
		r, err := OpenJournalTail(dir, end, c.back)
		if err != nil {
			t.Fatal(err)
		}
		line, _, err := r.Next()
		if c.want == "" && err != io.EOF || c.want != "" && !strings.HasPrefix(string(line), c.want) {
			t.Errorf("OpenJournalTail(%d, %d) begins with %q, %v, want %q", end, c.back, line, err, c.want)
		}
		r.Close()
	}
	if err := os.Remove(segmentPath(dir, 0)); err != nil {
		t.Fatal(err)
	}
	r, err := OpenJournalTail(dir, end, end)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	starts, _ := segments(dir)
	if r.Cursor() != starts[0] {
		t.Errorf("Cursor() = %d, want %d", r.Cursor(), starts[0])
	}
}
