package proc

import (
	"syscall"
	"time"
)

// Usage is what processes consumed, from the rusage of wait4(2): each one's own, and its reaped children's.
type Usage struct {
	User, System time.Duration
	// MaxRSSKB is the largest resident set that any single process had, in KiB.
	MaxRSSKB int64
}

// Add adds the times of v to u and keeps the larger resident set.
func (u *Usage) Add(v Usage) {
	u.User += v.User
	u.System += v.System
	u.MaxRSSKB = max(u.MaxRSSKB, v.MaxRSSKB)
}

func usageOf(ru *syscall.Rusage) Usage {
	return Usage{
		User:     time.Duration(ru.Utime.Nano()),
		System:   time.Duration(ru.Stime.Nano()),
		MaxRSSKB: int64(ru.Maxrss) / maxrssPerKB,
	}
}

// Ended tells whether the child pid has ended, without reaping it: its pid stays its own, and its status readable. The
// error wraps ECHILD if pid is not an unreaped child of this process.
func Ended(pid int) (bool, error) {
	if pid <= 1 {
		return false, wrapPID("look at child", pid, ErrRefused)
	}
	ended, err := childEnded(pid)
	return ended, wrapPID("look at child", pid, err)
}

// PeekStatus returns the wait status of the child pid, which has ended, without reaping it. The error wraps EAGAIN if it
// has not ended, ECHILD if pid is not an unreaped child of this process, or [ErrUnsupported].
func PeekStatus(pid int) (syscall.WaitStatus, error) {
	if pid <= 1 {
		return 0, wrapPID("look at child", pid, ErrRefused)
	}
	status, err := peekStatus(pid)
	return status, wrapPID("look at child", pid, err)
}

// Reap1 reaps the child pid, which must have ended: it never waits, EAGAIN says that the child has not. After it
// returned without an error, pid may belong to a stranger.
func Reap1(pid int) (syscall.WaitStatus, Usage, error) {
	if pid <= 1 {
		return 0, Usage{}, wrapPID("reap child", pid, ErrRefused)
	}
	status, usage, ended, err := reapIfEnded(pid)
	if err == nil && !ended {
		err = syscall.EAGAIN
	}
	return status, usage, wrapPID("reap child", pid, err)
}

func reapIfEnded(pid int) (status syscall.WaitStatus, usage Usage, ended bool, err error) {
	var ru syscall.Rusage
	var got int
	err = ignoringEINTR(func() (err error) {
		got, err = syscall.Wait4(pid, &status, syscall.WNOHANG, &ru)
		return err
	})
	if err != nil || got != pid {
		return 0, Usage{}, false, err
	}
	return status, usageOf(&ru), true, nil
}
