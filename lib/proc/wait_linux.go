package proc

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

const maxrssPerKB = 1

// childInfo is the part of siginfo_t that waitid(2) fills in. x/sys leaves it opaque because it is a union; where it
// starts depends on the alignment of a pointer.
type childInfo struct {
	signo, errno, code int32
	_                  [0]uintptr
	pid                int32
	_                  [112]byte
}

func waitidPeek(idType, pid int) (childInfo, error) {
	var info childInfo
	err := ignoringEINTR(func() error {
		return unix.Waitid(idType, pid, (*unix.Siginfo)(unsafe.Pointer(&info)), unix.WEXITED|unix.WNOWAIT|unix.WNOHANG, nil)
	})
	return info, err
}

// childEnded: with WNOHANG the call succeeds either way, and si_signo tells.
func childEnded(pid int) (bool, error) {
	info, err := waitidPeek(unix.P_PID, pid)
	return info.signo != 0, err
}

// peekEnded returns some child that has ended and is not reaped, or 0.
func peekEnded() (pid int, err error) {
	info, err := waitidPeek(unix.P_ALL, 0)
	if err == unix.ECHILD {
		return 0, nil
	}
	return int(info.pid), err
}
