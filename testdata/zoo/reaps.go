package main

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// reaps is a subreaper, with a daemon of a daemon below it.
func reaps() {
	newSession := &syscall.SysProcAttr{Setsid: true}
	enlist(os.Getpid())
	switch role() {
	case "":
		check(unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))
		check(again("middle", newSession).Wait())
	case "middle":
		again("end", newSession)
		return
	case "end":
		ready()
	}
	stay()
}
