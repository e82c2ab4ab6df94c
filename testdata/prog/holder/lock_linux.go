package main

import (
	"os"

	"golang.org/x/sys/unix"
)

func lock(f *os.File) error {
	return unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLKW, &unix.Flock_t{Type: unix.F_WRLCK})
}
