package shim

import (
	"syscall"
	"time"

	"bgtasks/lib/fail"
	"bgtasks/lib/fsys"
	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// ending is the end of the tree that was asked for.
type ending struct {
	cause record.Reason // how the end will be called; empty: as the leader's own end
	terms               // of the last who asked
}

// terms are how a tree is asked to end.
type terms struct {
	signal syscall.Signal
	grace  time.Duration // KILL follows then
}

// terms are the task's own.
func (s *Shim) terms() terms { return inMs(s.launch.Signal, s.launch.GraceMs) }

func inMs(signal int, graceMs int64) terms {
	return terms{syscall.Signal(signal), time.Duration(graceMs) * time.Millisecond}
}

// heedLeft carries out a stop that was left in stop.json while nobody listened
// (store.AskToStop). The doorbell is open by now: one that is left later is told, too.
func (s *Shim) heedLeft() {
	if s.record.Stop != nil || !s.at.open() {
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
// already is no second one: a signal that comes twice may mean something else. A leader
// that ended by itself before the stop was not stopped, but no attempt follows on it.
func (s *Shim) askedToStop(stop *record.Stop, number int) {
	number = s.complete(stop, number)
	if s.record.Stop != nil && s.record.Stop.Same(stop) {
		return
	}
	s.look()
	if s.record.Stop == nil && (s.at.open() || s.record.State == record.Retrying) {
		s.record.Stop = stop
		s.keepStop()
	}
	s.begin(stop.Cause, inMs(number, stop.GraceMs))
}

// complete puts the task's own signal and grace in the place of those that who asked for
// a stop could not know, because the spec can't be read.
func (s *Shim) complete(stop *record.Stop, number int) int {
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

// keepStop writes the stop down before anything is done about it: should this
// shim be killed now, the next one carries it out.
func (s *Shim) keepStop() {
	store.Replace(s.path(store.StopFile), append(s.record.Stop.AppendJSON(nil), '\n'))
}

// begin ends the tree. Asked again while that is under way it signals again, and the
// shorter grace counts; the first cause stays.
func (s *Shim) begin(cause record.Reason, how terms) {
	if s.at.force == none {
		s.ending.cause = cause
	}
	if s.at.free() && (cause == record.TimeLimit || cause == record.Watchdog) {
		s.record.Reason = cause // for whoever has to finish this, should we be killed
	}
	s.ending.terms = how
	s.on(stopAsked)
	s.clocks[lookClock] = time.Now() // there may be nobody left to send a SIGCHLD
}

// timeOut ends the tree on the task's own terms.
func (s *Shim) timeOut() { s.begin(record.TimeLimit, s.terms()) }

// signal signals the tree and sets the grace.
func (s *Shim) signal() {
	fail.Pass("shim-stop-signal")
	grace := s.ending.grace
	if s.ending.signal == syscall.SIGKILL {
		grace = 0
	} else {
		s.tree.signal(s.ending.signal)
	}
	s.clocks.hasten(graceClock, time.Now().Add(grace))
	if grace <= 0 {
		s.on(graceOver)
	}
}

// announceStop lets readers see that the run is being ended, and whoever may
// have to take over. A full disk does not matter here: the stop is in the
// terminal state too.
func (s *Shim) announceStop() {
	fail.Pass("shim-stop-announce")
	s.announce(record.EventStopping, time.Now())
}

// kill ends what is left of the tree. Each death that follows is a SIGCHLD,
// and with each the new orphans are killed, until none is left.
func (s *Shim) kill() {
	fail.Pass("shim-stop-kill")
	s.clocks.stop(graceClock)
	s.tree.kill()
}
