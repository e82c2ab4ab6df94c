//go:build darwin || freebsd

package proc

import (
	"golang.org/x/sys/unix"
)

// Ends is a set of processes whose ends make one descriptor readable, however many they are: an epoll instance over
// pidfds on Linux, a kqueue elsewhere. It is not for concurrent use.
type Ends struct{ fd int }

// NewEnds gives an empty set.
func NewEnds() (*Ends, error) {
	kq, err := unix.Kqueue()
	if err != nil {
		return nil, wrap("watch processes", err)
	}
	unix.CloseOnExec(kq)
	return &Ends{kq}, nil
}

// FD is readable while a process of the set has ended that Ended has not given yet.
func (e *Ends) FD() int { return e.fd }

// Add adds a process, and gives the key that Ended and Drop know it by: its pid here. The errors are those of [ExitFD].
func (e *Ends) Add(id Identity) (key int, err error) {
	if id.PID <= 1 {
		return -1, wrapPID("watch process", id.PID, ErrRefused)
	}
	return id.PID, wrapPID("watch process", id.PID, register(e.fd, id))
}

// Drop takes a process out of the set that Ended has not given.
func (e *Ends) Drop(key int) {
	for _, filter := range []int{unix.EVFILT_PROC, unix.EVFILT_USER} {
		var gone unix.Kevent_t
		unix.SetKevent(&gone, key, filter, unix.EV_DELETE)
		unix.Kevent(e.fd, []unix.Kevent_t{gone}, nil, nil) // fails for the filter that it has not
	}
}

// Ended gives the keys of processes that have ended, each once, and takes them out of the set. It does not wait, and
// may leave some to the next call.
func (e *Ends) Ended() (keys []int, err error) {
	var events [128]unix.Kevent_t
	var now unix.Timespec
	n, err := unix.Kevent(e.fd, nil, events[:], &now)
	if err == unix.EINTR {
		return nil, nil
	}
	if err != nil {
		return nil, wrap("watch processes", err)
	}
	for _, event := range events[:n] {
		keys = append(keys, int(event.Ident))
		e.Drop(int(event.Ident))
	}
	return keys, nil
}

// Close frees the descriptor of the set.
func (e *Ends) Close() error { return unix.Close(e.fd) }
