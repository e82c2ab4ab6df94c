package seglog

import (
	"errors"
	"io"
	"os"
	"runtime"
	"testing"
)

// CASES 116: a segment with an endless unfinished line. Nobody looks at all of it, nobody
// takes it into memory, the next append cuts it off, and the lines before it are there.
func TestEndlessLine(t *testing.T) {
	dir := t.TempDir()
	j := journal(t, dir, segmentSize)
	end := appendLine(t, j, "one\n")
	const size = 1 << 40 // sparse: whoever reads all of it does not come back
	if err := os.Truncate(segmentPath(dir, 0), size); err != nil {
		t.Skip("no file of this size: ", err)
	}
	if got, err := j.End(); got != end || err != nil {
		t.Errorf("End() = %d, %v, want %d", got, err, end)
	}
	r := journalReader(t, dir, 0)
	expect(t, r, "one\n")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if line, _, err := r.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("Next() = %d bytes, %v, want EOF", len(line), err)
	}
	runtime.ReadMemStats(&after)
	if took := after.Sys - before.Sys; took > 8*maxLine {
		t.Errorf("the reader took %d bytes of memory", took)
	}
	next := appendLine(t, journal(t, dir, segmentSize), "two\n")
	if next != end+4 {
		t.Errorf("Append = %d, want %d: the line is cut off", next, end+4)
	}
	expect(t, r, "two\n")
	if st, err := os.Stat(segmentPath(dir, 0)); err != nil || st.Size() != next {
		t.Errorf("the segment has %d bytes, %v, want %d", st.Size(), err, next)
	}
}
