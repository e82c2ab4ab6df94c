package seglog

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"bgtasks/lib/fail"
	"bgtasks/lib/fsys"
)

const (
	// segmentSize is how long a segment of the journal gets before the next
	// line goes to a new one.
	segmentSize = 8 << 20

	// maxLine is the longest line of a journal, in bytes: more than any record that a line
	// is made of. What is longer is no line, see [ours].
	maxLine = 32 << 20

	// reserveStep and reserveLow are how much is reserved at a time, and when.
	reserveStep = 64 << 10
	reserveLow  = 16 << 10
)

// Journal is a log of lines to which several processes append. Its segments
// are named by the offset of their first byte: 20 digits and ".ndjson".
//
// A segment is closed as soon as it holds segmentSize bytes, or sooner as [Journal.Keep]
// says. It always ends with a whole line, and the offset of its end is the name of the
// next segment. A crash or a full disk can leave a part of a line at the end of the
// newest segment, and damage can leave more. The next Append cuts it off; readers never
// return it. Both look at no more bytes than a segment and a line can have.
//
// If the file system can, some room beyond the end of the file is reserved, so that a
// few more lines fit on a full disk.
//
// The process that begins a new segment removes old ones, as [Journal.Keep] says: the
// oldest first, and never the newest, which carries the offset.
type Journal struct {
	dir  string
	lock func() (unlock func(), err error)

	mu    sync.Mutex
	file  *os.File // the newest segment known
	start int64    // its offset
	limit int64    // segmentSize, less where little is kept, and in tests

	keep   Retention
	bounds func() Retention // nil once keep is known
}

// OpenJournal names a journal. Nothing is opened before the first use. The
// lock excludes other processes, and other users of it in this one.
func OpenJournal(dir string, lock func() (unlock func(), err error)) *Journal {
	return &Journal{dir: dir, lock: lock, limit: segmentSize}
}

// Append adds one line, which must end with its only newline, and returns the
// offset after it: the cursor of a reader that has seen it. On an error the line
// is not in the journal. It is not synced.
func (j *Journal) Append(line []byte) (int64, error) { return j.AppendWith("", line) }

// AppendWith adds the lines of the file due before the line, all in one write, and removes the file. Without such a file,
// or if it can't be read, the line is added alone; without a line, the file's alone. A process that is killed before it
// has removed the file has added its lines, and they come again.
func (j *Journal) AppendWith(due string, line []byte) (int64, error) {
	if i := bytes.IndexByte(line, '\n'); i != len(line)-1 || len(line) > maxLine || len(line) == 0 && due == "" {
		return 0, errors.New("append to journal: not exactly one line")
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := fail.Point("journal-lock"); err != nil {
		return 0, wrap("lock journal", err)
	}
	unlock, err := j.lock()
	if err != nil {
		return 0, wrap("lock journal", err)
	}
	defer unlock()
	if due == "" {
		return j.append(line)
	}
	text, unread := fsys.ReadFile(due)
	text = append(text[:bytes.LastIndexByte(text, '\n')+1], line...)
	after := int64(0)
	if len(text) > 0 {
		after, err = j.append(text)
	}
	if unread == nil && err == nil && os.Remove(due) != nil {
		_ = os.Truncate(due, 0) // the directory can't be written to
	}
	return after, err
}

// append writes whole lines, under the lock.
func (j *Journal) append(line []byte) (int64, error) {
	size, err := j.locate()
	if err != nil {
		return 0, wrap("append to journal", err)
	}
	if err := fail.Point("journal-write"); err != nil {
		return 0, wrap("append to journal", err)
	}
	reserve(j.file, size, int64(len(line)))
	if n, err := j.file.WriteAt(line, size); err != nil {
		if n > 0 {
			// Should this fail too, the next Append cuts the rest off.
			_ = j.file.Truncate(size)
		}
		return 0, wrap("append to journal", err)
	}
	fail.Pass("journal-written")
	return j.start + size + int64(len(line)), nil
}

// locate makes file the newest segment, with room and with whole lines only,
// and returns its size.
func (j *Journal) locate() (int64, error) {
	j.heed()
	if j.file == nil || !fsys.IsAt(j.file, segmentPath(j.dir, j.start)) || j.passed() {
		if err := j.openNewest(); err != nil {
			return 0, err
		}
	}
	for {
		size, err := j.cutTorn()
		if err != nil || size < j.limit && !j.outlived(size) {
			return size, err
		}
		j.giveBack(size)
		if err := j.open(j.start + size); err != nil {
			return 0, err
		}
		j.expire()
	}
}

// passed tells whether another process has begun a segment after ours: it may
// have other bounds, and closed segments are not appended to.
func (j *Journal) passed() bool {
	st, err := fsys.Stat(j.file)
	return err == nil && st.Size > 0 && fsys.Exists(segmentPath(j.dir, j.start+st.Size))
}

func (j *Journal) openNewest() error {
	starts, err := segments(j.dir)
	if err != nil {
		return err
	}
	if len(starts) == 0 {
		return j.open(0)
	}
	return j.open(starts[len(starts)-1])
}

// open makes the segment at start the current one, and creates it if needed.
func (j *Journal) open(start int64) error {
	f, _, err := openPlain(segmentPath(j.dir, start), os.O_RDWR|os.O_CREATE)
	if err != nil {
		return err
	}
	if j.file != nil {
		j.file.Close()
	}
	j.file, j.start = f, start
	return nil
}

// cutTorn cuts off a last line without newline and returns the size.
func (j *Journal) cutTorn() (int64, error) {
	st, err := fsys.Stat(j.file)
	if err != nil {
		return 0, err
	}
	size, err := wholeLines(j.file, st.Size)
	if err != nil || size == st.Size {
		return size, err
	}
	return size, j.file.Truncate(size)
}

// End is the cursor after the last whole line. It takes no lock.
func (j *Journal) End() (int64, error) {
	for {
		starts, err := segments(j.dir)
		if err != nil || len(starts) == 0 {
			return 0, wrap("read journal", err)
		}
		end, err := j.endOf(starts[len(starts)-1])
		if !errors.Is(err, os.ErrNotExist) { // else it was the newest when they were listed
			return end, wrap("read journal", err)
		}
	}
}

func (j *Journal) endOf(start int64) (int64, error) {
	f, size, err := openPlain(segmentPath(j.dir, start), os.O_RDONLY)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	size, err = wholeLines(f, size)
	return start + size, err
}

// Close releases the file.
func (j *Journal) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.file == nil {
		return nil
	}
	f := j.file
	j.file = nil
	return f.Close()
}

// wholeLines is the offset after the last newline before size, 0 without one.
func wholeLines(f *os.File, size int64) (int64, error) {
	var small [512]byte // nearly always the newline is the last byte
	buf := small[:]
	for end := ours(size); end > 0; {
		b := buf[:min(end, int64(len(buf)))]
		n, err := f.ReadAt(b, end-int64(len(b)))
		if n < len(b) && err != io.EOF {
			return 0, err
		}
		if i := bytes.LastIndexByte(b[:n], '\n'); i >= 0 {
			return end - int64(len(b)) + int64(i) + 1, nil
		}
		end -= int64(len(b))
		if len(buf) == len(small) {
			buf = make([]byte, blockSize)
		}
	}
	return 0, nil
}

// ours is how much of a segment of that size can be lines: the last one begins
// before segmentSize. What is behind that is damage, a gigabyte perhaps.
func ours(size int64) int64 { return min(size, segmentSize+maxLine) }

const segmentSuffix = ".ndjson"

// segmentPath pads the offset so that names sort by it.
func segmentPath(dir string, start int64) string {
	digits := offset(start)
	return filepath.Join(dir, strings.Repeat("0", 20-len(digits))+digits+segmentSuffix)
}

// segments lists the offsets of the segments in order. A directory that does
// not exist holds none.
func segments(dir string) ([]int64, error) {
	names, err := fsys.Names(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	var starts []int64
	for _, name := range names {
		digits, ok := strings.CutSuffix(name, segmentSuffix)
		start, err := strconv.ParseInt(digits, 10, 64)
		if ok && err == nil && len(digits) == 20 && start >= 0 {
			starts = append(starts, start)
		}
	}
	slices.Sort(starts)
	return starts, nil
}
