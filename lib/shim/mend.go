package shim

import (
	"errors"

	"bgtasks/lib/fsys"
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
	s.bell.mend(s.path(store.CtlFIFO))
	s.renewFIFOs(s.fifos())
	s.mendState()
	s.ring()
	s.heedLeft()
}

// renewFIFOs makes those anew that are not there.
func (s *Shim) renewFIFOs(names []string) (err error) {
	for _, name := range names {
		err = errors.Join(err, store.RenewFIFO(s.path(name), func(string) error { return nil }))
	}
	return err
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
	store.WriteHolder(now.File(), *s.record.Shim)
	s.spare = append(s.spare, s.lock)
	s.lock = now.File()
}

// mendState writes the record again: what lies there may be damaged. That of an end is
// written only if it is not there.
func (s *Shim) mendState() {
	if !s.at.open() && store.IsRegular(s.path(store.StateFile)) {
		return
	}
	s.write()
}
