package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// zombies waits until its children have ended, and does not reap them.
func zombies() {
	if role() != "" {
		return
	}
	enlist(os.Getpid())
	for range 20 {
		child := again("brief", nil).Process.Pid
		enlist(child)
		check(unix.Waitid(unix.P_PID, child, nil, unix.WEXITED|unix.WNOWAIT, nil))
	}
	ready()
	stay()
}
