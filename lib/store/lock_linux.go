package store

import (
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// whole describes a lock on a whole file. OFD locks demand a pid of zero.
func whole(kind int16) *unix.Flock_t {
	return &unix.Flock_t{Type: kind, Whence: io.SeekStart}
}

func tryLock(f *os.File) error {
	err := unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, whole(unix.F_WRLCK))
	if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EACCES) {
		return ErrLocked
	}
	return err
}

func waitLock(f *os.File) error {
	for {
		err := unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLKW, whole(unix.F_WRLCK))
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

func lockHeld(f *os.File) (bool, error) {
	probe := whole(unix.F_WRLCK)
	if err := unix.FcntlFlock(f.Fd(), unix.F_OFD_GETLK, probe); err != nil {
		return false, err
	}
	return probe.Type != unix.F_UNLCK, nil
}
