package shim

// A state is where a supervisor stands. One that takes over finds it in the records of
// the task and in whether the leader lives; unkept alone is in no record.
type state struct {
	life  life
	force force
}

// A life is how far the run has come.
type life uint8

const (
	running   life = iota // the leader runs
	lingering             // the leader has ended; the run goes on until its tree is gone
	unkept                // the run is over, but the disk has not taken the record of it
	recorded              // the end is recorded
	staying               // the end is recorded, and something is left to supervise
	gone                  // nothing is left to supervise
)

// A force is what is done to end the tree.
type force uint8

const (
	none    force = iota
	asking        // the tree was signalled, and its grace runs
	killing       // the grace is over: whatever is found is killed
)

// An event is what may change the state. One that comes again changes nothing.
type event uint8

const (
	leaderEnded          event = iota // the rest of the tree may live on
	leaderEndedAwaitRest              // the run goes on until the rest has ended, too
	leaderEndedKillRest               // the rest may not outlive the leader
	treeGone                          // no process of the tree is left
	endKept                           // the record of the end is on the disk, or its directory is gone
	allGone                           // the tree is gone, and no output is waited for
	othersLeft                        // some of the tree is left, or output is waited for
	stopAsked                         // the tree is to end, on the terms of Shim.ending
	graceOver                         // the tree had the time to end by itself
	limitReached                      // the run has lasted for as long as it may
	fellSilent                        // the task was silent for as long as it may be
	gaveSign                          // the task has shown that it lives
)

// An action is what the supervisor does on an event.
type action func(*Shim)

// open tells whether it is not known yet how the run ends.
func (s state) open() bool { return s.life <= lingering }

// free tells whether the run goes on undisturbed.
func (s state) free() bool { return s.open() && s.force == none }

// next is the table of the machine: the state that an event leads to, and what is done
// on the way. An event that a state has no row for changes nothing.
func (s state) next(e event) (state, []action) {
	switch {
	case e == leaderEnded && s.life == running && s.force == none:
		return state{unkept, none}, []action{(*Shim).recordEnd}
	case e == leaderEndedKillRest && s.life == running && s.force == none:
		return state{lingering, killing}, []action{(*Shim).kill}
	case e <= leaderEndedKillRest && s.life == running:
		return state{lingering, s.force}, nil
	case e == treeGone && s.life == lingering:
		return state{unkept, s.force}, []action{(*Shim).recordEnd}
	case e == endKept && s.life == unkept:
		return state{recorded, s.force}, nil
	case e == allGone && s.life >= recorded:
		return state{gone, s.force}, nil
	case e == othersLeft && s.life == recorded:
		return state{staying, s.force}, []action{(*Shim).sendDispatcher}
	case e == stopAsked && s.free():
		return state{s.life, asking}, []action{(*Shim).signal, (*Shim).announceStop}
	case e == stopAsked && s.force < killing && s.life < gone:
		return state{s.life, asking}, []action{(*Shim).signal}
	case e == graceOver && s.force == asking && s.life < gone:
		return state{s.life, killing}, []action{(*Shim).kill}
	case e == limitReached && s.free():
		return s, []action{(*Shim).timeOut}
	case e == fellSilent && s.free():
		return s, []action{(*Shim).bark}
	case e == gaveSign && s.free():
		return s, []action{(*Shim).revive}
	}
	return s, nil
}

// on makes the step that the table has for an event. An action may be an event itself.
func (s *Shim) on(e event) {
	next, actions := s.at.next(e)
	if s.at = next; !next.free() {
		s.clocks.stop(limitClock, silenceClock)
	}
	for _, act := range actions {
		act(s)
	}
}
