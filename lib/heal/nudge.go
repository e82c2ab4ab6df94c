package heal

import (
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"bgtasks/lib/proc"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
)

// ails tells whether the supervisor should make something anew: its lock, a FIFO, or a
// record that is damaged or gone.
func (r healer) ails(s *patient) bool {
	if !s.Held || s.Holder == nil || s.Waiting() || s.Terminal() && s.State.Leftovers == 0 {
		return false
	}
	return s.Unlocked || s.brokenState() || s.mute(r.Home) || s.wordless()
}

// mute tells whether FIFOs of a task that is supervised are missing.
func (s *patient) mute(h *store.Home) bool {
	dir := h.TaskDir(s.ID)
	return s.Output == view.FIFOAbsent || !store.IsFIFO(filepath.Join(dir, store.CtlFIFO))
}

// wordless tells whether a supervisor should long have written the first record.
func (s *patient) wordless() bool {
	if s.Fault != nil || s.State != nil {
		return false
	}
	age, err := proc.Age(proc.Identity(*s.Holder))
	return err == nil && age > time.Second
}

const (
	// maxNudges bounds how often a supervisor is nudged: it has no ear for that in the
	// first moment, and one of an older version never has.
	maxNudges = 20
	// nudgeMs is how long each waits for an answer, in milliseconds.
	nudgeMs = 100
)

// call nudges the supervisor of a task that ails, and gives what is read once it has
// answered.
func (r healer) call(s *patient) (*patient, error) {
	if !r.ails(s) || !view.Supervises(*s.Holder) {
		return s, nil
	}
	bell, err := store.NewBell(filepath.Join(r.Home.TaskDir(s.ID), store.BellsDir), store.BellChange)
	if err != nil {
		_ = proc.Identity(*s.Holder).Signal(proc.Nudge) // it answers, but we don't hear it
		return s, nil
	}
	defer bell.Close()
	for range maxNudges {
		if proc.Identity(*s.Holder).Signal(proc.Nudge) != nil || stopped(s.Holder.PID) {
			break
		}
		unix.Poll([]unix.PollFd{{Fd: int32(bell.FD()), Events: unix.POLLIN}}, nudgeMs)
		bell.Drain()
		if s, err = r.see(s.ID, view.Thorough); err != nil || !r.ails(s) {
			return s, err
		}
	}
	return r.see(s.ID, view.Thorough)
}

// stopped tells whether a signal, or a tracer, has stopped a process.
func stopped(pid int) bool {
	st, err := proc.ReadStat(pid)
	return err == nil && (st.State == 'T' || st.State == 't')
}
