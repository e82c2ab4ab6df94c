package seglog

import (
	"bytes"
	"errors"
	"io"
	"math"
	"os"
	"time"
)

// blockSize is how much is read at a time to count or find lines.
const blockSize = 64 << 10

// stretch is a range of stored bytes between gaps and cuts. A line never spans two.
type stretch struct{ start, end int64 }

// stretches lists what is stored now.
func (r *Reader) stretches() ([]stretch, error) {
	gaps, err := r.Gaps()
	if err != nil {
		return nil, err
	}
	end, err := r.End()
	if err != nil {
		return nil, err
	}
	var list []stretch
	at := r.only.from
	for _, g := range append(gaps[:len(gaps):len(gaps)], Gap{Start: end, End: end}) {
		for at < g.Start {
			next := min(g.Start, at+min(r.uncut(at), g.Start-at))
			list = append(list, stretch{at, next})
			at = next
		}
		at = g.End
	}
	return list, nil
}

// TailOffset is the offset where the last n stored lines begin, or the first line if
// there are at most n. A last line without a newline counts as a line, and a gap ends a
// line as a newline does. If the writer removes parts meanwhile, TailOffset is the first
// offset after them.
func (r *Reader) TailOffset(n int) (int64, error) {
	list, err := r.stretches()
	if err != nil {
		return 0, err
	}
	if n <= 0 {
		return r.End()
	}
	left := n
	buf := make([]byte, blockSize)
	for i := len(list) - 1; i >= 0; i-- {
		off, found, err := r.tailOf(list[i], left, buf)
		if gap := (*GapError)(nil); errors.As(err, &gap) {
			return gap.Gap.End, nil
		}
		if err != nil {
			return 0, err
		}
		if left -= found; left == 0 {
			return off, nil
		}
	}
	return r.only.from, nil
}

// tailOf finds where the last n lines of a stretch begin, or where it begins
// itself if it has fewer, and how many they are.
func (r *Reader) tailOf(s stretch, n int, buf []byte) (off int64, found int, err error) {
	for end := s.end; end > s.start; {
		start := max(s.start, end-int64(len(buf)))
		b := buf[:end-start]
		if err := r.readFull(b, start); err != nil {
			return 0, 0, err
		}
		if end == s.end {
			found = 1
			b = b[:len(b)-1] // whether it is a newline or not, it ends the last line
		}
		for i := bytes.LastIndexByte(b, '\n'); i >= 0; i = bytes.LastIndexByte(b[:i], '\n') {
			if found == n {
				return start + int64(i) + 1, n, nil
			}
			found++
		}
		end = start
	}
	return s.start, found, nil
}

// readFull reads len(p) bytes, across parts.
func (r *Reader) readFull(p []byte, off int64) error {
	for len(p) > 0 {
		n, err := r.ReadAt(p, off)
		if err != nil {
			return err
		}
		p, off = p[n:], off+int64(n)
	}
	return nil
}

// CountLines counts the stored lines, by the rules of [Reader.TailOffset].
func (r *Reader) CountLines() (int64, error) {
	lines, _, err := r.Survey()
	return lines, err
}

// countIn counts the lines of a stretch, as far as it is still stored.
func (r *Reader) countIn(s stretch, buf []byte) (int64, error) {
	var lines int64
	last := byte('\n')
	for off := s.start; off < s.end; {
		n, err := r.ReadAt(buf[:min(int64(len(buf)), s.end-off)], off)
		if gap := (*GapError)(nil); errors.As(err, &gap) {
			off = gap.Gap.End
			continue
		}
		if err != nil {
			return 0, err
		}
		lines += int64(bytes.Count(buf[:n], []byte{'\n'}))
		last, off = buf[n-1], off+int64(n)
	}
	if last != '\n' {
		lines++
	}
	return lines, nil
}

// OffsetSince is an offset with no byte before it that arrived at t or later.
// Up to a second of earlier output may follow it. Without a time index it is 0.
func (r *Reader) OffsetSince(t time.Time) (int64, error) {
	ns := unixNano(t.Add(-time.Second))
	var since int64 // what precedes the first entry arrived at a time not known
	seen, found := false, false
	err := r.eachEntry(func(e entry) bool {
		found = e.time > ns
		if seen {
			since = e.offset
		}
		seen = true
		return !found
	})
	if err != nil || found || !seen {
		return r.only.within(since), err
	}
	return r.End()
}

// OffsetUntil is an offset with no byte after it that arrived at t or earlier.
// Up to a second of later output may precede it. Without a time index it is the
// end.
func (r *Reader) OffsetUntil(t time.Time) (int64, error) {
	ns := unixNano(t)
	var until int64
	seen, open := false, true
	err := r.eachEntry(func(e entry) bool {
		if open {
			until, open = e.offset, false
		}
		open = e.time <= ns
		seen = true
		return true
	})
	if err != nil {
		return 0, err
	}
	if !seen || open {
		return r.End()
	}
	return r.only.within(until), nil
}

func readEntry(f *os.File, i int64) (entry, error) {
	var b [entrySize]byte
	_, err := f.ReadAt(b[:], i*entrySize)
	return decodeEntry(b[:]), err
}

// openIndex opens output.idx; without one the file is nil.
func (r *Reader) openIndex() (*os.File, int64, error) {
	f, size, err := openPlain(indexPath(r.dir, r.stem), os.O_RDONLY)
	if errors.Is(err, os.ErrNotExist) {
		return nil, 0, nil
	}
	return f, size, wrap("read time index", err)
}

// lastIndexed is the offset of the last entry of the time index, 0 without one.
func (r *Reader) lastIndexed() int64 {
	f, size, err := r.openIndex()
	if err != nil || f == nil {
		return 0
	}
	defer f.Close()
	if size < entrySize {
		return 0
	}
	e, err := readEntry(f, size/entrySize-1)
	if err != nil || !e.plausible() {
		return 0
	}
	return e.offset
}

// eachEntry calls do for the entries in order, until it returns false. It looks
// at all of them rather than searching, because a clock that was set back puts
// times out of order.
func (r *Reader) eachEntry(do func(entry) bool) error {
	f, _, err := r.openIndex()
	if err != nil || f == nil {
		return err
	}
	defer f.Close()
	buf := make([]byte, blockSize)
	for {
		n, err := io.ReadFull(f, buf)
		for b := buf[:n-n%entrySize]; len(b) > 0; b = b[entrySize:] {
			if !do(decodeEntry(b)) {
				return nil
			}
		}
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return nil
		}
		if err != nil {
			return wrap("read time index", err)
		}
	}
}

// unixNano is t.UnixNano for any time: what lies outside of 64 bits of
// nanoseconds, the years 1678 to 2262, is before or after every entry.
func unixNano(t time.Time) int64 {
	switch {
	case t.Unix() > math.MaxInt64/int64(time.Second):
		return math.MaxInt64
	case t.Unix() < math.MinInt64/int64(time.Second):
		return math.MinInt64
	}
	return t.UnixNano()
}
