package view

import (
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
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
func examine(s *snapshot) (*finding, error) {
	f := &finding{facts: facts{terminal: s.terminal(), waiting: s.waiting()}}
	if f.waiting {
		f.stopped = s.stop != nil
		f.untidy = s.state.State == record.Retrying && s.output != fifoAbsent
		return f, nil
	}
	if f.unbegun = s.unbegun(); f.unbegun {
		return f, nil
	}
	if f.terminal {
		s.lookForKin()
		f.survivor = s.kin > 0
		f.unseen = f.survivor && s.unseen(s.state.Leader)
		f.tidy = !s.marked && (s.output != fifoIdle || f.survivor)
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
		if f.unseen = true; !s.unseen(s.state.Leader) {
			s.unknown = err
		}
	}
	if f.presence == proc.Zombie && !s.guessed() {
		f.wait, f.status = f.who.ZombieStatus()
	}
	return f, nil
}

// lookForKin counts who lives of the tree of a run that is over. Someone holds
// the output, or its supervisor was killed while it looked after the rest: then
// its FIFO is still there, and processes that closed it are found by the marks
// in their environment.
func (s *snapshot) lookForKin() {
	if s.state.Leader == nil {
		return
	}
	switch {
	case s.output == fifoHeld:
		s.kin = max(s.state.Leftovers, 1)
	case s.output != fifoIdle:
	case s.abandoned(proc.Identity(*s.state.Leader)):
	case proc.Identity(*s.state.Leader).Elsewhere():
		s.kin = s.state.Leftovers // as it was recorded: they can't be seen from here
	case s.state.Leftovers > 0 || s.state.Cgroup != "":
		s.kin = s.countKin(proc.Identity(*s.state.Leader))
	}
}

// populated tells whether the tree's cgroup still holds someone.
func (s *snapshot) populated() bool {
	group, err := s.cgroup()
	if err != nil {
		return false
	}
	defer group.Close()
	return group.Populated()
}

// oomKilled tells what the tree's cgroup tells of it.
func (s *snapshot) oomKilled() bool {
	group, err := s.cgroup()
	if err != nil {
		return false
	}
	defer group.Close()
	return group.OOMKilled()
}

func (s *snapshot) cgroup() (*proc.Cgroup, error) {
	if s.state == nil || s.state.Cgroup == "" {
		return nil, proc.ErrGone
	}
	token := ""
	if s.spec != nil {
		token = s.spec.RunToken
	}
	return proc.OpenCgroup(s.state.Cgroup, record.CgroupName(s.id, token, s.home))
}

// countKin looks at every process there is, so it is asked for seldom.
func (s *snapshot) countKin(leader proc.Identity) int {
	if boot, err := proc.BootID(); err != nil || leader.BootID != boot || leader.Elsewhere() {
		return 0
	}
	if s.populated() {
		return 1
	}
	kin := proc.KinOf(leader, s.marks(), nil)
	if s.guessed() {
		kin.Guessed()
	}
	live, err := kin.Live()
	if err != nil {
		return 0
	}
	return len(live)
}

// marks are what the processes of the newest run carry.
func (s *snapshot) marks() []string {
	if s.spec == nil {
		return record.Marks("", s.id, s.state.Run, s.home)
	}
	return record.Marks(s.spec.RunToken, s.id, s.spec.Run, s.home)
}

// guessed tells whether the leader was found by its looks: its status must not
// be taken for the command's (P3).
func (s *snapshot) guessed() bool { return !s.begun() || s.state.Guessed }

// leader is who leads the run. If its shim was killed before it could write
// that down, the leader is looked for by its environment.
func (s *snapshot) leader(sameBoot bool) (proc.Identity, bool) {
	if s.hasLeader() {
		return proc.Identity(*s.state.Leader), true
	}
	if s.begun() || !sameBoot {
		return proc.Identity{}, false
	}
	dir := store.At(s.home).TaskDir(s.id)
	id, err := proc.FindLeader(s.marks(),
		[]string{filepath.Join(dir, store.OutFIFO), filepath.Join(dir, store.ErrFIFO)})
	return id, err == nil
}

func (s *snapshot) hasLeader() bool { return s.state != nil && s.state.Leader != nil }

// endState is the terminal record that a verdict leads to. Whoever heals was
// not there when the leader ended: exitedAt stays unknown (P3).
func endState(s *snapshot, v verdict, f *finding, now time.Time) *record.State {
	end := &record.State{Run: s.spec.Run, Attempt: 1}
	if s.state != nil {
		*end = *s.state
	}
	end.UpdatedAt, end.ClaimedBy = now, nil
	if !s.begun() {
		end.LogStart, end.ErrorsStart = newReader(store.At(s.home)).lastEnds(s.id)
	}
	end.StaleAt, end.StaleReason = time.Time{}, ""
	if end.Stop == nil {
		end.Stop = s.stop
	}
	if s.lost || v == lostReboot {
		end.OutputEnd = record.OutputUnknown
	}
	begun := end.Reason // what its supervisor had begun to end it for
	end.State, end.Reason = record.Failed, record.Lost
	switch v {
	case lostReboot:
		end.Reason = record.LostReboot
	case recordExit:
		recordStatus(end, f.wait, s.spec.SuccessExitCodes)
		switch {
		case end.Stop != nil:
		case begun == record.TimeLimit:
			end.State, end.Reason = record.TimedOut, begun
		case begun == record.Watchdog:
			end.State, end.Reason = record.Failed, begun
		}
	}
	end.OOM = f.sameBoot && s.oomKilled()
	if s.output == fifoHeld {
		end.Leftovers = max(end.Leftovers, 1)
	} else if f.leader && f.sameBoot {
		s.kin = s.countKin(f.who)
		end.Leftovers = s.kin
	}
	if end.Leftovers == 0 && s.again(end, begun) {
		s.retry(end, now)
	}
	return end
}

// recordStatus fills in what a wait status says. With a stop that was asked
// for, the end is that stop's, whatever the code: the code is kept beside it.
func recordStatus(end *record.State, status syscall.WaitStatus, success []int) {
	if status.Signaled() {
		name := proc.SignalName(status.Signal())
		end.Signal = &name
		end.State, end.Reason = record.Failed, record.BySignal
	} else {
		code := status.ExitStatus()
		end.ExitCode = &code
		end.State, end.Reason = record.Failed, record.SelfExit
		if code == 0 || slices.Contains(success, code) {
			end.State = record.Succeeded
		}
	}
	if end.Stop != nil {
		end.State, end.Reason = record.Cancelled, record.Stopped
		if end.Stop.Cause != "" {
			end.Reason = end.Stop.Cause
		}
	}
}
