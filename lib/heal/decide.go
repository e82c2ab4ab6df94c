package heal

import (
	"path/filepath"
	"syscall"

	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
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

// decide is the table of DESIGN §7.
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

// examine gathers the facts about a task.
func examine(s *patient) (*finding, error) {
	f := &finding{facts: facts{terminal: s.Terminal(), waiting: s.Waiting()}}
	if f.waiting {
		f.stopped = s.Stop != nil
		f.untidy = s.State.State == record.Retrying && s.Output != view.FIFOAbsent
		return f, nil
	}
	if f.unbegun = s.unbegun(); f.unbegun {
		return f, nil
	}
	if f.terminal {
		s.lookForKin()
		f.survivor = s.Kin > 0
		f.unseen = f.survivor && s.unseen(s.State.Leader)
		f.tidy = !s.Marked && (s.Output != view.FIFOIdle || f.survivor)
		return f, nil
	}
	boot, err := proc.BootID()
	if err != nil {
		return nil, err
	}
	f.sameBoot = s.starter().BootID == boot
	if f.unseen = !s.hasLeader() && s.unseen(s.starter()); f.unseen {
		return f, nil
	}
	if f.who, f.leader = s.leader(f.sameBoot); !f.leader {
		return f, nil
	}
	f.sameBoot = f.who.BootID == boot
	switch f.presence, err = f.who.Presence(); {
	case err == nil:
	case s.abandoned(f.who):
		f.presence = proc.Gone
	default:
		if f.unseen = true; !s.unseen(s.State.Leader) {
			s.Unknown = err
		}
	}
	if f.presence == proc.Zombie && !s.Guessed() {
		f.wait, f.status = f.who.ZombieStatus()
	}
	return f, nil
}

// lookForKin counts who lives of the tree of a run that is over. Someone holds
// the output, or its supervisor was killed while it looked after the rest: then
// its FIFO is still there, and processes that closed it are found by the marks
// in their environment.
func (s *patient) lookForKin() {
	if s.State.Leader == nil {
		return
	}
	switch {
	case s.Output == view.FIFOHeld:
		s.Kin = max(s.State.Leftovers, 1)
	case s.Output != view.FIFOIdle:
	case s.abandoned(proc.Identity(*s.State.Leader)):
	case proc.Identity(*s.State.Leader).Elsewhere():
		s.Kin = s.State.Leftovers // as it was recorded: they can't be seen from here
	case s.State.Leftovers > 0 || s.State.Cgroup != "":
		s.Kin = s.CountKin(proc.Identity(*s.State.Leader))
	}
}

// leader is who leads the run. If its shim was killed before it could write
// that down, the leader is looked for by its environment.
func (s *patient) leader(sameBoot bool) (proc.Identity, bool) {
	if s.hasLeader() {
		return proc.Identity(*s.State.Leader), true
	}
	if s.Begun() || !sameBoot {
		return proc.Identity{}, false
	}
	dir := store.At(s.Home).TaskDir(s.ID)
	id, err := proc.FindLeader(s.Marks(),
		[]string{filepath.Join(dir, store.OutFIFO), filepath.Join(dir, store.ErrFIFO)})
	return id, err == nil
}

func (s *patient) hasLeader() bool { return s.State != nil && s.State.Leader != nil }

// wantsHealing tells whether there is something for a healer to do: the lock
// is free, and the facts call for more than leaving the task alone. It is asked
// before the lock is taken, because a lock taken for nothing would for that
// moment look like a supervisor's, and keep a restart from its task.
func (s *patient) wantsHealing() bool {
	if s.Held || s.Away != nil {
		return false
	}
	w := s.sound()
	if w == nil {
		return false
	}
	v, _, err := w.judge()
	s.Unknown = w.Unknown
	return err == nil && v != leave && v != cannotKnow
}

// judge looks at the processes too, and decides.
func (s *patient) judge() (verdict, *finding, error) {
	f, err := examine(s)
	if err != nil {
		return cannotKnow, nil, err
	}
	v := decide(f.facts)
	if s.mustEndFirst(v, f) {
		v = adopt
	}
	if s.salvaged && !s.salvageable(v) {
		v = leave
	}
	return v, f, nil
}
