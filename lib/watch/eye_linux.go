package watch

import (
	"path/filepath"

	"golang.org/x/sys/unix"
)

// eye looks at a task's directory instead of a bell in it: inotify(7). A user
// may have only so many of them, 128 as a rule, so it is for a home in which no
// bell can be hung up.
type eye struct{ fd int }

// watched are the changes that somebody would ring for: a record is replaced, a
// log or the journal grows, something is removed.
const watched = unix.IN_MOVED_TO | unix.IN_MODIFY | unix.IN_CREATE | unix.IN_DELETE | unix.IN_DELETE_SELF | unix.IN_MOVE_SELF

// openEye opens one for the directory that bells would hang in.
func openEye(bells string) (bell, error) {
	fd, err := unix.InotifyInit1(unix.IN_NONBLOCK | unix.IN_CLOEXEC)
	if err != nil {
		return nil, err
	}
	if _, err := unix.InotifyAddWatch(fd, filepath.Dir(bells), watched|unix.IN_ONLYDIR|unix.IN_DONT_FOLLOW); err != nil {
		unix.Close(fd)
		return nil, err
	}
	return eye{fd}, nil
}

// FD is readable once something has changed.
func (e eye) FD() int { return e.fd }

// Drain forgets what has changed.
func (e eye) Drain() {
	var buf [4096]byte
	for {
		if n, err := unix.Read(e.fd, buf[:]); n <= 0 || err != nil {
			return
		}
	}
}

// Close ends the looking.
func (e eye) Close() error { return unix.Close(e.fd) }
