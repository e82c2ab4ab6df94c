package view

import (
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"bgtasks/lib/fsys"
	"bgtasks/lib/launch"
	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// A supervisor holds the lock of the file that was run.lock when it began. If that file
// was removed or replaced since, the one that lies there is free, or there is none, and
// yet the supervisor lives. It is then known by its identity, never by its pid alone.

// keeper is the supervisor of a run whose lock looks free, or nil. The lock of a task
// that is over in order, or waits, is free by right.
func (r *reader) keeper(s *snapshot) *record.Process {
	if s.waiting() || s.terminal() && s.state.Leftovers == 0 && !s.marked {
		return nil
	}
	if s.state != nil && s.state.Shim != nil && supervises(*s.state.Shim) {
		return s.state.Shim
	}
	if store.IsRegular(filepath.Join(r.home.TaskDir(s.id), store.LockFile)) {
		return nil
	}
	if p := r.home.MarkerHolder(s.id); p != nil && supervises(*p) {
		return p
	}
	return markedShim(s.id, r.home.Path())
}

// supervises tells whether a process lives and is a supervisor: one that is done
// becomes the dispatcher.
func supervises(p record.Process) bool {
	if presence, err := proc.Identity(p).Presence(); err != nil || presence != proc.Alive {
		return false
	}
	st, err := proc.ReadStat(p.PID)
	return err == nil && st.Comm == launch.ShimName
}

// markedShim looks for the supervisor among all processes: it has the marks of its task.
func markedShim(id, home string) *record.Process {
	for _, m := range markedBy(id, home) {
		if m.Comm == launch.ShimName {
			p := record.Process(m.Identity)
			return &p
		}
	}
	return nil
}

// markedBy lists the processes with the marks of any run of a task, the oldest first. The
// home may have been reached by another path when they were started.
func markedBy(id, home string) (list []proc.Member) {
	place, err := fsys.PlaceOf(home)
	found, _ := proc.Marked([]string{record.MarkTask + "=" + id})
	for _, m := range found {
		values, _ := proc.ReadEnviron(m.Identity, []string{record.MarkHome})
		if said := values[record.MarkHome]; said == home || err == nil && said != "" && place.Is(said) {
			list = append(list, m)
		}
	}
	return list
}

// ails tells whether the supervisor should make something anew: its lock, a FIFO, or a
// record that is damaged or gone.
func (r *reader) ails(s *snapshot) bool {
	if !s.held || s.holder == nil || s.waiting() || s.terminal() && s.state.Leftovers == 0 {
		return false
	}
	return s.unlocked || s.brokenState() || s.mute(r.home) || s.wordless()
}

// Mute tells whether FIFOs of a task that is supervised are missing.
func (s *snapshot) mute(h *store.Home) bool {
	dir := h.TaskDir(s.id)
	return s.output == fifoAbsent || !store.IsFIFO(filepath.Join(dir, store.CtlFIFO))
}

// wordless tells whether a supervisor should long have written the first record.
func (s *snapshot) wordless() bool {
	if s.fault != nil || s.state != nil {
		return false
	}
	age, err := proc.Age(proc.Identity(*s.holder))
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
func (r *reader) call(s *snapshot) (*snapshot, error) {
	if !r.ails(s) || !supervises(*s.holder) {
		return s, nil
	}
	bell, err := store.NewBell(filepath.Join(r.home.TaskDir(s.id), store.BellsDir), store.BellChange)
	if err != nil {
		_ = proc.Identity(*s.holder).Signal(proc.Nudge) // it answers, but we don't hear it
		return s, nil
	}
	defer bell.Close()
	for range maxNudges {
		if proc.Identity(*s.holder).Signal(proc.Nudge) != nil || stopped(s.holder.PID) {
			break
		}
		unix.Poll([]unix.PollFd{{Fd: int32(bell.FD()), Events: unix.POLLIN}}, nudgeMs)
		bell.Drain()
		if s, err = r.snapshot(s.id, thorough); err != nil || !r.ails(s) {
			return s, err
		}
	}
	return r.snapshot(s.id, thorough)
}

// stopped tells whether a signal, or a tracer, has stopped a process.
func stopped(pid int) bool {
	st, err := proc.ReadStat(pid)
	return err == nil && (st.State == 'T' || st.State == 't')
}
