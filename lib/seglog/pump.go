package seglog

import (
	"io"
	"syscall"

	"bgtasks/lib/fail"
)

// Pump moves what one read would give, up to len(buf) bytes, from the
// non-blocking descriptor fd to the log, and says how many bytes the stream
// advanced. At end of file it returns io.EOF, on an empty pipe the bare
// syscall.EAGAIN.
//
// On Linux the bytes go from the pipe to the file by splice(2): the pipe gives
// up only what the file has taken, in one system call, so a SIGKILL at any
// instant loses none of them (P6, P7). Where the kernel or the file can't, and
// while the disk is full, they are read and written, and a SIGKILL between the
// two loses what was read.
func (w *Writer) Pump(fd int, buf []byte) (int, error) { return w.pump(fd, buf, false) }

// PumpCopy does the same, and leaves a copy of the bytes in buf.
func (w *Writer) PumpCopy(fd int, buf []byte) (int, error) { return w.pump(fd, buf, true) }

func (w *Writer) pump(fd int, buf []byte, keep bool) (int, error) {
	if w.closed {
		return 0, ErrClosed
	}
	n, err := w.splice(fd, len(buf))
	switch {
	case err == nil && keep:
		_, err = w.file.ReadAt(buf[:n], w.size-int64(n))
		return n, err
	case err == nil || err == io.EOF || err == syscall.EAGAIN:
		return n, err
	}
	n, err = read(fd, buf)
	if n > 0 {
		fail.Pass("pump-write")
		_, err = w.Write(buf[:n])
	}
	return n, err
}

// spliceChunk is the most that one splice(2) moves. It holds the pipe's lock all
// the while, so the task can't write: with a quarter of a pipe at a time it was
// measured to be fastest.
const spliceChunk = 16 << 10

// splice moves up to max bytes, as many as the newest part may take.
func (w *Writer) splice(fd, max int) (int, error) {
	if w.noSplice || w.fault != nil {
		return 0, syscall.ENOSYS
	}
	if w.due() && !holdsBytes(fd) {
		return 0, syscall.ENOSYS // a part is closed for a byte that comes after it, not before
	}
	room, err := w.ready(min(max, spliceChunk))
	if err != nil {
		return 0, err
	}
	if err := fail.Point("pump-splice"); err != nil {
		return 0, err
	}
	n, err := spliceTo(int(w.file.Fd()), fd, w.size, room)
	switch {
	case err == syscall.EINVAL || err == syscall.ENOSYS:
		w.noSplice = true
		return 0, err
	case err != nil:
		return 0, err
	case n == 0:
		return 0, io.EOF
	}
	w.index.arrived(w.o.Now(), w.end)
	w.stored(n)
	return n, nil
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
