package proc

import (
	"errors"

	"golang.org/x/sys/unix"
)

// Ends is a set of processes whose ends make one descriptor readable, however many they are: an epoll instance over
// pidfds on Linux, a kqueue elsewhere. It is not for concurrent use.
type Ends struct{ fd int }

// NewEnds gives an empty set. The error wraps [ErrUnsupported] where no process can be watched.
func NewEnds() (*Ends, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, wrap("watch processes", err)
	}
	return &Ends{fd}, nil
}

// FD is readable while a process of the set has ended that Ended has not given yet.
func (e *Ends) FD() int { return e.fd }

// Add adds a process, and gives the key that Ended and Drop know it by: its exit descriptor here. The errors are those
// of [ExitFD].
func (e *Ends) Add(id Identity) (key int, err error) {
	fd, err := ExitFD(id)
	if err != nil {
		return -1, err
	}
	if err := unix.EpollCtl(e.fd, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)}); err != nil {
		return -1, errors.Join(wrapPID("watch process", id.PID, err), unix.Close(fd))
	}
	return fd, nil
}

// Drop takes a process out of the set that Ended has not given.
func (e *Ends) Drop(key int) { unix.Close(key) } // the kernel takes a closed descriptor out, epoll(7)

// Ended gives the keys of processes that have ended, each once, and takes them out of the set. It does not wait, and
// may leave some to the next call.
func (e *Ends) Ended() (keys []int, err error) {
	var events [128]unix.EpollEvent
	n, err := unix.EpollWait(e.fd, events[:], 0)
	if err == unix.EINTR {
		return nil, nil
	}
	if err != nil {
		return nil, wrap("watch processes", err)
	}
	for _, event := range events[:n] {
		keys = append(keys, int(event.Fd))
		unix.Close(int(event.Fd))
	}
	return keys, nil
}

// Close frees the descriptor of the set. Those that were added are dropped one by one before.
func (e *Ends) Close() error { return unix.Close(e.fd) }
