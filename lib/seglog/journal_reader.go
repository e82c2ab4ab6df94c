package seglog

import (
	"bytes"
	"errors"
	"io"
	"os"
	"slices"

	"bgtasks/lib/fsys"
)

// JournalReader reads the lines of a journal from a cursor on, without a lock.
// It is not for concurrent use.
type JournalReader struct {
	dir   string
	pos   int64    // the cursor: what was given out ends here
	file  *os.File // the segment that holds pos; nil while the journal is empty
	start int64    // its offset
	buf   []byte   // what was read; from used on it is what follows pos
	used  int
}

// OpenJournalReader begins after the line with this cursor; 0 is the very beginning. It
// returns [*TooOldError] if lines after the cursor are gone, and [*BadCursorError] if the
// cursor is not one of this journal.
func OpenJournalReader(dir string, cursor int64) (*JournalReader, error) {
	r := &JournalReader{dir: dir, pos: cursor}
	if cursor < 0 {
		return nil, &BadCursorError{cursor}
	}
	if err := r.find(); err != nil {
		return nil, err
	}
	if err := r.check(); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// OpenJournalTail begins at the first line that lies wholly within the last back bytes
// before end, a cursor of this journal, or at the oldest line that is kept, if that is
// later.
func OpenJournalTail(dir string, end, back int64) (*JournalReader, error) {
	from := max(end-back, 0)
	r := &JournalReader{dir: dir, pos: max(from-1, 0)}
	err := r.find()
	for old := (*TooOldError)(nil); errors.As(err, &old); old = nil {
		r.pos, from = old.Oldest, 0
		err = r.find()
	}
	if err != nil {
		return nil, err
	}
	if from > 0 {
		// The rest of the line that ends at from or after it.
		_, _, err = r.Next()
	}
	if err != nil && !errors.Is(err, io.EOF) {
		r.Close()
		return nil, err
	}
	return r, nil
}

// Cursor is the cursor of the last line that Next returned.
func (r *JournalReader) Cursor() int64 { return r.pos }

// find opens the segment that holds pos. In an empty journal there is none.
func (r *JournalReader) find() error {
	for {
		starts, err := segments(r.dir)
		if err != nil {
			return wrap("read journal", err)
		}
		if len(starts) == 0 {
			return nil
		}
		if r.pos < starts[0] {
			return &TooOldError{r.pos, starts[0]}
		}
		i, exact := slices.BinarySearch(starts, r.pos)
		if !exact {
			i--
		}
		// If it was removed since the listing, the next one tells what is left.
		err = r.open(starts[i])
		if !errors.Is(err, os.ErrNotExist) {
			return wrap("read journal", err)
		}
	}
}

func (r *JournalReader) open(start int64) error {
	f, _, err := openPlain(segmentPath(r.dir, start), os.O_RDONLY)
	if err != nil {
		return err
	}
	if r.file != nil {
		r.file.Close()
	}
	r.file, r.start = f, start
	return nil
}

// check sees to it that pos is at the start of a line.
func (r *JournalReader) check() error {
	switch {
	case r.file == nil && r.pos == 0, r.file != nil && r.pos == r.start:
		return nil
	case r.file == nil:
		return &BadCursorError{r.pos}
	}
	var b [1]byte
	n, err := r.file.ReadAt(b[:], r.pos-r.start-1)
	if n == 1 && b[0] == '\n' {
		return nil
	}
	if n == 0 && err != io.EOF {
		return wrap("read journal", err)
	}
	return &BadCursorError{r.pos}
}

// Next returns the next line with its newline, valid until the next call, and
// the cursor after it. It returns io.EOF when there is none for now; call it
// again later. It returns [*TooOldError] if segments were removed before they
// were read.
func (r *JournalReader) Next() (line []byte, cursor int64, err error) {
	scanned := 0
	for {
		rest := r.buf[r.used:]
		if i := bytes.IndexByte(rest[scanned:], '\n'); i >= 0 {
			line = rest[:scanned+i+1]
			r.used += len(line)
			r.pos += int64(len(line))
			return line, r.pos, nil
		}
		scanned = len(rest)
		err := io.EOF // what is longer than any line is part of one that never ends
		if scanned < maxLine {
			err = r.fill()
		}
		if err == io.EOF {
			// Part of a line may yet be cut off by the writers: read it again.
			r.buf, r.used, scanned = room(r.buf), 0, 0
			err = r.advance()
		}
		if err != nil {
			return nil, r.pos, err
		}
	}
}

// room is a buffer to be used anew, unless it has grown large.
func room(buf []byte) []byte {
	if cap(buf) > 16*blockSize {
		return nil
	}
	return buf[:0]
}

// fill reads more bytes behind those not used yet, which move to the front.
func (r *JournalReader) fill() error {
	if r.file == nil {
		return io.EOF
	}
	have := copy(r.buf, r.buf[r.used:])
	r.buf, r.used = slices.Grow(r.buf[:have], blockSize), 0
	n, err := r.file.ReadAt(r.buf[have:have+blockSize], r.pos-r.start+int64(have))
	r.buf = r.buf[:have+n]
	if n > 0 {
		return nil
	}
	if err == io.EOF {
		return err
	}
	return wrap("read journal", err)
}

// advance goes to the next segment, whose name is the offset where this one
// ends. Without one it returns io.EOF.
func (r *JournalReader) advance() error {
	if r.file == nil {
		if err := r.find(); err != nil {
			return err
		}
		if r.file == nil {
			return io.EOF
		}
		return nil
	}
	if r.pos == r.start {
		return io.EOF
	}
	err := r.open(r.pos)
	if errors.Is(err, os.ErrNotExist) {
		return r.missed()
	}
	return wrap("read journal", err)
}

// missed tells an end of the journal from segments that were removed: the
// segment at hand then was removed, too.
func (r *JournalReader) missed() error {
	if links(r.file) > 0 {
		return io.EOF
	}
	starts, err := segments(r.dir)
	if err != nil {
		return wrap("read journal", err)
	}
	if n := len(starts); n > 0 && starts[n-1] > r.pos {
		return &TooOldError{r.pos, starts[0]}
	}
	return io.EOF
}

// Close releases the file.
func (r *JournalReader) Close() error {
	if r.file == nil {
		return nil
	}
	f := r.file
	r.file = nil
	return f.Close()
}

// links is how many names a file still has. If that cannot be told, it counts
// as one.
func links(f *os.File) uint64 {
	st, err := fsys.Stat(f)
	if err != nil {
		return 1
	}
	return uint64(st.Nlink)
}
