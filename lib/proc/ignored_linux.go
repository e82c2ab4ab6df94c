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

// QuitSilently gives SIGQUIT its default action: it ends the process as it ends others, rather than by a trace of this
// program's threads and an exit code that means something else. It goes past the runtime; restore gives the signal back
// to it, for who wants to be told of it.
func QuitSilently() (restore func()) {
	var byDefault, runtimes sigaction
	if rtSigaction(uintptr(syscall.SIGQUIT), nil, &runtimes) != 0 || runtimes.handler <= sigIgn {
		return func() {}
	}
	rtSigaction(uintptr(syscall.SIGQUIT), &byDefault, nil)
	return func() { rtSigaction(uintptr(syscall.SIGQUIT), &runtimes, nil) }
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
