package proc

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

const maxrssPerKB = 1

// childInfo is the part of siginfo_t that waitid(2) fills in. x/sys leaves it opaque because it is a union; where it
// starts depends on the alignment of a pointer.
type childInfo struct {
	signo, errno, code int32
	_                  [0]uintptr
	pid, uid, status   int32
	_                  [104]byte
}

// What si_code says of a child that has ended: it exited, or was killed by a signal, without or with a core dump
// (sigaction(2)).
const (
	cldExited = 1
	cldDumped = 3
)

// peekStatus puts together again what the kernel took apart (waitid(2), wait(2)).
func peekStatus(pid int) (syscall.WaitStatus, error) {
	info, err := waitidPeek(unix.P_PID, pid)
	switch {
	case err != nil:
		return 0, err
	case info.signo == 0:
		return 0, syscall.EAGAIN
	case info.code == cldExited:
		return syscall.WaitStatus(info.status << 8), nil
	case info.code == cldDumped:
		return syscall.WaitStatus(info.status | 0x80), nil
	}
	return syscall.WaitStatus(info.status), nil
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

// noLiveChild tells for certain that no thread of this process has a child that has not ended; it may be false all the
// same. A wait for children that stop has nothing to wait for where all are zombies, and looks at those of all threads
// in one moment: wait_consider_task in kernel/exit.c leaves the error at ECHILD then. Before Linux 4.7 the kernel refuses
// __WALL here.
func noLiveChild() bool {
	const anyStopped = unix.WSTOPPED | unix.WNOWAIT | unix.WNOHANG | unix.WALL
	var info childInfo
	err := ignoringEINTR(func() error {
		return unix.Waitid(unix.P_ALL, 0, (*unix.Siginfo)(unsafe.Pointer(&info)), anyStopped, nil)
	})
	return err == unix.ECHILD
}
