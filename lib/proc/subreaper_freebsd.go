package proc

import (
	"os"

	"golang.org/x/sys/unix"
)

// From sys/wait.h and sys/procctl.h; x/sys has neither.
const (
	idTypePID       = 0
	procReapAcquire = 2
	procReapRelease = 3
)

func setSubreaper() error {
	_, _, errno := unix.Syscall6(unix.SYS_PROCCTL, idTypePID, uintptr(os.Getpid()), procReapAcquire, 0, 0, 0)
	// EBUSY: this process is a reaper already.
	if errno != 0 && errno != unix.EBUSY {
		return errno
	}
	return nil
}

func unsetSubreaper() {
	unix.Syscall6(unix.SYS_PROCCTL, idTypePID, uintptr(os.Getpid()), procReapRelease, 0, 0, 0)
}
