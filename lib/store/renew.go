package store

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"

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

// besides names a hidden file in the place of path, for one that is to become it or
// that was in its place.
func besides(path string) string {
	return filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+"."+strconv.FormatUint(rand.Uint64(), 36))
}

// putAside gives what is at path a hidden name. What it held may be of use to
// somebody, so it is swept when it is old.
func putAside(path string) error {
	err := fsys.Rename(path, besides(path))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// renameOver is rename(2), also where a directory is in the way.
func renameOver(from, to string) error {
	err := fsys.Rename(from, to)
	if !errors.Is(err, unix.EISDIR) && !errors.Is(err, unix.EEXIST) && !errors.Is(err, unix.ENOTEMPTY) {
		return err
	}
	if err := putAside(to); err != nil {
		return err
	}
	return fsys.Rename(from, to)
}
