package shim

import (
	"errors"
	"time"

	"bgtasks/lib/fail"
	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// adopt takes over a run whose supervisor was killed. The task has kept the FIFOs open,
// so what it wrote meanwhile is in them.
func (s *Shim) adopt() *failure {
	from := &s.launch.Adopt
	leader := proc.Identity(from.Leader)
	s.tree.Forest, s.tree.ties = s.kin(leader), &adopted{watched{leader: leader, exit: -1}, from.Guessed}
	if f := s.takeOver(); f != nil {
		return f
	}
	s.record.Containment = bySession
	s.rejoin(from.Cgroup)
	s.remember()
	s.clocks[armClock] = time.Now()
	s.out.followers.open() // their owners told the shim before us
	for _, st := range s.out.streams {
		st.pump() // the last holder may be gone, and poll(2) does not tell a reader who never saw one
	}
	if from.Over {
		s.at.life = recorded
		s.out.lossIsTold() // the end is journalled, and nothing comes after it
		return nil
	}
	s.clocks[dueClock] = time.Now() // reports may have left something meanwhile
	fail.Pass("shim-adopt-reserve")
	var err error
	if s.reserve, err = store.NewReserve(s.path(store.StateFile)); err != nil {
		return failed(record.StageShim, store.StateFile, err)
	}
	fail.Pass("shim-adopt-watch")
	if err = s.tree.watchLeader(); err != nil && !errors.Is(err, proc.ErrGone) {
		return failed(record.StageShim, "watch the leader", err)
	}
	s.recordAdoption()
	return nil
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

// takeOver gets ready, and removes what the killed supervisor had reserved. FIFOs that
// are not there are made anew: a task whose output can't be had is better supervised
// without than not at all. The reading end of one that was lost is had from the task, if
// it can be. A copy that can't be opened any more must not cost the task its supervisor.
func (s *Shim) takeOver() *failure {
	if f := s.enter(); f != nil {
		return f
	}
	lost := make([]bool, 2)
	for i, name := range s.fifos() {
		lost[i] = !store.IsFIFO(s.path(name))
	}
	if err := s.renewFIFOs(append(s.fifos(), store.CtlFIFO)); err != nil {
		return failed(record.StageShim, "FIFOs", err)
	}
	if f := s.open(); f != nil && f.stage != record.StageTee {
		return f
	}
	for i, st := range s.out.streams {
		if lost[i] {
			st.comeFrom(s.openLost(s.fifos()[i]))
		}
	}
	store.SweepTask(s.launch.TaskDir)
	return nil
}

// remember takes up what is known of the run.
func (s *Shim) remember() {
	from := &s.launch.Adopt
	s.record.Leader = &from.Leader
	s.record.Guessed = from.Guessed
	s.record.LogStart, s.record.ErrorsStart = from.LogStart, from.ErrorsStart
	if from.OutputLost {
		s.record.OutputEnd = record.OutputUnknown
	}
	if from.StartedMs != 0 {
		s.record.StartedAt = time.UnixMilli(from.StartedMs)
	}
}

// recordAdoption writes down who supervises the run now, and takes up a stop
// that its last supervisor did not finish.
func (s *Shim) recordAdoption() {
	now := time.Now()
	s.record.UpdatedAt = now
	s.limit(now)
	from := &s.launch.Adopt
	if from.StopMs != 0 {
		from.Stop.RequestedAt = time.UnixMilli(from.StopMs)
		s.record.Stop = &from.Stop
	}
	fail.Pass("shim-adopt-record")
	s.write()
	fail.Pass("shim-adopt-lease")
	s.tell(record.EventLeaseLost, now)
	fail.Pass("shim-adopt-journal")
	s.tell(record.EventAdopted, now)
	s.ring()
	switch {
	case from.StopMs != 0:
		s.begin(from.Stop.Cause, inMs(from.StopNumber, from.GraceLeftMs))
	case from.Cause == record.Watchdog:
		s.begin(from.Cause, s.terms())
	}
}
