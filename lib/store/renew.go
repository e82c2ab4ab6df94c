package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"bgtasks/lib/fail"
	"bgtasks/lib/fsys"
)

// Files of a task that others removed, or put something else in the place of, are
// made anew by those who may: the supervisor, or whoever knows that there is none.

// IsFIFO tells whether there is a FIFO at path.
func IsFIFO(path string) bool { return kindOf(path) == unix.S_IFIFO }

// IsRegular tells whether there is a regular file at path.
func IsRegular(path string) bool { return kindOf(path) == unix.S_IFREG }

func kindOf(path string) uint32 {
	var st unix.Stat_t
	if unix.Lstat(path, &st) != nil {
		return 0
	}
	return uint32(st.Mode) & unix.S_IFMT
}

// RenewFIFO makes the FIFO at path unless there is one, and gives a new one's name only
// once open has opened it. What else is there is put aside.
func RenewFIFO(path string, open func(path string) error) error {
	if IsFIFO(path) {
		return open(path)
	}
	hidden := besides(path)
	err := unix.Mkfifo(hidden, 0o600)
	if err != nil {
		return &fs.PathError{Op: "mkfifo", Path: hidden, Err: err}
	}
	if err = open(hidden); err == nil {
		err = renameOver(hidden, path)
	}
	if err != nil {
		err = errors.Join(err, removeIfThere(hidden))
	}
	return err
}

// RenewLock makes a new, free run.lock in taskDir if there is no file of that name. The
// caller knows that no supervisor holds the one that was there.
func RenewLock(taskDir string) error {
	if err := CheckDir(taskDir); err != nil {
		return err
	}
	path := filepath.Join(taskDir, LockFile)
	if IsRegular(path) {
		return nil
	}
	if err := putAside(path); err != nil {
		return err
	}
	f, err := fsys.Open(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// TakeLockAnew gives a supervisor the lock of the run.lock that lies in taskDir now,
// which is made if need be. The error is ErrLocked if somebody else has it.
func TakeLockAnew(taskDir string) (*Lock, error) {
	if err := RenewLock(taskDir); err != nil {
		return nil, err
	}
	return TryLock(taskDir)
}

// MakeFIFOs creates the FIFOs of a run in a task's directory. It keeps existing ones,
// because a restarted task may still have readers on them.
func MakeFIFOs(taskDir string, split bool) error {
	names := []string{OutFIFO, CtlFIFO}
	if split {
		names = append(names, ErrFIFO)
	}
	for _, name := range names {
		if err := fail.Point("make-fifo"); err != nil {
			return err
		}
		if err := unix.Mkfifo(filepath.Join(taskDir, name), 0o600); err != nil && !errors.Is(err, unix.EEXIST) {
			return &fs.PathError{Op: "mkfifo", Path: filepath.Join(taskDir, name), Err: err}
		}
	}
	return nil
}

// RemoveFIFOs removes them when the run has ended.
func RemoveFIFOs(taskDir string) error {
	errs := []error{fail.Point("remove-fifos")}
	for _, name := range []string{OutFIFO, ErrFIFO, CtlFIFO} {
		errs = append(errs, removeIfThere(filepath.Join(taskDir, name)))
	}
	return errors.Join(errs...)
}
