package shim

import (
	"syscall"
	"time"

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
	for _, st := range s.streams {
		st.drain()
	}
	fail.Pass("shim-end-reap")
	if s.treeGone {
		s.dissolve()
	}
	status := s.leaderStatus()
	s.noteStatus(status)
	s.state.State, s.state.Reason = s.verdict(status)
	fail.Pass("shim-end-sync")
	for _, st := range s.streams {
		st.log.Sync()
	}
	for _, t := range s.streams[0].tees {
		s.state.TeeMissed += t.missed
	}
	s.state.UpdatedAt = time.Now()
	s.recorded = true
	fail.Pass("shim-end-record")
	if err := s.reserve.Commit(append(s.state.AppendJSON(nil), '\n')); err == nil {
		store.SyncDir(s.launch.TaskDir)
		fail.Pass("shim-end-journal")
		s.journal(record.EndEvent(&s.state), s.state.UpdatedAt)
		store.RemoveStop(s.launch.TaskDir)
		if len(s.unsaid) == 0 {
			s.home.UnmarkLive(s.launch.ID)
		}
	}
	fail.Pass("shim-end-ring")
	store.Ring(s.path(store.BellsDir), store.BellChange)
	s.strikeLogBells()
}

// noteStatus keeps what the kernel says of the leader's end: a code or a
// signal, never both, and neither if it could not be known (P3).
func (s *Shim) noteStatus(status *syscall.WaitStatus) {
	switch {
	case status == nil:
	case status.Signaled():
		name := proc.SignalName(status.Signal())
		s.state.Signal = &name
	default:
		code := status.ExitStatus()
		s.state.ExitCode = &code
	}
}

// verdict gives the end its name.
func (s *Shim) verdict(status *syscall.WaitStatus) (record.LifeState, record.Reason) {
	if s.stop != nil && s.stop.cause != "" {
		if s.stop.cause == record.TimeLimit {
			return record.TimedOut, record.TimeLimit
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

// leave is the last act: the rest of the output, the FIFOs, the lock, and a ring
// for those who wait until the whole tree is gone.
func (s *Shim) leave() {
	fail.Pass("shim-leave-drain")
	for _, st := range s.streams {
		st.drain()
		st.log.Close()
	}
	store.RemoveFIFOs(s.launch.TaskDir)
	s.dissolve()
	fail.Pass("shim-leave-unlock")
	s.lock.Close()
	store.Ring(s.path(store.BellsDir), store.BellChange)
}
