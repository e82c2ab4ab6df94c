package proc

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// openPidfd returns a pidfd (pidfd_open(2), Linux 5.3) of pid, close-on-exec. ENOSYS, and the EPERM of seccomp filters
// older than the call, become ErrUnsupported.
func openPidfd(pid int) (int, error) {
	fd, err := unix.PidfdOpen(pid, 0)
	switch err {
	case unix.ESRCH:
		return -1, ErrGone
	case unix.ENOSYS, unix.EPERM:
		return -1, wrap("pidfd_open", ErrUnsupported)
	}
	return fd, err
}

// signalIdentity: if the identity holds after the pidfd was opened, the pidfd is of that process, since the identity
// was made before and one pid has one process at a time.
func signalIdentity(id Identity, sigs []syscall.Signal) error {
	fd, err := openPidfd(id.PID)
	if err != nil {
		if isUnsupported(err) {
			return killConfirmed(id, sigs)
		}
		return err
	}
	defer unix.Close(fd)
	if err := id.confirm(); err != nil {
		return err
	}
	for _, sig := range sigs {
		switch err := unix.PidfdSendSignal(fd, sig, nil, 0); err {
		case nil:
		case unix.ESRCH:
			return ErrGone
		default:
			return err
		}
	}
	return nil
}

func openExitFD(id Identity) (int, error) {
	fd, err := openPidfd(id.PID)
	if err != nil {
		return -1, err
	}
	p, err := id.Presence()
	if err == nil && p == Gone {
		err = ErrGone
	}
	if err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// pidfdInfoExit is PIDFD_INFO_EXIT of linux/pidfd.h: the wait status of a process that was reaped (Linux 6.15).
const pidfdInfoExit = 1 << 3

func reapedStatus(fd int) (syscall.WaitStatus, bool) {
	info := unix.PidfdInfo{Mask: pidfdInfoExit}
	if err := unix.IoctlPidfdInfo(fd, &info); err != nil || info.Mask&pidfdInfoExit == 0 {
		return 0, false
	}
	return syscall.WaitStatus(info.Exit_code), true
}
