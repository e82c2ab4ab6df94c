package view

import (
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"bgtasks/lib/proc"
	"bgtasks/lib/store"
)

// tellingTime is how long after an end its line in the journal is waited for. It comes
// at once as a rule; later than that its writer is stopped, waits for others that are, or
// finds no room, and nobody is to hang with it.
const tellingTime = 2 * time.Second

// telling tells whether the end of the run is recorded and its supervisor, or whoever
// else has the lock, about to journal it. One who only waits for the journal is not.
func (s *snapshot) telling() bool {
	return s.fault == nil && s.terminal() && s.held && s.marked && !s.standsInLine() && s.justEnded()
}

// standsInLine tells whether a supervisor has done all but to journal the end, and waits
// for the journal: it removes its FIFOs before.
func (s *snapshot) standsInLine() bool {
	return s.output == fifoAbsent && s.holder != nil && s.state.Shim != nil && *s.holder == *s.state.Shim
}

// justEnded tells whether so little time has passed since the end that its line may be
// missing.
func (s *snapshot) justEnded() bool {
	since := time.Since(s.state.UpdatedAt)
	return since < tellingTime && since > -tellingTime
}

// awaitTold waits until the end that the snapshot tells is in the journal, so that
// whoever is told of it here finds it there (P10). If who should write it is killed, the
// snapshot that it gives calls for healing.
func (r *reader) awaitTold(s *snapshot) (*snapshot, error) {
	if !s.telling() {
		return s, nil
	}
	bells := filepath.Join(r.home.TaskDir(s.id), store.BellsDir)
	bell, err := store.NewBell(bells, store.BellChange)
	if err != nil {
		return s, nil // in a home that can't be written to
	}
	defer bell.Close()
	watched := []unix.PollFd{{Fd: int32(bell.FD()), Events: unix.POLLIN}}
	if s.holder != nil {
		if exit, err := proc.ExitFD(proc.Identity(*s.holder)); err == nil {
			defer unix.Close(exit)
			watched = append(watched, unix.PollFd{Fd: int32(exit), Events: unix.POLLIN})
		}
	}
	for {
		bell.Drain()
		if s, err = r.snapshot(s.id, thorough); err != nil || !s.telling() {
			return s, err
		}
		_, err = unix.Poll(watched, int((tellingTime-time.Since(s.state.UpdatedAt))/time.Millisecond)+1)
		if err != nil && err != unix.EINTR {
			return s, nil
		}
		if len(watched) > 1 && watched[1].Revents != 0 {
			watched = watched[:1] // it would fire for ever
		}
	}
}
