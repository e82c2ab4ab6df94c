package view

import (
	"syscall"
)

// FIFO is what a look at a task's output FIFO tells.
type FIFO int

const (
	FIFOAbsent FIFO = iota
	FIFOIdle        // nobody has it open: what it held is gone for good
	FIFOHeld        // a process has it open: one of the tree, or the shim
)

// lookAtFIFO tells whether anyone has the FIFO at path open. The task has it
// open for reading and writing, so a non-blocking open for writing
// fails with ENXIO only if no process of the tree is left on it (fifo(7)).
func lookAtFIFO(path string) FIFO {
	fd, use := OpenHeld(path)
	if fd >= 0 {
		syscall.Close(fd)
	}
	return use
}

// OpenHeld opens a FIFO for writing if somebody has it open; else fd is -1.
func OpenHeld(path string) (fd int, use FIFO) {
	fd, err := syscall.Open(path, syscall.O_WRONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0)
	switch err {
	case nil:
		if isFIFO(fd) {
			return fd, FIFOHeld
		}
		syscall.Close(fd)
		return -1, FIFOAbsent
	case syscall.ENXIO:
		return -1, FIFOIdle
	case syscall.ENOENT, syscall.ELOOP, syscall.EISDIR:
		return -1, FIFOAbsent // what else is in its place was never the task's
	}
	return -1, FIFOHeld
}

func isFIFO(fd int) bool {
	var st syscall.Stat_t
	return syscall.Fstat(fd, &st) != nil || st.Mode&syscall.S_IFMT == syscall.S_IFIFO
}
