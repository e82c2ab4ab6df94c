package view

import (
	"bytes"
	"errors"
	"io/fs"
	"syscall"

	"bgtasks/lib/codec"
	"bgtasks/lib/fsys"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// NotFoundError says that no task has this id or name.
type NotFoundError struct {
	ID       string
	Close    []string // up to three names or ids that the word may have meant
	CloseIDs []string // the ids of those tasks
	Named    []string // the ids of the tasks that have the word as their name
}

func (e *NotFoundError) Error() string { return "no task \"" + e.ID + "\"" }

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

// reader reads records with one buffer. It is not for concurrent use.
type reader struct {
	home   *store.Home
	tasks  string  // the folder of the tasks, with a slash
	folder *folder // the same held open, or nil; see readMany
	brief  bool    // what a task was read from is not kept: the records below serve for each in turn
	spec   record.Spec
	state  record.State
	buf    []byte
}

func newReader(h *store.Home) *reader {
	return &reader{home: h, tasks: h.TasksDir() + "/", buf: make([]byte, 4096)}
}

// readMany holds the folder of the tasks open until release, which saves a
// system call a task and makes the others cheaper.
func (r *reader) readMany() (release func()) {
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
func (r *reader) file(id, name string) ([]byte, error) {
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
func (r *reader) openFile(id, name string) (int, error) {
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

func (r *reader) read(fd int, p []byte) (n int, err error) {
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

func (r *reader) closeFile(fd int) {
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
func parsed[T any](r *reader, id, file string, parse func([]byte) (*T, error)) (*T, error) {
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

// snapshot is what the files of one task say, and who holds its lock.
type snapshot struct {
	id     string
	home   string          // where it was read
	spec   *record.Spec    // nil only if fault is set
	state  *record.State   // nil before the shim's first word on this run
	stop   *record.Stop    // asked for and not done; read for open runs only
	fault  error           // what was unreadable
	held   bool            // run.lock
	holder *record.Process // who holds it, if that is known
	marked bool            // live/ID is there
	output fifoUse         // out.fifo
	lost   bool            // nobody had the output open: its end may be missing
	kin    int             // who lives of the tree of an ended run, as far as was looked

	away       error // the home belongs to another host: nothing but the records can be seen
	unknown    error // why it can't be known from here who lives; nil if it can, or nobody had to look
	unlocked   bool  // the holder lives, and its lock is of a file that is not there any more
	stateFault bool  // fault is about spec.json, and state.json can't be read either
	salvaged   bool  // the records can't be read, and this is what is known without
}

// terminal tells whether the newest run is over.
func (s *snapshot) terminal() bool { return s.state != nil && s.state.State.Terminal() }

// open tells whether the records are fine and say that the run goes on.
func (s *snapshot) open() bool { return s.fault == nil && !s.terminal() }

// records reads the state before the spec: a restart writes a new spec beside
// the old state, so an old state beside a newer spec is what one may meet, and
// means that the new run has not been heard of yet. A start over an ended task
// of the same id replaces the whole directory, and may come between the two
// reads; then the state is older than its spec, and a second look tells (or
// the wall clock was set back). A vanished task is fs.ErrNotExist.
func (r *reader) records(id string) (*snapshot, error) {
	s, err := r.recordsOnce(id)
	if err == nil && s.spec != nil && s.state != nil && s.state.UpdatedAt.Before(s.spec.CreatedAt) {
		return r.recordsOnce(id)
	}
	return s, err
}

func (r *reader) recordsOnce(id string) (*snapshot, error) {
	s := &snapshot{id: id, home: r.home.Path()}
	if r.folder == nil { // or else each file is opened so
		if err := r.inside(id); err != nil {
			s.fault = err
			return s, ignoreOthers(err)
		}
	}
	state, err := parsed(r, id, store.StateFile, r.parseState)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.fault, s.stateFault = err, true
	}
	spec, err := parsed(r, id, store.SpecFile, r.parseSpec)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if !r.visible(id) {
			return nil, fs.ErrNotExist
		}
		s.fault = &RecordError{id, store.SpecFile, err}
	case err != nil:
		s.fault = err
	case spec.ID != id:
		s.fault = &RecordError{id, store.SpecFile, errors.New("it is the spec of \"" + spec.ID + "\"")}
	default:
		s.spec = spec
	}
	if state != nil && (s.spec == nil || state.Run >= s.spec.Run) {
		s.state = state
	}
	return s, nil
}

func (r *reader) parseSpec(data []byte) (*record.Spec, error) {
	into := &r.spec
	if !r.brief {
		into = new(record.Spec)
	}
	return codec.ParseSpecInto(data, into)
}

func (r *reader) parseState(data []byte) (*record.State, error) {
	into := &r.state
	if !r.brief {
		into = new(record.State)
	}
	return codec.ParseStateInto(data, into)
}

// inside makes sure that the task's directory is one: what is read and written
// through a link in its place would lie outside of the home.
func (r *reader) inside(id string) error {
	err := store.CheckDir(r.home.TaskDir(id))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fs.ErrNotExist
	case err != nil:
		return &RecordError{id, "directory", err}
	}
	return nil
}

// ignoreOthers lets only the absence of a task through: every other error is
// that task's own fault.
func ignoreOthers(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// visible tells whether the task's directory is there.
func (r *reader) visible(id string) bool { return exists(r.home.TaskDir(id)) }

// readStop reads the stop that was asked for, if the run is open. An
// unreadable one is as good as none: the stop can be asked for again, and the
// task must not become unreadable by it.
func (r *reader) readStop(s *snapshot) {
	if s.open() {
		s.stop, _ = parsed(r, s.id, store.StopFile, codec.ParseStop)
	}
}

// regular tells an empty file from a FIFO, which also reads as nothing.
func regular(path string) bool {
	var st syscall.Stat_t
	return syscall.Lstat(path, &st) == nil && st.Mode&syscall.S_IFMT == syscall.S_IFREG
}

func exists(path string) bool {
	var st syscall.Stat_t
	return syscall.Lstat(path, &st) == nil
}
