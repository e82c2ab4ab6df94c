package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"bgtasks/lib/fsys"
)

// Lock is a held lock on a file. It belongs to the open file description, so
// a child that inherits the descriptor holds it on when the parent is gone,
// and it ends with the last copy of the descriptor, however that process ends
// (fcntl_locking(2), open file description locks).
type Lock struct{ f *os.File }

// File is the locked descriptor, to be inherited by a shim.
func (l *Lock) File() *os.File { return l.f }

// Unlock closes this process's copy; a shim that inherited one holds on.
func (l *Lock) Unlock() error { return l.f.Close() }

// TryLock takes the run.lock of the task in taskDir without waiting. The error is
// ErrLocked if a supervisor, or a process that is about to start one, holds it. The lock
// is that of the present directory: a process that replaces or removes the directory
// holds this very lock.
func TryLock(taskDir string) (*Lock, error) {
	if err := CheckDir(taskDir); err != nil {
		return nil, err
	}
	return runLock(taskDir, tryLock)
}

func runLock(taskDir string, take func(*os.File) error) (*Lock, error) {
	path := filepath.Join(taskDir, LockFile)
	lock, err := openLock(path, 0, take)
	if err == nil && !fsys.IsAt(lock.f, path) {
		return nil, errors.Join(ErrLocked, lock.Unlock())
	}
	return lock, err
}

// LockHeld tells whether the task in taskDir has a live supervisor, and takes
// nothing: liveness is a lock, never a pid. A missing lock file is not held.
func LockHeld(taskDir string) (bool, error) { return fileHeld(filepath.Join(taskDir, LockFile)) }

func fileHeld(path string) (bool, error) {
	f, err := fsys.Open(path, os.O_RDONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	return lockHeld(f)
}

// openLock opens the lock file at path and takes the lock with take. The directory
// of the file may have been changed for a link since the home was opened.
func openLock(path string, flags int, take func(*os.File) error) (*Lock, error) {
	dir, name := filepath.Split(path)
	f, err := fsys.OpenIn(filepath.Clean(dir), name, os.O_RDWR|flags, 0o600)
	return lockOn(f, err, take)
}

// lockOn takes the lock of a file that was opened, unless err is why it was not.
func lockOn(f *os.File, err error, take func(*os.File) error) (*Lock, error) {
	if err != nil {
		return nil, err
	}
	if err := take(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &Lock{f}, nil
}

// tryLockAt takes the lock of the file at path, which is made if need be.
func tryLockAt(path string) (*Lock, error) { return openLock(path, os.O_CREATE, tryLock) }

// LockHolder is the pid of the process that holds the run.lock of the task in taskDir,
// whatever the line in it says; 0 if it is not found. It looks at all open files of all
// processes.
func LockHolder(taskDir string) int {
	pid, _ := holderOf(filepath.Join(taskDir, LockFile))
	return pid
}

// ProbeLocks asks about a lock on the file at path, and takes none. The error
// tells that the system or the file system has no such locks.
func ProbeLocks(path string) error {
	f, err := fsys.Open(path, 0, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = lockHeld(f)
	return err
}

func unlocker(l *Lock) func() { return func() { l.Unlock() } }
