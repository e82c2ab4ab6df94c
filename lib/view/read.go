package view

import (
	"bytes"
	"errors"
	"io/fs"
	"iter"
	"runtime"
	"syscall"

	"bgtasks/lib/fsys"
	"bgtasks/lib/pool"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// RecordError says that a file of a task can't be read or is no record. That
// task is unreadable; others are not touched by it.
type RecordError struct {
	ID, File string
	Err      error
}

func (e *RecordError) Error() string {
	return "read " + e.File + " of \"" + e.ID + "\": " + e.Err.Error()
}

func (e *RecordError) Unwrap() error { return e.Err }

// Reader reads records with one buffer. It is not for concurrent use.
type Reader struct {
	Home   *store.Home
	tasks  string  // the folder of the tasks, with a slash
	folder *folder // the same held open, or nil; see readMany
	Brief  bool    // what a task was read from is not kept: the records below serve for each in turn
	spec   record.Spec
	state  record.State
	buf    []byte
}

// NewReader gives one that has read nothing.
func NewReader(h *store.Home) *Reader {
	return &Reader{Home: h, tasks: h.TasksDir() + "/", buf: make([]byte, 4096)}
}

// readMany holds the folder of the tasks open until release, which saves a
// system call a task and makes the others cheaper.
func (r *Reader) readMany() (release func()) {
	r.folder = openFolder(r.tasks)
	return func() {
		if r.folder != nil {
			r.folder.close()
		}
	}
}

// file reads a file of a task whole into the reader's buffer, which the next
// call overwrites. It makes three system calls for a small file: listing ten
// thousand tasks is mostly these. A FIFO in the file's place is not waited for.
func (r *Reader) file(id, name string) ([]byte, error) {
	fd, err := r.openFile(id, name)
	if err != nil {
		return nil, err
	}
	defer r.closeFile(fd)
	n := 0
	for {
		got, err := r.read(fd, r.buf[n:])
		if err != nil {
			return nil, err
		}
		n += got
		switch {
		case n < len(r.buf):
			return r.buf[:n], nil
		case n > fsys.MaxRecord || fileSize(fd) > fsys.MaxRecord:
			return nil, fsys.ErrTooLarge
		}
		r.buf = append(r.buf, make([]byte, len(r.buf))...)
	}
}

// fileSize is what the system says of a file's size; 0 where it says nothing.
func fileSize(fd int) int64 {
	var st syscall.Stat_t
	if syscall.Fstat(fd, &st) != nil {
		return 0
	}
	return st.Size
}

// openFile takes the long way when the short one fails, which tells why, or
// can do what an older kernel can't: but a file that is not there is not there.
func (r *Reader) openFile(id, name string) (int, error) {
	if r.folder != nil {
		if fd, err := r.folder.open(id, name); err == nil || err == syscall.ENOENT {
			return fd, err
		}
		if err := r.inside(id); err != nil {
			return -1, err
		}
	}
	return open(r.tasks + id + "/" + name)
}

func open(path string) (fd int, err error) {
	for {
		fd, err = syscall.Open(path, syscall.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0)
		if err != syscall.EINTR {
			return fd, err
		}
	}
}

func (r *Reader) read(fd int, p []byte) (n int, err error) {
	if r.folder != nil {
		return r.folder.read(fd, p)
	}
	return read(fd, p)
}

func read(fd int, p []byte) (n int, err error) {
	for {
		n, err = syscall.Read(fd, p)
		if err != syscall.EINTR {
			return max(n, 0), err
		}
	}
}

func (r *Reader) closeFile(fd int) {
	if r.folder != nil {
		r.folder.closeFile(fd)
	} else {
		syscall.Close(fd)
	}
}

// parsed reads and decodes one file of a task. Absence is fs.ErrNotExist as it
// is; every other error is a RecordError. An empty file counts as absent: that
// is what a power failure leaves of a record that was not synced, as the first
// state of a run is not.
func parsed[T any](r *Reader, id, file string, parse func([]byte) (*T, error)) (*T, error) {
	data, err := r.file(id, file)
	var value *T
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fs.ErrNotExist
	case err == nil && len(bytes.Trim(data, "\x00")) == 0 && regular(r.tasks+id+"/"+file):
		return nil, fs.ErrNotExist
	case err == nil:
		value, err = parse(data)
	}
	if whole := (*RecordError)(nil); errors.As(err, &whole) {
		return nil, whole
	}
	if err != nil {
		return nil, &RecordError{id, file, err}
	}
	return value, nil
}

// inside makes sure that the task's directory is one: what is read and written
// through a link in its place would lie outside of the home.
func (r *Reader) inside(id string) error {
	err := store.CheckDir(r.Home.TaskDir(id))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fs.ErrNotExist
	case err != nil:
		return &RecordError{id, "directory", err}
	}
	return nil
}

// regular tells an empty file from a FIFO, which also reads as nothing.
func regular(path string) bool {
	var st syscall.Stat_t
	return syscall.Lstat(path, &st) == nil && st.Mode&syscall.S_IFMT == syscall.S_IFREG
}

// Each does the work for 0 to n-1 on all processors.
func Each(h *store.Home, n int, work func(r *Reader, i int)) {
	pool.Workers(n, runtime.GOMAXPROCS(0), func(numbers iter.Seq[int]) {
		r := NewReader(h)
		defer r.readMany()()
		for i := range numbers {
			work(r, i)
		}
	})
}

// SpecText reads a task's spec without decoding it. It is good until the next file is read.
func (r *Reader) SpecText(id string) ([]byte, error) {
	if r.folder == nil {
		if err := r.inside(id); err != nil {
			return nil, err
		}
	}
	return r.file(id, store.SpecFile)
}
