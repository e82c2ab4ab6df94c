//go:build linux && !amd64

package proc

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// vfork is fork(2) with a parent that stands still until its child has executed a program or ended. To share the memory
// besides takes an assembler's care for the stack.
//
//go:nosplit
//go:norace
func vfork() (pid uintptr, errno syscall.Errno) {
	pid, _, errno = syscall.RawSyscall6(syscall.SYS_CLONE, unix.CLONE_VFORK|uintptr(syscall.SIGCHLD), 0, 0, 0, 0, 0)
	return pid, errno
}
