package view

import (
	"errors"
	"io"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"

	"bgtasks/lib/seglog"
	"bgtasks/lib/store"
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
	fd, use := openHeld(path)
	if fd >= 0 {
		syscall.Close(fd)
	}
	return use
}

// openHeld opens a FIFO for writing if somebody has it open; else fd is -1.
func openHeld(path string) (fd int, use fifoUse) {
	fd, err := syscall.Open(path, syscall.O_WRONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0)
	switch err {
	case nil:
		if isFIFO(fd) {
			return fd, fifoHeld
		}
		syscall.Close(fd)
		return -1, fifoAbsent
	case syscall.ENXIO:
		return -1, fifoIdle
	case syscall.ENOENT, syscall.ELOOP, syscall.EISDIR:
		return -1, fifoAbsent // what else is in its place was never the task's
	}
	return -1, fifoHeld
}

func isFIFO(fd int) bool {
	var st syscall.Stat_t
	return syscall.Fstat(fd, &st) != nil || st.Mode&syscall.S_IFMT == syscall.S_IFIFO
}

// maxDrain is the most that a pipe can hold for an ordinary user (pipe(7),
// /proc/sys/fs/pipe-max-size). What a dead supervisor left unread is within it;
// a survivor of the tree that prints on and on must not hold the healer.
const maxDrain = 1 << 20

// outputs are the FIFOs of a run whose supervisor was killed, held open by a
// healer. The system discards what is in a pipe when its last holder ends, so a
// healer that has found one held keeps it until a new supervisor has it open, or
// until it is empty.
type outputs struct {
	fds  []int   // reading ends; -1 where nobody had the FIFO open
	use  fifoUse // of out.fifo, before this process opened it
	lost bool    // nobody had one of them open: what it held is gone
}

// holdOutputs opens the FIFOs of a run with or without separate streams.
func holdOutputs(dir string, split bool) *outputs {
	fd, use := holdFIFO(filepath.Join(dir, store.OutFIFO))
	o := &outputs{fds: []int{fd}, use: use, lost: fd < 0}
	if split {
		fd, _ := holdFIFO(filepath.Join(dir, store.ErrFIFO))
		o.fds, o.lost = append(o.fds, fd), o.lost || fd < 0
	}
	return o
}

// release closes what is open.
func (o *outputs) release() {
	for i, fd := range o.fds {
		if fd >= 0 {
			syscall.Close(fd)
			o.fds[i] = -1
		}
	}
}

// holdFIFO opens a FIFO for reading if a process has it open. It is opened for
// writing first, which succeeds only beside a reader: from that moment on it has
// a holder, whoever ends.
func holdFIFO(path string) (fd int, use fifoUse) {
	w, use := openHeld(path)
	if w < 0 {
		return -1, use
	}
	defer syscall.Close(w)
	fd, err := open(path)
	if err != nil {
		return -1, use
	}
	return fd, use
}

// drain moves what the pipe fd holds to the log that open gives, without waiting for
// more, by the same way as a supervisor (P6). open is called if there is something.
// ended tells that nobody but this process has the pipe open any more.
func drain(fd int, open func() (*seglog.Writer, error)) (ended bool, err error) {
	if full, ended := peek(fd); !full {
		return ended, nil
	}
	log, err := open()
	if err != nil {
		return false, err
	}
	buf := make([]byte, 64<<10)
	for moved := 0; moved < maxDrain && err == nil; {
		var n int
		n, err = log.Pump(fd, buf)
		moved += n
	}
	if ended = errors.Is(err, io.EOF); ended || errors.Is(err, syscall.EAGAIN) {
		err = nil
	}
	return ended, errors.Join(err, log.Sync(), log.Close())
}

// peek tells whether a pipe holds something; if not, whether nobody has it open for
// writing. It was opened while somebody had, so that poll(2) tells the latter.
func peek(fd int) (full, ended bool) {
	set := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	if n, err := unix.Poll(set, 0); err != nil || n == 0 {
		return false, false
	}
	full = set[0].Revents&unix.POLLIN != 0
	return full, !full && set[0].Revents&unix.POLLHUP != 0
}
