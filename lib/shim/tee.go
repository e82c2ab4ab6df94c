package shim

import (
	"errors"

	"golang.org/x/sys/unix"
)

// tee is a copy of the live output for the user. It never makes the task wait:
// what a slow or absent reader misses is skipped and counted.
type tee struct {
	path   string
	fd     int // -1 while a FIFO has no reader
	missed int64
}

func (t *tee) open() error {
	fd, err := unix.Open(t.path, unix.O_WRONLY|unix.O_CREAT|unix.O_APPEND|unix.O_NONBLOCK|unix.O_CLOEXEC|unix.O_NOCTTY, 0o600)
	if errors.Is(err, unix.ENXIO) {
		return nil
	}
	if err != nil {
		return err
	}
	t.fd = fd
	return nil
}

// write gives the reader what it can take at once.
func (t *tee) write(p []byte) {
	if t.fd < 0 && (t.open() != nil || t.fd < 0) {
		t.missed += int64(len(p))
		return
	}
	n, err := unix.Write(t.fd, p)
	t.missed += int64(len(p) - max(n, 0))
	if errors.Is(err, unix.EPIPE) {
		unix.Close(t.fd)
		t.fd = -1
	}
}
