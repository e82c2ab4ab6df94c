package proc

import (
	"os"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// orphanSlack is the timer slack of orphans (PR_SET_TIMERSLACK of prctl(2), ns). While there is work, the runtime of Go
// looks after its threads each 20 µs, and with the 50 µs of slack that are usual, these looks are a twelfth of what a
// supervisor costs; that its timers may be 2 ms late matters to nobody. It is odd so that an orphan can tell it from
// what somebody wanted.
const orphanSlack = 2_000_003

// startersSlack is the slack that children of this process get if it is an orphan, or slackened: its starter's own. 0:
// it is neither.
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

// Slacken executes this program anew, in its own place, with an orphan's timer slack, and returns if that was done
// before or can't be: nothing may have begun yet. The runtime's looks cost a program that starts hundreds of others more
// than a tenth of its speed. The thread that makes them keeps the slack that the program was executed with, unless who
// sets it has CAP_SYS_NICE (proc_pid_timerslack_ns(5)). stdin, unless it is nil, is what was read from the standard
// input and can be read there again.
func Slacken(stdin []byte) {
	if startersSlack != 0 {
		if stdin != nil {
			emptyStdin() // it may hold secrets, and anything of this user's can open it
		}
		return
	}
	path, err := os.Executable()
	if err != nil {
		return
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	slack := timerSlack()
	defer setTimerSlack(slack)
	// The default is all that this program will know of what its starter had.
	if setTimerSlack(0); timerSlack() != slack {
		return
	}
	if setTimerSlack(orphanSlack); timerSlack() != orphanSlack {
		return
	}
	if stdin != nil && replaceStdin(stdin) != nil {
		return
	}
	unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(deathSignal), 0, 0, 0)
	startersNofile.Do(learnNofile)
	withStartersNofile(func() error { return syscall.Exec(path, os.Args, os.Environ()) })
}

// deathSignal is what this process gets when its parent dies (PR_SET_PDEATHSIG), which is a property of its first
// thread, where package variables are made. 0: nothing.
var deathSignal = func() (sig int32) {
	unix.Prctl(unix.PR_GET_PDEATHSIG, uintptr(unsafe.Pointer(&sig)), 0, 0, 0)
	return sig
}()

// replaceStdin makes the standard input a file in memory.
func replaceStdin(text []byte) error {
	fd, err := unix.MemfdCreate("stdin", unix.MFD_CLOEXEC|unix.MFD_NOEXEC_SEAL)
	if err == unix.EINVAL { // before Linux 6.3
		fd, err = unix.MemfdCreate("stdin", unix.MFD_CLOEXEC)
	}
	if err != nil {
		return err
	}
	f := os.NewFile(uintptr(fd), "stdin")
	defer f.Close()
	if _, err := f.WriteAt(text, 0); err != nil {
		return err
	}
	return unix.Dup3(fd, 0, 0)
}

func emptyStdin() {
	if fd, err := unix.Open(os.DevNull, unix.O_RDONLY|unix.O_CLOEXEC, 0); err == nil {
		unix.Dup3(fd, 0, 0)
		unix.Close(fd)
	}
}
