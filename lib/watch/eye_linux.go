package watch

import (
	"encoding/binary"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// eye looks at directories of tasks instead of a bell in each: inotify(7). A user
// may have only so many of them, 128 as a rule, so it is for a home in which no
// bell can be hung up, and one looks at all tasks of a watcher.
type eye struct{ fd int }

// watched are the changes that somebody would ring for: a record is replaced, a
// log or the journal grows, something is removed.
const watched = unix.IN_MOVED_TO | unix.IN_MODIFY | unix.IN_CREATE | unix.IN_DELETE | unix.IN_DELETE_SELF | unix.IN_MOVE_SELF

func openEye() (*eye, error) {
	fd, err := unix.InotifyInit1(unix.IN_NONBLOCK | unix.IN_CLOEXEC)
	if err != nil {
		return nil, err
	}
	return &eye{fd}, nil
}

// add looks also at the directory that bells would hang in the bells of. The key tells
// of its changes.
func (e *eye) add(bells string) (key int32, err error) {
	wd, err := unix.InotifyAddWatch(e.fd, filepath.Dir(bells), watched|unix.IN_ONLYDIR|unix.IN_DONT_FOLLOW)
	return int32(wd), err
}

// FD is readable once something has changed.
func (e *eye) FD() int { return e.fd }

// Drain forgets what has changed.
func (e *eye) Drain() { e.changed() }

// changed gives the keys of what has changed since the last call; all tells that it
// may be anything.
func (e *eye) changed() (keys []int32, all bool) {
	buf := make([]byte, 16<<10)
	for {
		n, err := unix.Read(e.fd, buf)
		if n <= 0 || err != nil {
			return keys, all
		}
		for rest := buf[:n]; len(rest) >= unix.SizeofInotifyEvent; {
			wd, mask := int32(binary.NativeEndian.Uint32(rest)), binary.NativeEndian.Uint32(rest[4:])
			name := int(binary.NativeEndian.Uint32(rest[12:]))
			keys, all = append(keys, wd), all || mask&unix.IN_Q_OVERFLOW != 0
			rest = rest[min(unix.SizeofInotifyEvent+name, len(rest)):]
		}
	}
}

// Close ends the looking.
func (e *eye) Close() error { return unix.Close(e.fd) }
