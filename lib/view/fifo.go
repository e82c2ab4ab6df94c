package view

import (
	"syscall"
)

// fifoUse is what a look at a task's output FIFO tells.
type fifoUse int

const (
	fifoAbsent fifoUse = iota
	fifoIdle           // nobody has it open: what it held is gone for good
	fifoHeld           // a process has it open: one of the tree, or the shim
)

// lookAtFIFO tells whether anyone has the FIFO at path open. The task has it
// open for reading and writing (DESIGN §3), so a non-blocking open for writing
// fails with ENXIO only if no process of the tree is left on it (fifo(7)).
func lookAtFIFO(path string) fifoUse {
	fd, err := syscall.Open(path, syscall.O_WRONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0)
	switch err {
	case nil:
		defer syscall.Close(fd)
		if isFIFO(fd) {
			return fifoHeld
		}
		return fifoAbsent
	case syscall.ENXIO:
		return fifoIdle
	case syscall.ENOENT, syscall.ELOOP, syscall.EISDIR:
		return fifoAbsent // what else is in its place was never the task's
	}
	return fifoHeld
}

func isFIFO(fd int) bool {
	var st syscall.Stat_t
	return syscall.Fstat(fd, &st) != nil || st.Mode&syscall.S_IFMT == syscall.S_IFIFO
}

// maxDrain is the most that a pipe can hold for an ordinary user (pipe(7),
// /proc/sys/fs/pipe-max-size). What a dead supervisor left unread is within it;
// a survivor of the tree that prints on and on must not hold the healer.
const maxDrain = 1 << 20

// drain moves what the FIFO at path holds to put, without waiting for more.
// Once nobody holds the FIFO, it holds nothing.
func drain(path string, put func([]byte)) error {
	fd, err := open(path)
	if err == syscall.ENOENT {
		return nil
	}
	if err != nil {
		return err
	}
	defer syscall.Close(fd)
	buf := make([]byte, 64<<10)
	for moved := 0; moved < maxDrain; {
		n, err := read(fd, buf)
		if err == syscall.EAGAIN || err == nil && n == 0 {
			return nil
		}
		if err != nil {
			return err
		}
		put(buf[:n])
		moved += n
	}
	return nil
}
