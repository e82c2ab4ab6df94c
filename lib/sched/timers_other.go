//go:build !linux

package sched

import (
	"errors"
	"math"

	"golang.org/x/sys/unix"
)

// timers wake at moments of both clocks. This system has no timers that notice that
// the wall clock was set: then the time that was left counts.
type timers struct{}

func newTimers(_, _ string) (*timers, error) { return &timers{}, nil }

// sleep returns at the first of the moments, or when the bell rings.
func (*timers) sleep(bell int, next []moment) error {
	wait := uint64(math.MaxInt32)
	for _, m := range next {
		left := uint64(0)
		if at := now(m.clock); m.ms > at {
			left = m.ms - at
		}
		wait = min(wait, left)
	}
	set := []unix.PollFd{{Fd: int32(bell), Events: unix.POLLIN}}
	_, err := unix.Poll(set, int(wait))
	if errors.Is(err, unix.EINTR) {
		err = nil
	}
	return err
}
