package seglog

import (
	"errors"
	"os"
	"syscall"
	"time"

	"bgtasks/lib/fail"
	"bgtasks/lib/fsys"
)

// minPart is the smallest size of a part, in bytes.
const minPart = 4 << 10

// Options say where a log is and how it is written.
type Options struct {
	Dir  string // must exist
	Stem string // "output" gives output.log and the files named after it

	// Max is the cap in bytes on what is stored, 0 for none. Parts are one
	// eighth of it but at least 4 KiB, and two of them are always allowed.
	Max int64

	// Now gives the arrival time of bytes; nil means time.Now.
	Now func() time.Time

	// Replace replaces a small file atomically. It need not make it durable:
	// a lost output.json costs the kinds of gaps, never an offset.
	Replace func(path string, data []byte) error
}

// Writer appends to a log. There must be one Writer of a log at a time, which
// the caller sees to, and it is not for concurrent use. Readers need no
// agreement with it.
type Writer struct {
	noSplice bool // the file or the system can't be spliced to
	wide     bool // the pipe was made larger
	filled   int  // full chunks on end
	o        Options
	path     string
	part     int64 // size at which a part is closed; 0 for never

	file  *os.File // output.log; nil when it has yet to be created
	parts []part   // closed, with bytes
	marks []int64  // empty parts that exist
	base  int64    // stream offset of the file's first byte
	size  int64    // bytes in the file
	end   int64    // bytes of the stream; base+size unless some were just lost
	gaps  []Gap
	dirty bool // output.json does not say all this yet

	looked  time.Time // when output.log had its name
	flushed flushMark // how far write-back was started

	index  index
	closed bool

	// fault, for tests, is asked before each change on disk. For "write" it
	// says how many of n bytes may be written before err.
	fault func(op string, n int) (int, error)
}

// Open creates a log, or continues an existing one at its end after a crash at
// any point. It fails if the directory cannot be read or output.log is not a
// regular file; a full disk does not make it fail.
func Open(o Options) (*Writer, error) {
	if o.Replace == nil {
		return nil, errors.New("open log: no Replace given")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	w := &Writer{o: o, path: logPath(o.Dir, o.Stem)}
	w.flushed.at = o.Now()
	w.looked = w.flushed.at
	if o.Max > 0 {
		w.part = max(o.Max/8, minPart)
	}
	if err := w.recover(); err != nil {
		return nil, wrap("open log", err)
	}
	w.index.open(indexPath(o.Dir, o.Stem), w.end)
	if written := w.index.written; written > w.end {
		w.gaps = addGap(w.gaps, Gap{w.end, written, Gone})
		w.end, w.dirty = written, true
	}
	return w, nil
}

// recover takes the state from the names.
func (w *Writer) recover() error {
	l, err := list(w.o.Dir, w.o.Stem)
	if err != nil {
		return err
	}
	known, err := readMeta(w.o.Dir, w.o.Stem)
	w.dirty = err != nil
	w.base = max(l.end(), known.base)
	if err := w.openFile(os.O_CREATE); err != nil && !w.cannotCreate(err) {
		return err
	}
	w.parts, w.marks, w.end = w.repair(l.parts), l.marks, w.base+w.size
	w.gaps = l.holes(w.base, known)
	w.dirty = w.dirty || (w.base > 0 && (w.base != known.base || total(w.gaps, "") != total(known.gaps, "")))
	return nil
}

// repair gives parts that a power failure left shorter than their name says
// their true name. A part that cannot be renamed is left to the readers.
func (w *Writer) repair(parts []part) []part {
	for i, p := range parts {
		var st syscall.Stat_t
		if err := syscall.Lstat(w.partPath(p), &st); err != nil || st.Size == 0 || st.Size >= p.end-p.start {
			continue
		}
		short := part{p.start, p.start + st.Size}
		if fsys.Rename(w.partPath(p), w.partPath(short)) == nil {
			parts[i] = short
		}
	}
	return parts
}

// openFile opens output.log. It is not opened for appending, which splice(2)
// refuses: bytes go to explicit positions.
func (w *Writer) openFile(flags int) error {
	if err := errors.Join(w.allow("create"), fail.Point("log-create")); err != nil {
		return err
	}
	f, size, err := openPlain(w.path, os.O_RDWR|flags)
	if err != nil {
		return err
	}
	w.file, w.size, w.flushed.size, w.flushed.opened = f, size, size, w.o.Now()
	return nil
}

// openPlain opens a regular file of ours, 0600 whatever the umask, and tells
// its size. It neither follows a link nor waits on a FIFO.
func openPlain(path string, flags int) (*os.File, int64, error) {
	f, err := fsys.Open(path, flags, 0o600)
	if err != nil {
		return nil, 0, err
	}
	st, err := fsys.Stat(f)
	if err == nil && st.Mode&syscall.S_IFMT != syscall.S_IFREG {
		err = wrap(path, errors.New("not a regular file"))
	}
	if err == nil && st.Mode&0o777 != 0o600 && flags&os.O_CREATE != 0 {
		err = f.Chmod(0o600)
	}
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, st.Size, nil
}

// cannotCreate tells a disk that cannot take a new file for now from one that
// cannot give what it has: an output.log that exists must be opened, or its
// bytes would be taken for absent.
func (w *Writer) cannotCreate(err error) bool {
	var st syscall.Stat_t
	return errors.Is(syscall.Lstat(w.path, &st), os.ErrNotExist) &&
		(errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EIO))
}

// Write appends p and returns len(p) and nil, unless the log is closed. Bytes
// that cannot be stored, for whatever reason, become a gap of kind [Full], and
// the next Write tries again. It does not allocate unless a part is closed or
// the disk refuses.
func (w *Writer) Write(p []byte) (int, error) {
	if w.closed {
		return 0, ErrClosed
	}
	now := w.o.Now()
	if len(p) > 0 {
		w.index.arrived(now, w.end)
	}
	for rest := p; len(rest) > 0; {
		n, err := w.put(rest, now)
		rest = rest[n:]
		if err != nil {
			w.lose(int64(len(rest)))
			break
		}
	}
	w.flush(now)
	return len(p), nil
}

// put stores the first bytes of p, as many as the newest part may take.
func (w *Writer) put(p []byte, now time.Time) (int, error) {
	w.look(now)
	room, err := w.ready(len(p))
	if err == nil {
		err = fail.Point("log-write")
	}
	if err != nil {
		return 0, err
	}
	n, err := w.writeFile(p[:room])
	w.stored(n)
	return n, err
}

// stored counts n bytes that are now in the file.
func (w *Writer) stored(n int) {
	fail.Pass("log-written")
	w.size += int64(n)
	w.end += int64(n)
	if w.dirty && n > 0 {
		w.save()
	}
}

// writeFile is WriteAt at the file's end, which handles short writes and EINTR.
func (w *Writer) writeFile(p []byte) (int, error) {
	if w.fault == nil {
		return w.file.WriteAt(p, w.size)
	}
	limit, refusal := w.fault("write", len(p))
	n, err := w.file.WriteAt(p[:limit], w.size)
	return n, errors.Join(err, refusal)
}

// allow asks the fault hook of tests about a step.
func (w *Writer) allow(op string) error {
	if w.fault == nil {
		return nil
	}
	_, err := w.fault(op, 0)
	return err
}

// Offset is the end of the stream: how many bytes the task wrote.
func (w *Writer) Offset() int64 { return w.end }

// Dropped is how many bytes of the stream are not stored, of both kinds.
func (w *Writer) Dropped() int64 { return total(w.gaps, "") }

// Lost is how many bytes could not be stored: the gaps of kind [Full].
func (w *Writer) Lost() int64 { return total(w.gaps, Full) }

// Sync makes all stored bytes durable, including closed parts and names. After an error
// it is unknown what would survive a power failure.
func (w *Writer) Sync() error {
	if w.closed {
		return ErrClosed
	}
	err := errors.Join(fail.Point("log-sync"), w.settle())
	if w.end == 0 {
		return wrap("sync log", err) // there is nothing to lose
	}
	for _, p := range w.parts {
		err = errors.Join(err, syncPath(w.partPath(p)))
	}
	if w.file != nil {
		err = errors.Join(err, w.file.Sync())
	}
	return wrap("sync log", errors.Join(err, syncPath(w.o.Dir)))
}

// syncPath syncs a file or directory. For files that have nothing to write
// this costs a few microseconds.
func syncPath(path string) error {
	f, err := fsys.Open(path, os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

// settle records what has not been recorded yet: lost bytes and output.json.
func (w *Writer) settle() error {
	w.looked = time.Time{}
	w.look(w.o.Now())
	w.lookAtParts()
	if w.end > w.base+w.size {
		if err := w.seal(); err != nil {
			return err
		}
	}
	if w.dirty || w.base > 0 && !fsys.Exists(metaPath(w.o.Dir, w.o.Stem)) {
		return w.save()
	}
	return nil
}

// Close records pending gaps and releases the files. An error means that a gap or its
// kind could not be recorded; the files are released in any case.
func (w *Writer) Close() error {
	if w.closed {
		return ErrClosed
	}
	fail.Pass("log-close")
	err := w.settle()
	w.closed = true
	for _, f := range []*os.File{w.file, w.index.file} {
		if f != nil {
			err = errors.Join(err, f.Close())
		}
	}
	return wrap("close log", err)
}
