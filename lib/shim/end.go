package shim

import (
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"bgtasks/lib/fail"
	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// end records that the run is over: the steps of DESIGN §6, with the marker in
// live/ removed after the journal. So a marker beside a terminal state and a
// free lock tells whoever looks that these steps were cut short, and which.
func (s *Shim) end() {
	fail.Pass("shim-end-drain")
	s.out.drain()
	fail.Pass("shim-end-reap")
	s.state.OOM = s.tree.group != nil && s.tree.group.OOMKilled()
	if s.tree.gone {
		s.tree.dissolve()
	}
	status, usage := s.tree.reapLeader()
	s.state.Usage = usage
	noteStatus(&s.state, status)
	s.state.State, s.state.Reason = s.verdict(status)
	s.state.StaleAt, s.state.StaleReason, s.state.Refused = time.Time{}, "", nil
	if s.tree.gone && s.launch.Retry.Again(&s.state, s.launch.OnWatchdog) {
		s.tryAgain()
	}
	s.state.LogEnd, s.state.ErrorsEnd = s.out.marks()
	fail.Pass("shim-end-sync")
	s.out.sync()
	s.tellLoss()
	s.state.UpdatedAt = time.Now()
	s.recorded = true
	s.keep()
}

// keepDelay and maxKeepDelay are when a record of the end is tried again that the
// disk did not take, because it has turned read-only or is broken. The delay doubles.
const (
	keepDelay    = 250 * time.Millisecond
	maxKeepDelay = 30 * time.Second
)

// keep writes down the end, and tells of it. As long as the disk takes no record the
// shim stays, because nobody else knows how the run ended.
func (s *Shim) keep() {
	if s.state.EventsMissing = len(s.journal.unsaid); s.state.EventsMissing > 0 {
		s.journal.say()
		s.state.EventsMissing = len(s.journal.unsaid)
	}
	fail.Pass("shim-end-record")
	if !s.writeEnd() {
		if s.removed() {
			s.kept, s.keepAt = true, time.Time{} // nobody can be told any more
			return
		}
		s.keepDelay = min(max(2*s.keepDelay, keepDelay), maxKeepDelay)
		s.keepAt = time.Now().Add(s.keepDelay)
		s.out.followers.strike()
		return
	}
	s.kept, s.keepAt = true, time.Time{}
	s.state.EventsMissing = 0 // the journal line of the end comes after theirs
	store.SyncDir(s.launch.TaskDir)
	fail.Pass("shim-end-journal")
	s.tell(record.EndEvent(&s.state), s.state.UpdatedAt)
	if s.state.State != record.Retrying {
		s.forget()
	}
	fail.Pass("shim-end-ring")
	store.Ring(s.path(store.BellsDir), store.BellChange)
	s.out.followers.strike()
}

// removed tells whether the task's directory is gone: what is written there is nowhere.
func (s *Shim) removed() bool {
	var st unix.Stat_t
	return unix.Stat(s.launch.TaskDir, &st) == unix.ENOENT || st.Nlink == 0
}

// writeEnd writes the record of the end into the room that was kept for it, or
// elsewhere if that is gone.
func (s *Shim) writeEnd() bool {
	record := s.encoded()
	return s.reserve.Commit(record) == nil || store.Replace(s.path(store.StateFile), record) == nil
}

// forget removes what only an open run has.
func (s *Shim) forget() {
	store.RemoveStop(s.launch.TaskDir)
	store.RemoveEnv(s.launch.TaskDir)
	if len(s.journal.unsaid) == 0 {
		s.unmark()
	}
}

// noteStatus keeps what the kernel says of the leader's end: a code or a
// signal, never both, and neither if it could not be known (P3).
func noteStatus(s *record.State, status *syscall.WaitStatus) {
	switch {
	case status == nil:
	case status.Signaled():
		name := proc.SignalName(status.Signal())
		s.Signal = &name
	default:
		code := status.ExitStatus()
		s.ExitCode = &code
	}
}

// verdict gives the end its name.
func (s *Shim) verdict(status *syscall.WaitStatus) (record.LifeState, record.Reason) {
	if s.stop != nil && s.stop.cause != "" {
		switch s.stop.cause {
		case record.TimeLimit:
			return record.TimedOut, record.TimeLimit
		case record.Watchdog:
			return record.Failed, record.Watchdog
		}
		return record.Cancelled, s.stop.cause
	}
	switch {
	case status == nil:
		return record.Failed, record.Lost
	case status.Signaled():
		return record.Failed, record.BySignal
	case s.succeeded(status.ExitStatus()):
		return record.Succeeded, record.SelfExit
	}
	return record.Failed, record.SelfExit
}

func (s *Shim) succeeded(code int) bool {
	if code == 0 {
		return true
	}
	for _, c := range s.launch.Successes {
		if c == code {
			return true
		}
	}
	return false
}

// leave is the last act: the rest of the output, the FIFOs, the lock, a ring
// for those who wait until the whole tree is gone, and what waits for the end. The
// FIFOs of an attempt that another one follows stay if the journal could not be
// written: whoever looks next does that then.
func (s *Shim) leave() {
	fail.Pass("shim-leave-drain")
	s.out.drain()
	s.out.close()
	s.catchUp()
	if s.journal.turn.Waits() {
		s.standInLine()
	}
	if s.state.State != record.Retrying || len(s.journal.unsaid) == 0 {
		store.RemoveFIFOs(s.launch.TaskDir)
		s.lastCall()
	}
	s.tree.dissolve()
	fail.Pass("shim-leave-unlock")
	s.lock.Close()
	store.Ring(s.path(store.BellsDir), store.BellChange)
	s.handOver()
}

// standInLine stays until the journal is free, for hours if who holds it is stopped:
// what is in nobody's memory but ours comes after what is there, and before what is
// said of another run (P10). All the rest of a run's end does not wait for it: with
// its FIFOs gone, the marker tells that nothing but the journal keeps us.
func (s *Shim) standInLine() {
	if s.state.State != record.Retrying {
		store.RemoveFIFOs(s.launch.TaskDir)
	}
	store.Ring(s.path(store.BellsDir), store.BellChange)
	s.sendDispatcher()
	s.journal.turn.Insist()
	s.catchUp()
}

// catchUp tries again to write what the journal did not take, the end perhaps among
// it. What it has no room for when we leave is lost but for the end, which whoever
// looks at the marker journals; state.json tells how many lines that are.
func (s *Shim) catchUp() {
	if len(s.journal.unsaid) == 0 {
		return
	}
	if s.journal.say(); s.kept && len(s.journal.unsaid) == 0 && s.state.State != record.Retrying {
		s.unmark()
	}
}
