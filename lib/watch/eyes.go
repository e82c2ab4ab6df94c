package watch

import (
	"errors"
	"syscall"

	"golang.org/x/sys/unix"

	"bgtasks/lib/proc"
)

// kept are the descriptors that are left for all else that one who waits opens:
// records, locks, logs.
const kept = 24

// exitFD gives a descriptor that becomes readable when the process ends. The error is
// syscall.EMFILE where few more can be opened.
func exitFD(p proc.Identity) (int, error) {
	fd, err := proc.ExitFD(p)
	if err != nil {
		return fd, err
	}
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) == nil && uint64(fd)+kept > uint64(limit.Cur) {
		unix.Close(fd)
		return -1, syscall.EMFILE
	}
	return fd, nil
}

// outOfFDs tells whether no more can be opened.
func outOfFDs(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}
