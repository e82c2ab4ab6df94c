package seglog

import (
	"errors"
	"io"
	"os"
	"slices"
)

// Reader reads a log, also while it is written, without any agreement with the
// writer. It is not for concurrent use. It holds at most two files open.
type Reader struct {
	dir, stem string

	names listing
	gaps  []Gap
	only  section
	cuts  []int64 // in order

	// cur is output.log, once it was seen with bytes in it: from then on its
	// base stands. It stays readable after the writer renamed it.
	cur  *os.File
	base int64 // of cur; without one, the end of the log as the names tell it

	expected int64 // how far the log is known to have reached
	written  int64 // the same, or further by the time index, when the names were read

	old     *os.File // the closed part read last
	oldPart part
}

// errStale says that the names have changed since they were read.
var errStale = errors.New("the log was rotated")

// OpenReader opens a log for reading. A log that does not exist is empty, and
// is read once it exists. A file output.json that cannot be read costs no more
// than the kinds of the gaps.
func OpenReader(dir, stem string) (*Reader, error) {
	r := &Reader{dir: dir, stem: stem, only: whole}
	if err := r.refresh(); err != nil {
		return nil, wrap("open log", err)
	}
	return r, nil
}

// refresh reads the names again.
//
// A listing that runs beside the writer may miss a new name and still show a
// newer one. But the second listing holds every name that was made before the
// first one ended, unless it was removed. So the largest END of the first is a
// horizon, and below it the second is complete.
//
// The base of output.log cannot move while it has bytes in it, so if it had
// some before the listings and is still the newest part after them, the horizon
// is its base.
//
// Entries of the time index come after their bytes, so that a log that ends before
// its last entry has lost some.
func (r *Reader) refresh() error {
	written := max(r.expected, r.lastIndexed())
	cur, size, err := openPlain(logPath(r.dir, r.stem), os.O_RDONLY)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	horizon, names, err := listTwice(r.dir, r.stem)
	known, _ := readMeta(r.dir, r.stem)
	if cur != nil && (err != nil || size == 0 || !r.isNewest(cur)) {
		cur.Close()
		cur = nil
	}
	if err != nil {
		return err
	}
	if cur != nil {
		horizon = max(horizon, known.base)
	}
	if r.cur != nil {
		r.cur.Close()
	}
	r.cur, r.base, r.names = cur, horizon, names
	r.gaps, r.written = names.holes(horizon, known), written
	return nil
}

func listTwice(dir, stem string) (horizon int64, l listing, err error) {
	first, err := list(dir, stem)
	if err == nil {
		l, err = list(dir, stem)
	}
	if errors.Is(err, os.ErrNotExist) {
		return 0, listing{}, nil
	}
	horizon = first.end()
	return horizon, l.before(horizon), err
}

// isNewest tells whether f is still output.log. While it is open, its inode
// number cannot be given to another file.
func (r *Reader) isNewest(f *os.File) bool {
	have, err1 := f.Stat()
	now, err2 := os.Lstat(logPath(r.dir, r.stem))
	return err1 == nil && err2 == nil && os.SameFile(have, now)
}

// ReadAt reads stored bytes from stream offset off, at least one and at most those of one
// file. Inside a gap it returns a [*GapError], at the end io.EOF; a later call returns
// bytes that arrived since.
func (r *Reader) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, errors.New("read log: negative offset")
	}
	if off >= r.only.to {
		return 0, io.EOF
	}
	if p = p[:min(int64(len(p)), r.only.to-off, r.uncut(off))]; len(p) == 0 {
		return 0, nil
	}
	n, err := r.readOnce(p, off)
	for errors.Is(err, errStale) {
		if err := r.refresh(); err != nil {
			return 0, wrap("read log", err)
		}
		if r.cur == nil && off >= r.base {
			return 0, r.atEnd(off)
		}
		n, err = r.readOnce(p, off)
	}
	return n, err
}

// readOnce reads by the names as they were last seen.
func (r *Reader) readOnce(p []byte, off int64) (int, error) {
	if off >= r.base {
		return r.readNewest(p, off)
	}
	for _, g := range r.gaps {
		if g.Start <= off && off < g.End {
			return 0, &GapError{g}
		}
	}
	for _, c := range r.names.parts {
		if c.start <= off && off < c.end {
			return r.readPart(c, p, off)
		}
	}
	return 0, errStale
}

func (r *Reader) readNewest(p []byte, off int64) (int, error) {
	if r.cur == nil {
		return 0, errStale
	}
	n, err := r.cur.ReadAt(p, off-r.base)
	switch {
	case n > 0:
		return n, nil
	case err != io.EOF:
		return 0, wrap("read log", err)
	case r.isNewest(r.cur):
		return 0, r.atEnd(off)
	}
	return 0, errStale
}

// readPart reads a closed part. If it is shorter than its name says, which only
// a power failure leaves, the rest is a gap.
func (r *Reader) readPart(c part, p []byte, off int64) (int, error) {
	if err := r.openPart(c); err != nil {
		return 0, err
	}
	p = p[:min(int64(len(p)), c.end-off)]
	n, err := r.old.ReadAt(p, off-c.start)
	switch {
	case n > 0:
		return n, nil
	case err == io.EOF:
		return 0, &GapError{Gap{off, c.end, Gone}}
	}
	return 0, wrap("read log", err)
}

func (r *Reader) openPart(c part) error {
	if r.old != nil && r.oldPart == c {
		return nil
	}
	f, _, err := openPlain(logPath(r.dir, r.stem)+"."+c.name(), os.O_RDONLY)
	if errors.Is(err, os.ErrNotExist) {
		return errStale
	}
	if err != nil {
		return wrap("read log", err)
	}
	if r.old != nil {
		r.old.Close()
	}
	r.old, r.oldPart = f, c
	return nil
}

// End is the offset after the last byte of the stream as it is now. The first
// offset is always 0.
func (r *Reader) End() (int64, error) {
	end, err := r.stored()
	return r.only.within(end), err
}

// stored is the end of the whole log.
func (r *Reader) stored() (int64, error) {
	if r.cur == nil || !r.isNewest(r.cur) {
		if err := r.refresh(); err != nil {
			return 0, wrap("read log", err)
		}
	}
	end, err := r.found()
	return max(end, r.written), err
}

// found is the end of what is there.
func (r *Reader) found() (int64, error) {
	if r.cur == nil {
		return r.base, nil
	}
	fi, err := r.cur.Stat()
	if err != nil {
		return 0, wrap("read log", err)
	}
	return r.base + fi.Size(), nil
}

// Expect tells the reader the end of the log that the writer's caller has recorded.
// Missing bytes before that end are a gap.
func (r *Reader) Expect(end int64) { r.expected = max(r.expected, end) }

// atEnd is what a read beyond the last byte gives.
func (r *Reader) atEnd(off int64) error {
	if off < r.written {
		return &GapError{Gap{off, r.written, Gone}}
	}
	return io.EOF
}

// Gaps lists the ranges that are not stored, in order, as of now.
func (r *Reader) Gaps() ([]Gap, error) {
	if err := r.refresh(); err != nil {
		return nil, wrap("read log", err)
	}
	gaps := r.gaps
	end, err := r.found()
	if err == nil && end < r.written {
		gaps = addGap(slices.Clone(gaps), Gap{end, r.written, Gone})
	}
	return r.only.clip(gaps), err
}

// Close releases the files.
func (r *Reader) Close() error {
	var err error
	for _, f := range []*os.File{r.cur, r.old} {
		if f != nil {
			err = errors.Join(err, f.Close())
		}
	}
	r.cur, r.old = nil, nil
	return err
}
