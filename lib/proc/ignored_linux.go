package proc

import (
	"syscall"
	"unsafe"
)

// sigaction is struct sigaction of the kernel on amd64 and arm64 (rt_sigaction(2)); all zero is SIG_DFL.
type sigaction struct {
	handler  uintptr
	flags    uint64
	restorer uintptr
	mask     uint64
}

const sigIgn = 1

// DefaultIgnored gives back their default action to the signals that this process was started with ignored, as nohup or
// a background shell does, so that its children do not inherit that. It goes past the runtime, which has not touched
// these signals; until [CatchAll] they act on this process too. Those that the C library keeps for itself, 32 and 33, are
// among them: a program with threads may have left them ignored.
func DefaultIgnored() {
	for sig := syscall.Signal(1); sig <= lastSignal(); sig++ {
		var now, byDefault sigaction
		if rtSigaction(uintptr(sig), nil, &now) == 0 && now.handler == sigIgn {
			rtSigaction(uintptr(sig), &byDefault, nil)
		}
	}
}

// rtSigaction may be called between fork and exec.
//
//go:nosplit
//go:norace
func rtSigaction(sig uintptr, set, old *sigaction) syscall.Errno {
	_, _, errno := syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, sig,
		uintptr(unsafe.Pointer(set)), uintptr(unsafe.Pointer(old)), unsafe.Sizeof(set.mask), 0, 0)
	return errno
}
