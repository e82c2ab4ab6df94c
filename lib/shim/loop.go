package shim

import (
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"bgtasks/lib/fail"
	"bgtasks/lib/fsys"
	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// run supervises until nothing is left. It sleeps in one poll(2); its only
// timers are the time limit and the grace of a stop.
//
// Its signal handlers are set up after the starter has its answer, and not at all for
// a task that is over at once: that takes as long as much of a start.
func (s *Shim) run() {
	fail.Pass("shim-start-handlers")
	if !s.tree.watchLeader() {
		s.arm()
	}
	s.heedLeft()
	for s.lookAtChildren(); !s.settle(); {
		polled := s.pollSet()
		n, err := unix.Poll(polled, s.timeout())
		if err != nil && err != unix.EINTR {
			return
		}
		if n > 0 || s.out.pace.resting {
			s.serve(polled)
		}
		if !s.armed && (n == 0 || time.Since(s.state.StartedAt) > armMs*time.Millisecond) {
			s.arm()
			s.lookAtChildren()
		}
		if s.journal.turn.Came() {
			s.catchUp()
		}
		s.checkTimers()
	}
	s.leave()
}

// pollSet lists what may happen: children, doorbell, output still open.
func (s *Shim) pollSet() []unix.PollFd {
	set := append(s.polled[:0],
		unix.PollFd{Fd: int32(s.children.FD), Events: unix.POLLIN},
		unix.PollFd{Fd: int32(s.ctl), Events: unix.POLLIN})
	set = s.out.polled(set)
	s.polled = s.tree.polled(set, s.leaderEnded)
	return s.polled
}

// serve handles what happened. Output comes first: what a process wrote before
// it ended is then in the log before its end is recorded.
func (s *Shim) serve(set []unix.PollFd) {
	if s.out.take(set[2:]) > 0 {
		s.lives()
		s.out.followers.strike()
		s.tellLoss()
	}
	if set[0].Revents != 0 {
		proc.DrainPipe(s.children.FD)
		s.lookAtChildren()
		if s.children.Nudged() {
			s.heedNudge()
		}
	} else if anyRaised(set[2+len(s.out.streams):]) {
		s.lookAtChildren()
	}
	if set[1].Revents != 0 {
		s.answerDoorbell()
	}
}

func anyRaised(set []unix.PollFd) bool {
	for _, p := range set {
		if p.Revents != 0 {
			return true
		}
	}
	return false
}

// tellLoss journals once that output is missing from the log, because the disk
// was full or the cap was reached.
func (s *Shim) tellLoss() {
	if s.out.lost() {
		s.tell(record.EventLogDropped, time.Now())
	}
}

// lookAtChildren notices the leader's end, reaps the orphans that have ended,
// and goes on killing if that was begun: each death may have given us new
// children.
func (s *Shim) lookAtChildren() {
	s.noticeEnd()
	if s.tree.group != nil && s.leaderEnded {
		s.tree.group.Populated() // until this is asked, poll(2) tells of a change again and again
	}
	s.blind, s.chase = false, false
	if s.stop != nil && s.stop.killing {
		s.lookAgain(s.tree.kill())
	}
	if s.leaderEnded {
		s.lookAgain(s.tree.look(s.unreaped()))
	}
	if unreaped := s.unreaped(); unreaped == 0 || !s.tree.gone { // or else the end comes now, and does that
		s.tree.reapOrphans(unreaped)
	}
	if s.leaderEnded || s.stop != nil {
		s.lookAgain(s.tree.watchRest(&s.tree, s.stop != nil && s.stop.killing))
	}
	s.tellRefusal()
}

// unreaped is the leader if it must stay unreaped, 0 for none.
func (s *Shim) unreaped() int {
	if s.recorded {
		return 0
	}
	return s.state.Leader.PID
}

// lookAgain remembers that a look at the tree failed, for want of a descriptor or
// of memory. It may have been after the last death, which nothing else follows.
func (s *Shim) lookAgain(err error) {
	s.blind, s.chase = s.blind || err != nil, s.chase || err == errTooQuick
}

// blindMs is how long a shim that could not look at its tree waits before it
// tries again.
const blindMs = 500

// noticeEnd looks whether the leader has ended; its pid stays pinned.
func (s *Shim) noticeEnd() {
	if s.leaderEnded || !s.tree.ended() {
		return
	}
	fail.Pass("shim-end-notice")
	s.leaderEnded = true
	s.state.ExitedAt = time.Now()
	if err := s.tree.look(s.unreaped()); err != nil || !s.tree.gone {
		if left, err := s.tree.Live(); err == nil {
			s.state.Leftovers = len(left)
		}
	}
	if s.stop != nil {
		return
	}
	s.again = s.goesOn()
	if s.launch.Leftovers != record.LeftoversKill && !s.again {
		return
	}
	if !s.tree.gone {
		s.stop = &stopping{}
		s.kill()
	}
}

// settle records the end when it has come, and tells whether nothing is left
// to supervise. Whoever holds the output of an attempt that another one follows
// is none of its tree.
func (s *Shim) settle() (gone bool) {
	if !s.leaderEnded {
		return false
	}
	lingering := s.stop != nil || s.launch.Leftovers == record.LeftoversWait
	if !s.recorded && (s.tree.gone || !lingering) {
		s.end()
	}
	if !s.kept {
		return false
	}
	gone = s.recorded && s.tree.gone && (s.stop != nil || s.state.State == record.Retrying || s.out.closed())
	if s.recorded && !gone {
		s.sendDispatcher()
	}
	return gone
}

// answerDoorbell reads the messages of visitors. Each came by one write(2) of
// less than PIPE_BUF bytes, so none is cut by another; one cut by the end of
// the buffer is kept for the next read.
func (s *Shim) answerDoorbell() {
	n, err := unix.Read(s.ctl, s.message[s.pending:])
	if err != nil || n <= 0 {
		return
	}
	text := string(s.message[:s.pending+n])
	for {
		message, rest, found := strings.Cut(text, "\n")
		if !found {
			break
		}
		s.obey(message)
		text = rest
	}
	if s.pending = copy(s.message[:], text); s.pending == len(s.message) {
		s.pending = 0 // no message is this long: not one of ours
	}
}

func (s *Shim) obey(message string) {
	switch message + "\n" {
	case record.ListenMessage:
		s.out.followers.open()
		return
	case record.AliveMessage:
		s.lives()
		return
	case record.DueMessage:
		if s.dueAt.IsZero() {
			s.dueAt = time.Now().Add(dueDelay)
		}
		return
	}
	if stop, number, ok := record.ParseStop(message); ok {
		s.askedToStop(stop, number)
	}
}

// timeout is the time to the next timer in milliseconds for poll(2), rounded
// up; -1 if there is none.
func (s *Shim) timeout() int {
	wait := s.untilTimer()
	switch {
	case s.chase:
		return 0
	case s.out.pace.resting && (wait < 0 || wait > int(rest.Milliseconds())):
		return int(rest.Milliseconds())
	case s.blind && (wait < 0 || wait > blindMs):
		return blindMs
	case !s.armed && (wait < 0 || wait > armMs):
		return armMs
	}
	return wait
}

// armMs is for how long a shim does without signals: it is told of its leader's end by
// a descriptor. It is as good as any other moment for a stray signal to end it (P7).
const armMs = 20

// arm gets ready for a task that goes on. It sets up the signal handlers: from now on no
// stray signal ends the shim, and it is told of every child that ends. Those that have
// ended before are found by looking.
func (s *Shim) arm() {
	s.armed = true
	s.journal.goOn()
	proc.CatchAll()
	s.children.Start()
}

func (s *Shim) untilTimer() int {
	next := s.nextTimer()
	if next.IsZero() {
		return -1
	}
	left := time.Until(next)
	if left <= 0 {
		return 0
	}
	return int(min((left+time.Millisecond-1)/time.Millisecond, 1<<30))
}

func (s *Shim) nextTimer() time.Time {
	next := s.runTimer()
	if next.IsZero() || !s.dueAt.IsZero() && s.dueAt.Before(next) {
		return s.dueAt
	}
	return next
}

// runTimer is the next one about the run itself.
func (s *Shim) runTimer() time.Time {
	if s.stop != nil && !s.stop.deadline.IsZero() {
		return s.stop.deadline
	}
	if s.leaderEnded && s.recorded {
		return s.keepAt
	}
	if s.stop != nil {
		return time.Time{}
	}
	if bark := s.barkAt(); !bark.IsZero() && (s.limit.IsZero() || bark.Before(s.limit)) {
		return bark
	}
	return s.limit
}

func (s *Shim) checkTimers() {
	if s.blind || s.chase {
		s.lookAtChildren()
	}
	now := time.Now()
	if !s.dueAt.IsZero() && !now.Before(s.dueAt) {
		s.sayDue(now)
	}
	next := s.runTimer()
	if next.IsZero() || now.Before(next) {
		return
	}
	switch {
	case next.Equal(s.keepAt):
		s.keep()
	case s.stop != nil:
		s.kill()
	case next.Equal(s.limit):
		s.timeIsUp()
	default:
		s.bark()
	}
}

// dueDelay is how long what reports have left for the journal rests; the newest of it
// counts. It is also when it is tried again to write it.
const dueDelay = time.Second

// sayDue journals what reports have left.
func (s *Shim) sayDue(now time.Time) {
	s.dueAt = time.Time{}
	if s.journal.say(); s.home.inReach() && fsys.Exists(s.path(store.DueFile)) {
		s.dueAt = now.Add(dueDelay)
	}
}
