package seglog

import (
	"io"
	"syscall"
)

// Pump moves what one read would give, up to len(buf) bytes, from the
// non-blocking descriptor fd to the log, and says how many bytes the stream
// advanced. At end of file it returns io.EOF, on an empty pipe the bare
// syscall.EAGAIN.
//
// It is a plain read and write. splice(2) saves a copy, but holds the pipe's
// lock while it fills the file, so the task cannot write meanwhile: it was
// measured to be slower for small writes and no faster for large ones. Neither
// did a larger pipe pay.
func (w *Writer) Pump(fd int, buf []byte) (int, error) {
	if w.closed {
		return 0, ErrClosed
	}
	n, err := read(fd, buf)
	if n > 0 {
		_, err = w.Write(buf[:n])
	}
	return n, err
}

func read(fd int, buf []byte) (int, error) {
	for {
		n, err := syscall.Read(fd, buf)
		switch {
		case err == syscall.EINTR:
		case err != nil:
			return 0, err
		case n == 0:
			return 0, io.EOF
		default:
			return n, nil
		}
	}
}
