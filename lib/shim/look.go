package shim

import (
	"slices"
	"time"

	"bgtasks/lib/fail"
	"bgtasks/lib/proc"
	"bgtasks/lib/record"
)

// look notices the leader's end, goes on killing if that was begun, as each death may
// have given us new children, and reaps those that have ended.
func (s *Shim) look() {
	s.clocks.stop(lookClock)
	s.noticeEnd()
	if s.at.force == killing {
		s.lookAgain(s.tree.kill())
	}
	if s.at.life > running {
		s.lookAgain(s.tree.look(s.unreaped()))
	}
	if s.at != (state{running, none}) {
		s.lookAgain(s.tree.watchRest(&s.tree, s.at.force == killing))
	}
	s.settle()
	s.tree.reapOrphans(s.unreaped())
	s.tellRefusal()
}

// settle tells the machine what is left.
func (s *Shim) settle() {
	if s.tree.gone {
		s.on(treeGone)
		// Nobody waits for those outside the tree who hold the output of one that was
		// stopped, or of an attempt that another one follows.
		if s.at.force != none || s.record.State == record.Retrying || s.out.closed() {
			s.on(allGone)
		}
	}
	s.on(othersLeft)
}

// unreaped is the leader if it must stay unreaped, 0 for none.
func (s *Shim) unreaped() int {
	if s.at.open() {
		return s.record.Leader.PID
	}
	return 0
}

// blind is how long a shim that could not look at its tree waits before it tries again.
const blind = 500 * time.Millisecond

// lookAgain sees to it that a look is made again which failed, for want of a descriptor
// or of memory. It may have been after the last death, which nothing else follows.
func (s *Shim) lookAgain(err error) {
	switch {
	case err == errTooQuick:
		s.clocks.hasten(lookClock, time.Now())
	case err != nil:
		s.clocks.hasten(lookClock, time.Now().Add(blind))
	}
}

// noticeEnd looks whether the leader has ended; its pid stays pinned.
func (s *Shim) noticeEnd() {
	if s.at.life != running || !s.tree.ended() {
		return
	}
	fail.Pass("shim-end-notice")
	s.record.ExitedAt = time.Now()
	if err := s.tree.look(s.unreaped()); err != nil || !s.tree.gone {
		if left, err := s.tree.Live(); err == nil {
			s.record.Leftovers = len(left)
		}
	}
	s.on(s.leaderEnd())
}

// leaderEnd is the event that the leader's end is, for what becomes of the others.
func (s *Shim) leaderEnd() event {
	switch {
	case s.tree.gone:
		return leaderEnded
	case s.launch.Leftovers == record.LeftoversKill || s.goesOn():
		return leaderEndedKillRest
	case s.launch.Leftovers == record.LeftoversWait:
		return leaderEndedAwaitRest
	}
	return leaderEnded
}

// tellRefusal tells who asked for the stop when there is nothing more to be done: all that is
// left of the tree is another user's, and ends when it likes. An end that is recorded stays as
// it is; then whoever waits looks at the tree itself.
func (s *Shim) tellRefusal() {
	if s.at.force == none || !s.tree.refused || s.tree.gone {
		return
	}
	live, err := s.tree.Live()
	refused := proc.Refusing(live)
	slices.Sort(refused)
	if err != nil || len(refused) < len(live) || len(live) == 0 || slices.Equal(refused, s.record.Refused) {
		return
	}
	s.record.Refused = refused
	if s.at.open() {
		s.record.UpdatedAt = time.Now()
		s.write()
	}
	s.ring()
}
