package shim

import (
	"syscall"
	"time"

	"bgtasks/lib/fail"
	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// adopt takes over a run whose supervisor was killed (DESIGN §7). The task has
// kept the FIFOs open, so what it wrote meanwhile is in them.
func (s *Shim) adopt() (stage, on string, err error) {
	from := &s.launch.Adopt
	leader := &adopted{leader: proc.Identity(from.Leader), guessed: from.Guessed, exit: -1}
	s.tree.Forest, s.tree.ties = s.kin(leader.leader), leader
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
	if err = leader.watch(); err != nil {
		return record.StageShim, "watch the leader", err
	}
	s.recordAdoption()
	return "", "", nil
}

// kin is the tree that is adopted.
func (s *Shim) kin(leader proc.Identity) *proc.Kin {
	kin := proc.KinOf(leader, record.Marks(s.launch.RunToken, s.launch.ID, s.launch.Run, s.launch.Home), s.foreign)
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
