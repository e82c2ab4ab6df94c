package heal

import (
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"bgtasks/lib/proc"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
)

// telling tells whether the end of the run is recorded and its supervisor, or whoever
// else has the lock, about to journal it. One who only waits for the journal is not.
func (s *patient) telling() bool {
	return s.Fault == nil && s.Terminal() && s.Held && s.Marked && !s.standsInLine() && s.JustEnded()
}

// standsInLine tells whether a supervisor has done all but to journal the end, and waits
// for the journal: it removes its FIFOs before.
func (s *patient) standsInLine() bool {
	return s.Output == view.FIFOAbsent && s.Holder != nil && s.State.Shim != nil && *s.Holder == *s.State.Shim
}

// awaitTold waits until the end that the snapshot tells is in the journal, so that
// whoever is told of it here finds it there (P10). If who should write it is killed, the
// Snapshot that it gives calls for healing.
func (r healer) awaitTold(s *patient) (*patient, error) {
	if !s.telling() {
		return s, nil
	}
	bells := filepath.Join(r.Home.TaskDir(s.ID), store.BellsDir)
	bell, err := store.NewBell(bells, store.BellChange)
	if err != nil {
		return s, nil // in a home that can't be written to
	}
	defer bell.Close()
	watched := []unix.PollFd{{Fd: int32(bell.FD()), Events: unix.POLLIN}}
	if s.Holder != nil {
		if exit, err := proc.ExitFD(proc.Identity(*s.Holder)); err == nil {
			defer unix.Close(exit)
			watched = append(watched, unix.PollFd{Fd: int32(exit), Events: unix.POLLIN})
		}
	}
	for {
		bell.Drain()
		if s, err = r.see(s.ID, view.Thorough); err != nil || !s.telling() {
			return s, err
		}
		_, err = unix.Poll(watched, int((view.TellingTime-time.Since(s.State.UpdatedAt))/time.Millisecond)+1)
		if err != nil && err != unix.EINTR {
			return s, nil
		}
		if len(watched) > 1 && watched[1].Revents != 0 {
			watched = watched[:1] // it would fire for ever
		}
	}
}
