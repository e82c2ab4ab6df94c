package shim

import (
	"slices"
	"syscall"
	"time"

	"bgtasks/lib/fail"
	"bgtasks/lib/fsys"
	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// stopping is the end of the tree in progress.
type stopping struct {
	cause    record.Reason // how the end will be called; empty: as the leader's own end
	deadline time.Time     // when the grace is over; zero once killing
	killing  bool
}

// heedLeft carries out a stop that was left in stop.json while nobody listened
// (store.AskToStop). The doorbell is open by now: one that is left later is told, too.
func (s *Shim) heedLeft() {
	if s.state.Stop != nil || s.recorded {
		return
	}
	text, err := fsys.ReadFile(s.path(store.StopFile))
	if err != nil {
		return // none, as a rule
	}
	if stop, ok := record.ReadStop(string(text)); ok {
		s.askedToStop(stop, signalNumber(stop.Signal))
	}
}

// signalNumber is the number of a signal that a record names, TERM's if there is no
// such signal. To parse what people write is not for the shim.
func signalNumber(name string) int {
	for number := 1; number < 128; number++ {
		if proc.SignalName(syscall.Signal(number)) == name {
			return number
		}
	}
	return int(syscall.SIGTERM)
}

// askedToStop carries out a stop that someone asked for. One that it has heard of
// already is no second one: a signal that comes twice may mean something else.
func (s *Shim) askedToStop(stop *record.Stop, number int) {
	number = s.ownTerms(stop, number)
	if s.state.Stop != nil && s.state.Stop.Same(stop) {
		return
	}
	s.noticeEnd()
	if s.leaderEnded && !s.again {
		s.settle() // a leader that ended by itself before the stop was not stopped
	}
	if s.state.Stop == nil && !s.recorded {
		s.state.Stop = stop
		s.keepStop()
	}
	s.begin(stop.Cause, syscall.Signal(number), time.Duration(stop.GraceMs)*time.Millisecond)
}

// keepStop writes the stop down before anything is done about it: should this
// shim be killed now, the next one carries it out.
func (s *Shim) keepStop() {
	store.Replace(s.path(store.StopFile), append(s.state.Stop.AppendJSON(nil), '\n'))
}

// timeIsUp ends a run that reached its time limit, unless it has just ended by
// itself.
func (s *Shim) timeIsUp() {
	s.limit = time.Time{}
	if s.noticeEnd(); s.leaderEnded {
		s.lookAgain(s.tree.look(s.unreaped()))
		if s.settle(); s.recorded {
			return
		}
	}
	s.begin(record.TimeLimit, syscall.Signal(s.launch.Signal), time.Duration(s.launch.GraceMs)*time.Millisecond)
}

// begin signals the tree and arms the grace. Asked again while a stop is under
// way it signals again, and the shorter grace counts; the first cause stays.
func (s *Shim) begin(cause record.Reason, signal syscall.Signal, grace time.Duration) {
	first := s.stop == nil
	if first {
		s.stop = &stopping{cause: cause}
		if (cause == record.TimeLimit || cause == record.Watchdog) && !s.recorded {
			s.state.Reason = cause // for whoever has to finish this, should we be killed
		}
	}
	if s.stop.killing {
		return
	}
	fail.Pass("shim-stop-signal")
	if signal == syscall.SIGKILL {
		grace = 0
	} else {
		s.tree.signal(signal)
	}
	if deadline := time.Now().Add(grace); s.stop.deadline.IsZero() || deadline.Before(s.stop.deadline) {
		s.stop.deadline = deadline
	}
	if grace <= 0 {
		s.kill()
	}
	if first && !s.recorded {
		s.announceStop()
	}
	s.lookAtChildren() // there may be nobody left to send a SIGCHLD
	s.tellRefusal()
}

// announceStop lets readers see that the run is being ended, and whoever may
// have to take over. A full disk does not matter here: the stop is in the
// terminal state too.
func (s *Shim) announceStop() {
	fail.Pass("shim-stop-announce")
	now := time.Now()
	s.state.UpdatedAt = now
	store.Replace(s.path(store.StateFile), s.encoded())
	fail.Pass("shim-stop-journal")
	s.tell(record.EventStopping, now)
	store.Ring(s.path(store.BellsDir), store.BellChange)
}

// kill ends what is left of the tree. Each death that follows is a SIGCHLD,
// and with each the new orphans are killed, until none is left.
func (s *Shim) kill() {
	fail.Pass("shim-stop-kill")
	s.stop.killing = true
	s.stop.deadline = time.Time{}
	s.tree.kill()
}

// tellRefusal tells who asked for the stop when there is nothing more to be done: all that is
// left of the tree is another user's, and ends when it likes. An end that is recorded stays as
// it is; then whoever waits looks at the tree itself.
func (s *Shim) tellRefusal() {
	if s.stop == nil || !s.tree.refused || s.tree.gone {
		return
	}
	live, err := s.tree.Live()
	refused := proc.Refusing(live)
	slices.Sort(refused)
	if err != nil || len(refused) < len(live) || len(live) == 0 || slices.Equal(refused, s.state.Refused) {
		return
	}
	s.state.Refused = refused
	if !s.recorded {
		s.state.UpdatedAt = time.Now()
		store.Replace(s.path(store.StateFile), s.encoded())
	}
	store.Ring(s.path(store.BellsDir), store.BellChange)
}
