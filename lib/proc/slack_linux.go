package proc

import (
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// orphanSlack is the timer slack of orphans (PR_SET_TIMERSLACK of prctl(2), ns). While there is work, the runtime of Go
// looks after its threads each 20 µs, and with the 50 µs of slack that are usual, these looks are a twelfth of what a
// supervisor costs; that its timers may be 2 ms late matters to nobody. It is odd so that an orphan can tell it from
// what somebody wanted.
const orphanSlack = 2_000_003

// startersSlack is the slack that children of this process get if it is an orphan: its starter's own. 0: it is none.
// A process is started with its starter's as the default of its first thread, where package variables are made.
var startersSlack = defaultSlack()

func defaultSlack() uintptr {
	if timerSlack() != orphanSlack {
		return 0
	}
	setTimerSlack(0) // the default
	return timerSlack()
}

func timerSlack() uintptr {
	slack, _, _ := syscall.RawSyscall(syscall.SYS_PRCTL, unix.PR_GET_TIMERSLACK, 0, 0)
	return slack
}

// setTimerSlack may be called between fork and exec.
//
//go:nosplit
//go:norace
func setTimerSlack(ns uintptr) {
	syscall.RawSyscall(syscall.SYS_PRCTL, unix.PR_SET_TIMERSLACK, ns, 0)
}

// Exec executes a program in the place of this one, and returns if that fails. It gets what a child would get.
func Exec(path string, argv, env []string) error {
	return withStartersSlack(func() error { return syscall.Exec(path, argv, env) })
}

// withStartersSlack runs fork in a thread that hands the starter's slack on. The thread keeps it.
func withStartersSlack(fork func() error) error {
	if startersSlack == 0 {
		return fork()
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	setTimerSlack(startersSlack)
	return fork()
}
