package proc

import "syscall"

// Darwin has no real-time signals.
const (
	rtMin syscall.Signal = 0
	rtMax syscall.Signal = 0
)
