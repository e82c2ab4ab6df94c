package watch

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
	"bgtasks/lib/view"

	"golang.org/x/sys/unix"
)

// subscription is what tells of one task's changes.
type subscription struct {
	number  uint64
	names   []name // of the chimes that hang there
	eye     bool   // it is looked at instead
	logs    bool
	dir     os.FileInfo            // the task's, that the chimes hang in
	watched proc.Identity          // the process behind exit
	exit    int                    // its exit descriptor, -1 for none
	told    proc.Identity          // the shim that was told that there is a listener of the log
	gone    map[proc.Identity]bool // processes seen to have ended
}

// name is one of a chime.
type name struct {
	chime *store.Chime
	path  string
}

// bell is what becomes readable when there is news, until it is drained.
type bell interface {
	FD() int
	Drain()
	Close() error
}

// hangOne hangs up a bell in dir. Where none can be, because the home can only
// be read or has no room for another file, the directory itself is looked at:
// whoever wants to stop what has filled the disk must be able to wait for it.
func hangOne(dir string, kind store.BellKind) (bell, error) {
	b, err := store.NewBell(dir, kind)
	if err == nil {
		return b, nil
	}
	if refused(err) {
		e, blind := openEye()
		if blind == nil {
			if _, blind = e.add(dir); blind == nil {
				return e, nil
			}
			e.Close()
		}
	}
	return nil, err
}

// refused tells whether no bell can be hung up.
func refused(err error) bool {
	for _, refusal := range []error{unix.ENOSPC, unix.EDQUOT, unix.EROFS, unix.EACCES, unix.EPERM} {
		if errors.Is(err, refusal) {
			return true
		}
	}
	return false
}

// subscribe hangs up the bells. A directory that is replaced meanwhile, by a
// restart of the task, takes them along: they are then hung up in the new one.
func (w *Watcher) subscribe(id string, logs bool) (*subscription, error) {
	dir := w.home.TaskDir(id)
	for {
		before, err := os.Lstat(dir)
		if err == nil {
			err = store.CheckDir(dir)
		}
		if err != nil {
			return nil, notFound(id, err)
		}
		s := &subscription{logs: logs, dir: before, exit: -1, gone: map[proc.Identity]bool{}}
		w.enter(id, s)
		err = w.hang(s, filepath.Join(dir, store.BellsDir))
		after, gone := os.Lstat(dir)
		if err == nil && gone == nil && os.SameFile(before, after) {
			return s, w.announce(id, logs)
		}
		w.leave(s)
		if gone != nil {
			return nil, notFound(id, gone)
		}
		if os.SameFile(before, after) {
			return nil, fmt.Errorf("wait for %q: %w", id, err)
		}
	}
}

func notFound(id string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return &view.NotFoundError{ID: id}
	}
	return fmt.Errorf("wait for %q: %w", id, err)
}

// hang hangs up a chime. What was made before an error is in s, to be taken down.
func (w *Watcher) hang(s *subscription, dir string) error {
	kinds := []store.BellKind{store.BellChange}
	if s.logs {
		kinds = append(kinds, store.BellLog)
	}
	for _, kind := range kinds {
		err := w.hangChime(s, dir, kind)
		if err == nil {
			continue
		}
		if refused(err) && w.lookAt(s, dir) == nil {
			return nil
		}
		return err
	}
	return nil
}

// hangChime hangs up the newest chime, or another one.
func (w *Watcher) hangChime(s *subscription, dir string, kind store.BellKind) error {
	var c *store.Chime
	path, err := "", store.ErrChimeFull
	if n := len(w.chimes); n > 0 {
		c = w.chimes[n-1]
		path, err = c.Hang(dir, kind, s.number)
	}
	if errors.Is(err, store.ErrChimeFull) && !refused(err) {
		c = &store.Chime{}
		if path, err = c.Hang(dir, kind, s.number); err == nil {
			w.chimes = append(w.chimes, c)
		}
	}
	if err == nil {
		s.names = append(s.names, name{c, path})
	}
	return err
}

// lookAt looks at the directory itself.
func (w *Watcher) lookAt(s *subscription, dir string) (err error) {
	if w.eye == nil {
		if w.eye, err = openEye(); err != nil {
			return err
		}
		w.seen = map[int32]uint64{}
	}
	key, err := w.eye.add(dir)
	if err == nil {
		w.seen[key], s.eye = s.number, true
	}
	return err
}

// announce tells the shim that someone follows the log. An ended task has none
// to be told, and its log does not grow.
func (w *Watcher) announce(id string, logs bool) error {
	if !logs {
		return nil
	}
	err := store.Knock(w.home.TaskDir(id), []byte(record.ListenMessage))
	if err != nil && !errors.Is(err, store.ErrNoShim) {
		return fmt.Errorf("follow the log of %q: %w", id, err)
	}
	return nil
}

// enter gives a subscription its number.
func (w *Watcher) enter(id string, s *subscription) {
	w.last++
	s.number = w.last
	w.numbers[s.number] = id
}

// leave takes everything of it down.
func (w *Watcher) leave(s *subscription) (err error) {
	delete(w.numbers, s.number)
	s.release()
	for _, n := range s.names {
		silent, failed := n.chime.TakeDown(n.path)
		err = errors.Join(err, failed)
		if silent {
			w.chimes = slices.DeleteFunc(w.chimes, func(c *store.Chime) bool { return c == n.chime })
			err = errors.Join(err, n.chime.Close())
		}
	}
	s.names = nil
	return err
}

func (s *subscription) release() {
	if s.exit >= 0 {
		unix.Close(s.exit)
	}
	s.exit = -1
}

// freshen gives up an exit descriptor of a task that has fired: it would fire for ever.
// What hung in a directory that was replaced is hung up again, at the task of the same
// id. If that is gone, the look that follows tells.
func (w *Watcher) freshen(id string) error {
	s := w.tasks[id]
	if s == nil {
		return nil
	}
	now, err := os.Lstat(w.home.TaskDir(id))
	if err == nil && !os.SameFile(now, s.dir) {
		return w.renew(id, s)
	}
	s.dropEnded()
	return nil
}

func (w *Watcher) renew(id string, s *subscription) error {
	w.Remove(id)
	err := w.Add(id, s.logs)
	if gone := (*view.NotFoundError)(nil); errors.As(err, &gone) {
		return nil
	}
	return err
}

// dropEnded closes the exit descriptor if its process has ended: the look that
// follows is the news of it.
func (s *subscription) dropEnded() {
	if s.exit < 0 {
		return
	}
	p := []unix.PollFd{{Fd: int32(s.exit), Events: unix.POLLIN}}
	if n, err := unix.Poll(p, 0); err == nil && n > 0 {
		s.release()
		s.gone[s.watched] = true
	}
}
