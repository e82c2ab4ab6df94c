package seglog

import (
	"errors"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Retention says how much of a journal is kept. Zero bounds nothing.
type Retention struct {
	Bytes int64         // of all segments together
	Age   time.Duration // since the last line of a segment was written, by the wall clock

	// Time tells when a line was written, given its first bytes. Without it a
	// segment that fills slowly keeps older lines than Age says.
	Time func(line []byte) (at time.Time, known bool)
}

const (
	// keptSegments is how many segments the bounds are divided into: what is
	// removed at a time is one of so many.
	keptSegments = 8

	// minSegment keeps a small bound from making a segment of every few lines.
	minSegment = 4 << 10

	// timePrefix is more than the first bytes that tell a line's time.
	timePrefix = 64
)

// Keep bounds the journal from the next new segment on. bounds is called once, by the
// first Append, which must come later.
func (j *Journal) Keep(bounds func() Retention) { j.bounds = bounds }

// heed asks for the bounds.
func (j *Journal) heed() {
	if j.bounds == nil {
		return
	}
	j.keep, j.bounds = j.bounds(), nil
	if r := j.keep; r.Bytes > 0 {
		j.limit = min(j.limit, max(r.Bytes/keptSegments, minSegment))
	}
}

// outlived tells whether the newest segment began so long ago that another one
// must begin, for this one to be removed in time.
func (j *Journal) outlived(size int64) bool {
	if j.keep.Age <= 0 || j.keep.Time == nil || size == 0 {
		return false
	}
	var first [timePrefix]byte
	n, err := j.file.ReadAt(first[:], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return false
	}
	at, known := j.keep.Time(first[:n])
	return known && time.Since(at) > j.keep.Age/keptSegments
}

// giveBack gives back what is reserved beyond the end of a segment that is
// closed. Its time stays that of its last line.
func (j *Journal) giveBack(size int64) {
	var st unix.Stat_t
	fd := int(j.file.Fd())
	err := unix.Fstat(fd, &st)
	_ = j.file.Truncate(size)
	if err == nil {
		last := unix.NsecToTimeval(unix.TimespecToNsec(st.Mtim))
		_ = unix.Futimes(fd, []unix.Timeval{last, last})
	}
}

// expire removes what need not be kept. What can't be removed now is, as the
// next segment begins.
func (j *Journal) expire() {
	starts, err := segments(j.dir)
	if err != nil {
		return
	}
	for _, start := range starts[:max(len(starts)-1, 0)] {
		tooMany := j.keep.Bytes > 0 && j.start+j.limit-start > j.keep.Bytes
		path := segmentPath(j.dir, start)
		if start >= j.start || !tooMany && !j.tooOld(path) || os.Remove(path) != nil {
			return
		}
	}
}

// tooOld tells whether the last line of a closed segment is.
func (j *Journal) tooOld(path string) bool {
	var st unix.Stat_t // as in package fsys: an os.FileInfo costs too much here
	if j.keep.Age <= 0 || unix.Lstat(path, &st) != nil {
		return false
	}
	return time.Since(time.Unix(st.Mtim.Unix())) > j.keep.Age
}

// SyncBefore syncs the lines before a cursor, unless that was done already, so that after
// a power failure the cursor does not point past the end.
func SyncBefore(dir string, cursor int64) error {
	starts, err := segments(dir)
	if err != nil {
		return wrap("sync journal", err)
	}
	for i := len(starts) - 1; i >= 0; i-- {
		if starts[i] >= cursor && starts[i] > 0 {
			continue
		}
		f, _, err := openPlain(segmentPath(dir, starts[i]), os.O_RDONLY)
		if err == nil {
			err = errors.Join(f.Sync(), f.Close())
		}
		return wrap("sync journal", err)
	}
	return nil
}
