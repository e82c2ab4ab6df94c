package shim

import (
	"errors"
	"syscall"

	"bgtasks/lib/fsys"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// The files of a running task may be removed under its supervisor, or another put in
// their place: by what cleans up temporary files, or by a copy that is played back.
// Whoever finds that out nudges the supervisor, which is the second way to its ear
// beside the doorbell. It makes anew what it answers for; the others are told by bells.
// Where the whole directory is gone nothing can be made: then the task goes on, and its
// supervisor ends with it.

// heedNudge makes anew what is missing, and carries out a stop that was left for us.
func (s *Shim) heedNudge() {
	s.mendLock()
	s.mendDoorbell()
	for _, name := range s.fifos() {
		store.RenewFIFO(s.path(name), func(string) error { return nil })
	}
	s.mendState()
	store.Ring(s.path(store.BellsDir), store.BellChange)
	s.heedLeft()
}

// fifos are the names of the output's FIFOs.
func (s *Shim) fifos() []string {
	if s.launch.Split {
		return []string{store.OutFIFO, store.ErrFIFO}
	}
	return []string{store.OutFIFO}
}

// mendLock takes the lock of the file that lies there now. The one that we have is kept,
// too: live/ID may be another name of it.
func (s *Shim) mendLock() {
	if fsys.IsAt(s.lock, s.path(store.LockFile)) {
		return
	}
	now, err := store.TakeLockAnew(s.launch.TaskDir)
	if err != nil {
		return
	}
	store.WriteHolder(now.File(), *s.state.Shim)
	s.spare = append(s.spare, s.lock)
	s.lock = now.File()
}

// mendState writes the record again: what lies there may be damaged. That of an end is
// written only if it is not there.
func (s *Shim) mendState() {
	if s.recorded && store.IsRegular(s.path(store.StateFile)) {
		return
	}
	store.Replace(s.path(store.StateFile), s.encoded())
}

// remakeFIFOs makes the FIFOs that an adopter does not find; a starter has made them. A task whose output can't be
// had is better supervised without than not at all. lost tells which of the output's
// were not there.
func (s *Shim) remakeFIFOs() (lost map[string]bool, err error) {
	if s.launch.Adopt.Leader.PID == 0 {
		return nil, nil
	}
	lost = map[string]bool{}
	none := func(string) error { return nil }
	for _, name := range s.fifos() {
		if !store.IsFIFO(s.path(name)) {
			lost[name] = true
			err = errors.Join(err, store.RenewFIFO(s.path(name), none))
		}
	}
	return lost, errors.Join(err, store.RenewFIFO(s.path(store.CtlFIFO), none))
}

// ownTerms puts the task's own signal and grace in the place of those that who asked for
// a stop could not know, because the spec can't be read.
func (s *Shim) ownTerms(stop *record.Stop, number int) int {
	if number == 0 {
		number, stop.Signal = s.launch.Signal, s.launch.SignalName
	}
	if stop.GraceMs < 0 {
		stop.GraceMs = s.launch.GraceMs
	}
	if number == 0 {
		number = int(syscall.SIGTERM)
	}
	return number
}
