package proc

import "syscall"

// The real-time signals as programs of glibc and musl number them; the C libraries keep 32 and 33, some also 34, for
// themselves. See signal(7).
const (
	rtMin syscall.Signal = 34
	rtMax syscall.Signal = 64
)
