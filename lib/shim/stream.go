package shim

import (
	"errors"
	"io"

	"golang.org/x/sys/unix"

	"bgtasks/lib/seglog"
)

// stream is one output of the task on its way from the FIFO to the log.
type stream struct {
	fd   int
	log  *seglog.Writer
	tees []*tee
	eof  bool // nobody holds the FIFO open for writing

	dropped int64 // bytes that were missing from the log before us; the most there can be once the loss is told
}

// buffer is the one buffer of the pump, as large as a pipe is by default
// (pipe(7)). All streams are served by one thread.
var buffer [64 << 10]byte

// burst is the most chunks taken from one stream before others are served.
const burst = 16

// openStream opens the log and the reading end. Until the task has its own end, nobody
// else writes, and poll(2) is not asked before.
func openStream(fifo string, to seglog.Options) (*stream, error) {
	log, err := seglog.Open(to)
	if err != nil {
		return nil, err
	}
	fd, err := unix.Open(fifo, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0)
	if err != nil {
		return nil, err
	}
	return &stream{fd: fd, log: log, dropped: log.Dropped()}, nil
}

// comeFrom takes the place of the reading end, unless fd is -1.
func (st *stream) comeFrom(fd int) {
	if fd >= 0 {
		unix.Close(st.fd)
		st.fd = fd
	}
}

// pump takes what is there, at most a burst, and tells how many bytes that was.
func (st *stream) pump() (taken int) {
	for range burst {
		n, more := st.chunk()
		taken += n
		if !more {
			break
		}
	}
	return taken
}

// chunk moves one chunk into the log, and its copy to the tees.
func (st *stream) chunk() (n int, more bool) {
	if st.eof {
		return 0, false
	}
	var err error
	if len(st.tees) == 0 {
		n, err = st.log.Pump(st.fd, buffer[:])
	} else {
		n, err = st.copyOut()
	}
	switch {
	case errors.Is(err, io.EOF):
		st.eof = true
		return n, false
	case errors.Is(err, unix.EINTR):
		return n, true
	case err != nil:
		return n, false
	}
	return n, true
}

func (st *stream) copyOut() (int, error) {
	n, err := st.log.PumpCopy(st.fd, buffer[:])
	for _, t := range st.tees {
		t.write(buffer[:n])
	}
	return n, err
}

// drain takes what the pipe holds at this moment. What leftovers write
// meanwhile is not waited for: a pipe that is refilled faster than it is read
// must not delay the end of the run.
func (st *stream) drain() {
	held, err := unix.IoctlGetInt(st.fd, ioctlReadable)
	if err != nil {
		st.pump()
		return
	}
	for more := true; more && held > 0; {
		var n int
		n, more = st.chunk()
		held -= n
	}
	if held == 0 {
		st.noticeEOF()
	}
}

// noticeEOF looks whether the last holder has closed an empty pipe.
func (st *stream) noticeEOF() {
	st.eof = st.eof || st.events()&(unix.POLLIN|unix.POLLHUP) == unix.POLLHUP
}

// held tells whether someone has the pipe open for writing.
func (st *stream) held() bool { return !st.eof && st.events()&unix.POLLHUP == 0 }

func (st *stream) events() int16 {
	set := []unix.PollFd{{Fd: int32(st.fd), Events: unix.POLLIN}}
	if n, err := unix.Poll(set, 0); err != nil || n <= 0 {
		return 0
	}
	return set[0].Revents
}
