//go:build darwin || freebsd

package proc

import (
	"os"
	"syscall"
)

// childEnded reads the process table, where a child that is not reaped is a zombie.
func childEnded(pid int) (bool, error) {
	st, err := readStat(pid)
	if isGone(err) || err == nil && st.PPID != os.Getpid() {
		return false, syscall.ECHILD
	}
	return st.Ended(), err
}

// peekStatus: no call shows a status and leaves it.
func peekStatus(int) (syscall.WaitStatus, error) { return 0, ErrUnsupported }

func peekEnded() (pid int, err error) { return unknownChild, nil }

// noLiveChild is never certain here.
func noLiveChild() bool { return false }
