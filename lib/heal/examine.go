package heal

import (
	"path/filepath"

	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
)

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
