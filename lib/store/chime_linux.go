package store

import "golang.org/x/sys/unix"

// room is how many bytes a FIFO holds.
func room(fd int) int {
	n, err := unix.FcntlInt(uintptr(fd), unix.F_GETPIPE_SZ, 0)
	if err != nil {
		return leastRoom
	}
	return n
}
