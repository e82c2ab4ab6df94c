package proc

import (
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// ExitFD returns a descriptor for poll(2) that becomes readable when the process that id names ends, whoever its
// parent is: a pidfd on Linux (5.3), a kqueue with EVFILT_PROC elsewhere. Of a zombie it is readable at once. It is
// close-on-exec, and the caller's to close; nothing needs to be read from it.
//
// The error wraps [ErrGone] if the identity no longer holds, [ErrRefused] for a pid of 1 or below, [ErrUnsupported] if
// the kernel is too old.
func ExitFD(id Identity) (fd int, err error) {
	if id.PID <= 1 {
		return -1, wrapPID("watch process", id.PID, ErrRefused)
	}
	fd, err = openExitFD(id)
	return fd, wrapPID("watch process", id.PID, err)
}

// ExitStatus returns the wait status of a process that has ended, given its exit descriptor: of a zombie as
// [Identity.ZombieStatus] does, of one that was reaped by its parent since [ExitFD] on kernels that keep it for the
// holders of a pidfd (PIDFD_GET_INFO with PIDFD_INFO_EXIT, Linux 6.15). It is false if the status is unknown.
func ExitStatus(fd int, id Identity) (syscall.WaitStatus, bool) {
	// The order matters: a zombie that is reaped between the two questions has become one that was reaped.
	if status, ok := id.ZombieStatus(); ok {
		return status, true
	}
	return reapedStatus(fd)
}

// AwaitEnd waits until the process that id names has ended, or the deadline has passed; ended tells which.
func AwaitEnd(id Identity, deadline time.Time) (ended bool, err error) {
	fd, err := ExitFD(id)
	if isGone(err) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	defer unix.Close(fd)
	for polled := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}; ; {
		left := max(time.Until(deadline), 0)
		n, err := unix.Poll(polled, int((left+time.Millisecond-1)/time.Millisecond))
		switch {
		case n > 0:
			return true, nil
		case err != nil && err != unix.EINTR:
			return false, wrapPID("wait for the end of process", id.PID, err)
		case err == nil && left == 0:
			return false, nil
		}
	}
}
