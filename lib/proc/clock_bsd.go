//go:build darwin || freebsd

package proc

import (
	"golang.org/x/sys/unix"
)

func bootMs() (int64, error) {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		return 0, err
	}
	return now.Nano() / 1e6, nil
}
