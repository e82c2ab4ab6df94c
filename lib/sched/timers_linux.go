package sched

import (
	"bgtasks/lib/fsys"
	"bgtasks/lib/proc"
	"errors"
	"io/fs"
	"time"

	"golang.org/x/sys/unix"
)

// timers wake at moments of both clocks, also when the system was suspended
// meanwhile or its wall clock was set (timerfd_create(2)), and when the home is
// removed or moved (inotify(7)).
type timers struct {
	boot, wall int
	gone       int // -1 if this user may have no more of them
	open       string
}

// newTimers makes the timers for a home of which this file is kept open: its
// directories are told to be deleted only after that was closed.
func newTimers(home, open string) (*timers, error) {
	gone, err := unix.InotifyInit1(unix.IN_NONBLOCK | unix.IN_CLOEXEC)
	if err != nil {
		gone = -1
	}
	_, _ = unix.InotifyAddWatch(gone, home, unix.IN_MOVE_SELF)
	_, _ = unix.InotifyAddWatch(gone, open, unix.IN_ATTRIB) // of which the number of links is one
	boot, err := unix.TimerfdCreate(unix.CLOCK_BOOTTIME, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK)
	if err != nil {
		return nil, err
	}
	wall, err := unix.TimerfdCreate(unix.CLOCK_REALTIME, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK)
	return &timers{boot, wall, gone, open}, err
}

// sleep returns at the first of the moments, when the wall clock was set, or when the
// bell rings. The error is fs.ErrNotExist if the home is being removed, or was moved:
// it must not be touched any more then.
func (t *timers) sleep(bell int, next []moment) error {
	set := []unix.PollFd{{Fd: int32(bell), Events: unix.POLLIN}, {Fd: int32(t.gone), Events: unix.POLLIN}}
	for _, m := range next {
		fd, flags := t.boot, unix.TFD_TIMER_ABSTIME
		if m.clock == wallClock {
			fd, flags = t.wall, flags|unix.TFD_TIMER_CANCEL_ON_SET
		}
		at := unix.NsecToTimespec(int64(min(m.ms, maxMs)) * int64(time.Millisecond))
		if at.Sec == 0 && at.Nsec == 0 {
			return nil
		}
		if err := unix.TimerfdSettime(fd, flags, &unix.ItimerSpec{Value: at}, nil); err != nil {
			return err
		}
		set = append(set, unix.PollFd{Fd: int32(fd), Events: unix.POLLIN})
	}
	for {
		_, err := unix.Poll(set, -1)
		if err == nil || !errors.Is(err, unix.EINTR) {
			t.quiet()
			if err == nil && !fsys.Exists(t.open) {
				err = fs.ErrNotExist
			}
			return err
		}
	}
}

// maxMs is a time that a timer takes, in three hundred years.
const maxMs = 1<<63/1000000 - 1

// quiet takes the expirations. A wall clock that was set is told by an error, and is
// a reason to look as any other.
func (t *timers) quiet() {
	proc.DrainPipe(t.boot)
	proc.DrainPipe(t.wall)
	proc.DrainPipe(t.gone)
}
