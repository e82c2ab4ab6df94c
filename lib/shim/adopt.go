package shim

import (
	"errors"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"bgtasks/lib/fail"
	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// adoption is what a shim has that supervises a tree which another one started.
// None of its processes is our child, so each end is learned from a descriptor
// (pidfd_open(2), kqueue(2)), and none from SIGCHLD.
type adoption struct {
	leader proc.Identity
	exit   int   // the leader's exit descriptor, -1 if it was gone already
	others []int // those of the rest of the tree, once that matters
	chase  bool  // there is a rest, but each was gone before it could be watched
}

// adopt takes over a run whose supervisor was killed (DESIGN §7). The task has
// kept the FIFOs open, so what it wrote meanwhile is in them.
func (s *Shim) adopt() (stage, on string, err error) {
	from := &s.launch.Adopt
	s.adopted = &adoption{leader: proc.Identity(from.Leader), exit: -1}
	s.tree = s.kin()
	// A copy that can't be opened any more must not cost the task its supervisor.
	if stage, on, err := s.open(); err != nil && stage != record.StageTee {
		return stage, on, err
	}
	store.SweepTask(s.launch.TaskDir) // what the killed one had reserved
	s.state.Containment = bySession
	s.rejoin(from.Cgroup)
	s.state.Leader = &from.Leader
	s.state.Guessed = from.Guessed
	s.state.LogStart, s.state.ErrorsStart = from.LogStart, from.ErrorsStart
	if from.OutputLost {
		s.state.OutputEnd = record.OutputUnknown
	}
	if from.StartedMs != 0 {
		s.state.StartedAt = time.UnixMilli(from.StartedMs)
	}
	s.leaderEnded, s.recorded, s.kept = from.Over, from.Over, from.Over
	s.out.followers.open() // their owners told the shim before us
	for _, st := range s.out.streams {
		st.pump() // the last holder may be gone, and poll(2) does not tell a reader who never saw one
	}
	if from.Over {
		s.out.lossIsTold() // the end is journalled, and nothing comes after it
		return "", "", nil
	}
	s.dueAt = time.Now() // reports may have left something meanwhile
	fail.Pass("shim-adopt-reserve")
	if s.reserve, err = store.NewReserve(s.path(store.StateFile)); err != nil {
		return record.StageShim, store.StateFile, err
	}
	fail.Pass("shim-adopt-watch")
	s.adopted.exit, err = proc.ExitFD(s.adopted.leader)
	if err != nil && !errors.Is(err, proc.ErrGone) {
		return record.StageShim, "watch the leader", err
	}
	s.recordAdoption()
	return "", "", nil
}

// kin is the tree that is adopted.
func (s *Shim) kin() *proc.Kin {
	kin := proc.KinOf(s.adopted.leader, record.Marks(s.launch.RunToken, s.launch.ID, s.launch.Run, s.launch.Home), s.foreign)
	kin.Holding([]string{s.path(store.OutFIFO), s.path(store.ErrFIFO)}, s.out.held)
	if s.launch.Adopt.Guessed {
		kin.Guessed()
	}
	return kin
}

// recordAdoption writes down who supervises the run now, and takes up a stop
// that its last supervisor did not finish.
func (s *Shim) recordAdoption() {
	now := time.Now()
	s.state.UpdatedAt = now
	if ms := s.launch.TimeLimitMs; ms > 0 {
		s.limit = now.Add(time.Duration(ms) * time.Millisecond)
	}
	s.guard(now)
	from := &s.launch.Adopt
	if from.StopMs != 0 {
		from.Stop.RequestedAt = time.UnixMilli(from.StopMs)
		s.state.Stop = &from.Stop
	}
	fail.Pass("shim-adopt-record")
	store.Replace(s.path(store.StateFile), s.encoded())
	fail.Pass("shim-adopt-lease")
	s.tell(record.EventLeaseLost, now)
	fail.Pass("shim-adopt-journal")
	s.tell(record.EventAdopted, now)
	store.Ring(s.path(store.BellsDir), store.BellChange)
	switch {
	case from.StopMs != 0:
		s.begin(from.Stop.Cause, syscall.Signal(from.StopNumber), time.Duration(from.GraceLeftMs)*time.Millisecond)
	case from.Cause == record.Watchdog:
		s.begin(from.Cause, syscall.Signal(s.launch.Signal), time.Duration(s.launch.GraceMs)*time.Millisecond)
	}
}

// ended tells whether the leader has ended. That of an adopted run may be a
// zombie of another parent.
func (s *Shim) ended() bool {
	if s.adopted != nil {
		presence, err := s.adopted.leader.Presence()
		return err == nil && presence != proc.Alive
	}
	ended, err := proc.Ended(s.state.Leader.PID)
	return ended || err != nil
}

// leaderStatus gives the leader's wait status, and reaps it if it is our child.
// It is nil if nobody can know it any more.
func (s *Shim) leaderStatus() *syscall.WaitStatus {
	if s.adopted != nil && s.launch.Adopt.Guessed {
		return nil
	}
	if s.adopted != nil {
		status, known := proc.ExitStatus(s.adopted.exit, s.adopted.leader)
		if !known {
			return nil
		}
		return &status
	}
	status, usage, err := proc.Reap1(s.state.Leader.PID)
	if err != nil {
		return nil
	}
	s.usage.Add(usage)
	if usage, _, err = s.tree.Reap(0); err == nil { // orphans of the tree, while they are easy to tell from it
		s.usage.Add(usage)
	}
	s.state.Usage = &record.Usage{
		UserMs: s.usage.User.Milliseconds(), SystemMs: s.usage.System.Milliseconds(), MaxRSSKB: s.usage.MaxRSSKB,
	}
	return &status
}

// maxLooks bounds how often a tree is looked at whose processes all end before
// they can be watched, or can't be watched at all.
const maxLooks = 100

// watchTree gets descriptors for the ends of an adopted tree's processes, when
// somebody waits for them. One that is forked after the look is found at the
// next, which the end of its parent brings.
func (s *Shim) watchTree() error {
	if s.adopted == nil || !s.leaderEnded && s.stop == nil {
		return nil
	}
	for _, fd := range s.adopted.others {
		unix.Close(fd)
	}
	s.adopted.others = s.adopted.others[:0]
	s.adopted.chase = false
	for range maxLooks {
		live, err := s.tree.Live()
		if err == nil {
			err = s.adopted.watch(live)
		}
		if err != nil {
			return err
		}
		s.treeGone = len(live) == 0
		if s.stop != nil && s.stop.killing {
			// Whoever was forked after the last kill is watched now, and may never end by itself.
			s.tree.KillChildren()
		}
		if s.treeGone || len(s.adopted.others) > 0 {
			return nil
		}
	}
	s.adopted.chase = true
	return nil
}

// watch adds the descriptors of those who are still there.
func (a *adoption) watch(live []proc.Member) error {
	for _, m := range live {
		fd, err := proc.ExitFD(m.Identity)
		switch {
		case err == nil:
			a.others = append(a.others, fd)
		case !errors.Is(err, proc.ErrGone):
			return err
		}
	}
	return nil
}

// watchLeader gets a descriptor for the end of our own leader. It tells of it sooner
// than the signal, which passes through two threads of the runtime; without one the
// signal has to do.
func (s *Shim) watchLeader() {
	if s.adopted != nil {
		return
	}
	if fd, err := proc.ExitFD(proc.Identity(*s.state.Leader)); err == nil {
		s.leaderExit = fd
	}
}

// exits lists the descriptors of ends that are waited for.
func (s *Shim) exits() []int {
	exit, others := s.leaderExit, []int(nil)
	if s.adopted != nil {
		exit, others = s.adopted.exit, s.adopted.others
	}
	if s.leaderEnded || exit < 0 {
		return others
	}
	return append([]int{exit}, others...)
}
