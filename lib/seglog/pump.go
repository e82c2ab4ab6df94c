package seglog

import (
	"io"
	"syscall"

	"bgtasks/lib/fail"
)

// Pump moves the bytes that one read would return from the non-blocking descriptor fd to
// the log, through buf if necessary, and returns by how many bytes the stream advanced.
// At end of file it returns io.EOF, on an empty pipe the bare syscall.EAGAIN.
//
// On Linux splice(2) moves the bytes from the pipe to the file. In one system call the
// pipe gives up only bytes that the file has taken, so a SIGKILL at any instant loses
// none of them (P6, P7). If the kernel or the file can't splice, or the disk is full, the
// bytes are read and written, and a SIGKILL between the two loses those that were read.
func (w *Writer) Pump(fd int, buf []byte) (int, error) { return w.pump(fd, buf, false) }

// PumpCopy does the same as Pump, and leaves a copy of the bytes in buf.
func (w *Writer) PumpCopy(fd int, buf []byte) (int, error) { return w.pump(fd, buf, true) }

func (w *Writer) pump(fd int, buf []byte, keep bool) (int, error) {
	if w.closed {
		return 0, ErrClosed
	}
	most := wideChunk
	if keep {
		most = len(buf)
	}
	n, err := w.splice(fd, most)
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

// The most that one splice(2) moves. It holds the pipe's lock all the while, so
// the task can't write: with a quarter of a pipe of the default size at a time it
// was measured to be fastest. A stream that has kept the pipe that full for so
// many chunks on end gets a larger pipe, and is moved in larger chunks: then it is
// as fast as cat(1). Others cost no more of the user's share of pipe memory than
// any pipe does (pipe(7)).
const (
	spliceChunk = 16 << 10
	wideChunk   = 128 << 10
	widePipe    = 1 << 20 // the most for an ordinary user (pipe-max-size, pipe(7))
	saturated   = 32
)

// splice moves up to max bytes, as many as the newest part may take.
func (w *Writer) splice(fd, max int) (int, error) {
	if w.noSplice || w.fault != nil {
		return 0, syscall.ENOSYS
	}
	now := w.o.Now()
	w.look(now)
	if w.due() && !holdsBytes(fd) {
		return 0, syscall.ENOSYS // a part is closed for a byte that comes after it, not before
	}
	chunk := spliceChunk
	if w.wide {
		chunk = wideChunk
	}
	room, err := w.ready(min(max, chunk))
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
	w.index.arrived(now, w.end)
	w.stored(n)
	w.flush(now)
	w.widen(fd, n >= room)
	return n, nil
}

// widen makes the pipe larger once the stream has filled chunk after chunk. Where
// that is not allowed the pipe stays as it is.
func (w *Writer) widen(fd int, full bool) {
	switch {
	case w.wide:
	case !full:
		w.filled = 0
	default:
		w.filled++
		w.wide = w.filled == saturated && enlarge(fd, widePipe)
	}
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
