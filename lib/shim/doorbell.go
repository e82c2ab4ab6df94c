package shim

import (
	"golang.org/x/sys/unix"

	"bgtasks/lib/store"
)

// openDoorbell opens the doorbell for writing too, so that a visitor's close
// gives no end-of-file.
func (s *Shim) openDoorbell() error { return s.openDoorbellAt(s.path(store.CtlFIFO)) }

func (s *Shim) openDoorbellAt(path string) error {
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0)
	if err == nil {
		s.ctl = fd
	}
	return err
}

// ownBell wakes the loop: a message that says nothing does that. If the doorbell
// takes no more, the loop is about to wake.
func (s *Shim) ownBell() { unix.Write(s.ctl, []byte("\n")) }

// mendDoorbell listens at a doorbell of that name again.
func (s *Shim) mendDoorbell() {
	if s.listensAt(s.path(store.CtlFIFO)) {
		return
	}
	old := s.ctl
	if err := store.RenewFIFO(s.path(store.CtlFIFO), s.openDoorbellAt); err == nil {
		unix.Close(old)
	}
}

func (s *Shim) listensAt(path string) bool {
	var ours, there unix.Stat_t
	return unix.Fstat(s.ctl, &ours) == nil && unix.Lstat(path, &there) == nil && ours.Dev == there.Dev && ours.Ino == there.Ino
}
