package proc

import "syscall"

// See SIGRTMIN in sys/signal.h.
const (
	rtMin syscall.Signal = 65
	rtMax syscall.Signal = 126
)
