package shim

import (
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"bgtasks/lib/fail"
	"bgtasks/lib/proc"
	"bgtasks/lib/record"
)

// run supervises until nothing is left. It sleeps in one poll(2), until something
// happens or a clock strikes.
//
// Its signal handlers are set up after the starter has its answer, and not at all for
// a task that is over at once: that takes as long as much of a start. Until then a
// descriptor tells of the leader's end, and without one they can't wait.
func (s *Shim) run() {
	fail.Pass("shim-start-handlers")
	s.clocks.hasten(armClock, time.Now().Add(youth))
	if s.tree.watchLeader() != nil {
		s.clocks[armClock] = time.Now()
	}
	s.heedLeft()
	for s.look(); s.at.life != gone; s.settle() {
		polled := s.pollSet()
		n, err := unix.Poll(polled, s.clocks.timeout(time.Now()))
		if err != nil && err != unix.EINTR {
			return
		}
		if n > 0 || s.clocks.runs(restClock) {
			s.serve(polled)
		}
		if s.journal.turn.Came() {
			s.catchUp()
		}
		now := time.Now() // a clock that is set to now strikes in the next round
		for k, left := s.clocks.next(now); left <= 0 && s.at.life != gone; k, left = s.clocks.next(now) {
			s.clocks.stop(k)
			s.strike(k)
		}
	}
	s.leave()
}

// pollSet lists what may happen: children, doorbell, output still open, ends.
func (s *Shim) pollSet() []unix.PollFd {
	set := append(s.polled[:0],
		unix.PollFd{Fd: int32(s.children.FD), Events: unix.POLLIN},
		unix.PollFd{Fd: int32(s.bell.fd), Events: unix.POLLIN})
	set = s.out.polled(set, s.clocks.runs(restClock))
	s.polled = s.tree.polled(set, s.at.life > running)
	return s.polled
}

// serve handles what happened. Output comes first: what a process wrote before
// it ended is then in the log before its end is recorded.
func (s *Shim) serve(set []unix.PollFd) {
	s.takeOutput(set[2:])
	if set[0].Revents != 0 {
		proc.DrainPipe(s.children.FD)
	}
	if set[0].Revents != 0 || slices.ContainsFunc(set[2+len(s.out.streams):], raised) {
		s.look()
	}
	if s.children.Nudged() {
		s.heedNudge()
	}
	if set[1].Revents != 0 {
		for _, message := range s.bell.messages() {
			s.obey(message)
		}
	}
}

func raised(p unix.PollFd) bool { return p.Revents != 0 }

func (s *Shim) takeOutput(polled []unix.PollFd) {
	taken := s.out.take(polled, s.clocks.runs(restClock))
	s.clocks.stop(restClock)
	if now := time.Now(); s.out.pace.took(taken, now) {
		s.clocks[restClock] = now.Add(rest)
	}
	if taken > 0 {
		s.lives()
		s.out.followers.strike()
		s.tellLoss()
	}
}

// tellLoss journals once that output is missing from the log, because the disk
// was full or the cap was reached.
func (s *Shim) tellLoss() {
	if s.out.lost() {
		s.tell(record.EventLogDropped, time.Now())
	}
}

func (s *Shim) obey(message string) {
	switch message + "\n" {
	case record.ListenMessage:
		s.out.followers.open()
	case record.AliveMessage:
		s.lives()
	case record.DueMessage:
		s.clocks.hasten(dueClock, time.Now().Add(dueDelay))
	default:
		if stop, number, ok := record.ParseStop(message); ok {
			s.askedToStop(stop, number)
		}
	}
}

// strike does what a clock is for. The limit and the silence are judged after a look:
// the run may have ended just now.
func (s *Shim) strike(k clock) {
	switch k {
	case armClock:
		s.arm()
		s.look()
	case lookClock:
		s.look()
	case graceClock:
		s.on(graceOver)
	case limitClock:
		s.look()
		s.on(limitReached)
	case silenceClock:
		if !s.unheard() {
			s.look()
			s.on(fellSilent)
		}
	case keepClock:
		s.keep()
	case dueClock:
		s.sayDue()
	}
}

// youth is for how long a shim does without signals. It is as good as any other moment
// for a stray signal to end it (P7).
const youth = 20 * time.Millisecond

// arm gets ready for a task that goes on. It sets up the signal handlers: from now on no
// stray signal ends the shim, and it is told of every child that ends. Those that have
// ended before are found by looking.
func (s *Shim) arm() {
	s.journal.letGo()
	proc.CatchAll()
	s.children.Start()
}

// dueDelay is how long what reports have left for the journal rests; the newest of it
// counts. It is also when it is tried again to write it.
const dueDelay = time.Second

// sayDue journals what reports have left.
func (s *Shim) sayDue() {
	if !s.journal.say() {
		s.clocks[dueClock] = time.Now().Add(dueDelay)
	}
}
