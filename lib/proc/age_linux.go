package proc

import (
	"time"

	"golang.org/x/sys/unix"
)

// ticksPerSecond is USER_HZ, in which /proc counts on every architecture of Linux (sysconf(3), _SC_CLK_TCK).
const ticksPerSecond = 100

// Age is how long ago the process was started, by the clock that its start ticks are of: one that counts suspended time
// and that nobody can set (clock_gettime(2), CLOCK_BOOTTIME).
func Age(id Identity) (time.Duration, error) {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &now); err != nil {
		return 0, wrap("read the boot clock", err)
	}
	start := time.Duration(id.StartTicks) * (time.Second / ticksPerSecond)
	return time.Duration(now.Nano()) - start, nil
}
