package watch

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
	"bgtasks/lib/view"

	"golang.org/x/sys/unix"
)

// subscription is what tells of one task's changes.
type subscription struct {
	bells   []bell
	logs    bool
	dir     os.FileInfo            // the task's, that the bells hang in
	watched proc.Identity          // the process behind exit
	exit    int                    // its exit descriptor, -1 for none
	told    proc.Identity          // the shim that was told that there is a listener of the log
	gone    map[proc.Identity]bool // processes seen to have ended
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
	for _, refusal := range []error{unix.ENOSPC, unix.EDQUOT, unix.EROFS} {
		if !errors.Is(err, refusal) {
			continue
		}
		if e, blind := openEye(dir); blind == nil {
			return e, nil
		}
	}
	return nil, err
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
		err = s.hang(filepath.Join(dir, store.BellsDir))
		after, gone := os.Lstat(dir)
		if err == nil && gone == nil && os.SameFile(before, after) {
			return s, w.announce(id, logs)
		}
		s.close()
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

// hang makes the bells. What was made before an error is in s, to be closed.
func (s *subscription) hang(dir string) error {
	kinds := []store.BellKind{store.BellChange}
	if s.logs {
		kinds = append(kinds, store.BellLog)
	}
	for _, kind := range kinds {
		b, err := hangOne(dir, kind)
		if err != nil {
			return err
		}
		s.bells = append(s.bells, b)
	}
	return nil
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

func (s *subscription) close() error {
	s.release()
	var err error
	for _, b := range s.bells {
		err = errors.Join(err, b.Close())
	}
	s.bells = nil
	return err
}

func (s *subscription) release() {
	if s.exit >= 0 {
		unix.Close(s.exit)
	}
	s.exit = -1
}

// quiet makes a task's bells silent, and gives up an exit descriptor that has
// fired: it would fire for ever. Bells that went away with a replaced
// directory are hung up again, at the task of the same id. If that is gone, the
// look that follows tells.
func (w *Watcher) quiet(id string) error {
	s := w.tasks[id]
	if s == nil {
		return nil
	}
	for _, b := range s.bells {
		b.Drain()
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
