package shim

import (
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"bgtasks/lib/fail"
	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// recordEnd records that the run is over. The marker in live/ is removed after the
// journal is written: a marker beside a terminal state and a free lock tells whoever
// looks that these steps were cut short, and which.
func (s *Shim) recordEnd() {
	fail.Pass("shim-end-drain")
	s.out.drain()
	fail.Pass("shim-end-reap")
	s.record.OOM = s.tree.group != nil && s.tree.group.OOMKilled()
	if s.tree.gone {
		s.tree.dissolve()
	}
	status, usage := s.tree.reap(&s.tree)
	s.record.Usage = usage
	noteStatus(&s.record, status)
	s.record.State, s.record.Reason = s.verdict(status)
	s.record.StaleAt, s.record.StaleReason, s.record.Refused = time.Time{}, "", nil
	if s.tree.gone && s.launch.Retry.Again(&s.record, s.launch.OnWatchdog) {
		s.tryAgain()
	}
	s.record.LogEnd, s.record.ErrorsEnd = s.out.marks()
	fail.Pass("shim-end-sync")
	s.out.sync()
	s.tellLoss()
	s.record.UpdatedAt = time.Now()
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
	if s.record.EventsMissing = len(s.journal.unsaid); s.record.EventsMissing > 0 {
		s.journal.say()
		s.record.EventsMissing = len(s.journal.unsaid)
	}
	fail.Pass("shim-end-record")
	if !s.writeEnd() {
		if s.removed() {
			s.on(endKept) // nobody can be told any more
			return
		}
		s.keepDelay = min(max(2*s.keepDelay, keepDelay), maxKeepDelay)
		s.clocks[keepClock] = time.Now().Add(s.keepDelay)
		s.out.followers.strike()
		return
	}
	if s.record.State == record.Retrying && s.record.Stop != nil {
		s.keepStop() // it was heard while the disk took no record
	}
	s.on(endKept)
	s.record.EventsMissing = 0 // the journal line of the end comes after theirs
	store.SyncDir(s.launch.TaskDir)
	fail.Pass("shim-end-journal")
	s.tell(record.EndEvent(&s.record), s.record.UpdatedAt)
	if s.record.State != record.Retrying {
		s.forget()
	}
	fail.Pass("shim-end-ring")
	s.ring()
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
	return s.reserve.Commit(s.encoded()) == nil || s.write() == nil
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
	switch cause := s.ending.cause; {
	case cause == record.TimeLimit:
		return record.TimedOut, cause
	case cause == record.Watchdog:
		return record.Failed, cause
	case cause != "":
		return record.Cancelled, cause
	case status == nil:
		return record.Failed, record.Lost
	case status.Signaled():
		return record.Failed, record.BySignal
	case status.ExitStatus() == 0, slices.Contains(s.launch.Successes, status.ExitStatus()):
		return record.Succeeded, record.SelfExit
	}
	return record.Failed, record.SelfExit
}

// leave is the last act: the rest of the output, the FIFOs, the lock, a ring
// for those who wait until the whole tree is gone, and what waits for the end. The
// FIFOs of an attempt that another one follows stay if the journal could not be
// written: whoever looks next does that then.
func (s *Shim) leave() {
	fail.Pass("shim-leave-drain")
	s.out.drain()
	s.catchUp()
	if s.journal.turn.Waits() {
		s.standInLine()
	}
	if s.record.State != record.Retrying || len(s.journal.unsaid) == 0 {
		store.RemoveFIFOs(s.launch.TaskDir)
		s.lastCall()
	}
	s.tree.dissolve()
	fail.Pass("shim-leave-unlock")
	s.lock.Close()
	s.ring()
	s.handOver()
}

// standInLine stays until the journal is free, for hours if who holds it is stopped:
// what is in nobody's memory but ours comes after what is there, and before what is
// said of another run (P10). All the rest of a run's end does not wait for it: with
// its FIFOs gone, the marker tells that nothing but the journal keeps us.
func (s *Shim) standInLine() {
	if s.record.State != record.Retrying {
		store.RemoveFIFOs(s.launch.TaskDir)
	}
	s.ring()
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
	if s.journal.say(); s.at.life >= recorded && len(s.journal.unsaid) == 0 && s.record.State != record.Retrying {
		s.unmark()
	}
}
