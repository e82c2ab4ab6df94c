//go:build !linux

package store

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// flock(2) belongs to the open file description too, but can't be asked
// about: lockHeld takes a shared lock for an instant, and a tryLock of another
// process within that instant fails as if the lock were held.
func tryLock(f *os.File) error {
	err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return ErrLocked
	}
	return err
}

func waitLock(f *os.File) error {
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX)
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// unlock frees the lock for all who have inherited it.
func unlock(f *os.File) error { return unix.Flock(int(f.Fd()), unix.LOCK_UN) }

func lockHeld(f *os.File) (bool, error) {
	err := unix.Flock(int(f.Fd()), unix.LOCK_SH|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return true, nil
	}
	return false, err
}

// holderOf can't tell.
func holderOf(string) (pid int, stopped bool) { return 0, false }
