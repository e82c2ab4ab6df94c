package heal

import (
	"syscall"

	"bgtasks/lib/proc"
)

// verdict is what a healer has to do about a task whose lock is free.
type verdict int

const (
	leave       verdict = iota // nothing: it is over and tidy
	adopt                      // the leader lives, and wants a supervisor
	adoptRest                  // it is over, but someone of its tree lives
	finishEnd                  // the end is recorded, the steps after it were cut short
	recordExit                 // the leader is a zombie: its status is there to be read
	recordLost                 // the leader is gone and nobody saw its end
	lostReboot                 // the whole system is another one now
	cancel                     // it waits, and was asked to stop
	finishRetry                // that it waits for another attempt is recorded, the steps after it were cut short
	unclaim                    // it was to be started, and nothing was
	cannotKnow                 // whether the leader lives can't be seen: as good as leave
)

// facts are what a healer sees. They are about the run that spec names.
type facts struct {
	waiting  bool // queued or retrying
	stopped  bool // a stop was asked for that no supervisor has taken up
	untidy   bool // the steps after a recorded retry are not all done
	unbegun  bool // who was to start the attempt was the last to have the lock
	terminal bool
	tidy     bool          // the steps after a recorded end are done
	survivor bool          // someone of the tree lives, beside the leader
	leader   bool          // the shim has recorded a leader, or one was found
	sameBoot bool          // the boot of that leader, or of the starter, is this one
	presence proc.Presence // of the leader
	unseen   bool          // who lives can't be known from here
	status   bool          // the zombie's status can be read
}

// decide is the table of what to do; the first row that fits counts.
func decide(f facts) verdict {
	switch {
	case f.waiting && f.stopped:
		return cancel
	case f.waiting && f.untidy:
		return finishRetry
	case f.waiting:
		return leave
	case f.unbegun:
		return unclaim
	case f.terminal && f.tidy && f.survivor && !f.unseen:
		return adoptRest
	case f.terminal && f.tidy:
		return leave
	case f.terminal:
		return finishEnd
	case !f.sameBoot:
		return lostReboot
	case f.unseen:
		return cannotKnow
	case !f.leader:
		return recordLost
	case f.presence == proc.Alive:
		return adopt
	case f.presence == proc.Zombie && f.status:
		return recordExit
	}
	return recordLost
}

// finding is what a healer found: the facts, and what they rest on.
type finding struct {
	facts
	who  proc.Identity // the leader
	wait syscall.WaitStatus
}
