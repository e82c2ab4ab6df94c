//go:build darwin || freebsd

package proc

import (
	"syscall"

	"golang.org/x/sys/unix"
)

const firstExtra = 3

// sealDescriptors tries every number there may be: without /proc nobody lists those in use. What a starter passes on
// is numbered low, so a huge limit need not be walked to its end.
func sealDescriptors() error {
	const enough = 4096
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	for fd := firstExtra; fd < enough && uint64(fd) < uint64(limit.Cur); fd++ {
		unix.CloseOnExec(fd)
	}
	return nil
}

// withEmptyMask: without cgo there is no pthread_sigmask(3) here, so what the starter blocked stays blocked.
func withEmptyMask(f func() error) error { return f() }

func (spec *SpawnSpec) sysProcAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: spec.Setsid}
}
