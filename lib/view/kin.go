package view

import (
	"bgtasks/lib/proc"
	"bgtasks/lib/record"
)

// leftovers counts what lives of the tree of a run that is over. With a shim
// it is counted now. Without one, whether the output is still held by someone
// is certain; then the number that was recorded at the end is the best there
// is. Otherwise it is what a healer found.
func (s *Snapshot) leftovers() int {
	switch {
	case !s.Terminal():
		return 0
	case s.Held && s.State.Shim != nil && lives(*s.State.Shim):
		if s.State.Stop != nil {
			return 0 // it records the end of a stop when the tree is gone
		}
		return max(countTree(proc.Identity(*s.State.Shim)), s.adopted())
	case s.Output == FIFOHeld:
		return max(s.State.Leftovers, 1)
	}
	return s.Kin
}

// adopted counts a tree that does not descend from the shim that looks after
// it, because another one started it.
func (s *Snapshot) adopted() int {
	switch {
	case s.State.Leader == nil:
	case s.populated():
		return 1
	case s.State.Containment == bySession:
		return s.CountKin(proc.Identity(*s.State.Leader))
	}
	return 0
}

// bySession is the containment of a tree whose supervisor is no reaper for it:
// an adopted one, or any where the system has no subreapers.
const bySession = "session"

// lives tells whether the shim that recorded the end is the one that still
// holds the lock, rather than one that adopted what is left of the tree.
func lives(shim record.Process) bool {
	p, err := proc.Identity(shim).Presence()
	return err == nil && p == proc.Alive
}

// countTree counts the live descendants of a shim. Another shim below it, which
// a task started with bg-start, and all that is below that one belong to
// another task, and the dispatcher to none. They are known by their names: this
// is for people to see, nothing is signalled by it.
func countTree(shim proc.Identity) int {
	own, err := proc.ReadStat(shim.PID)
	if err != nil {
		return 0
	}
	all, err := proc.Descendants(shim.PID)
	if err != nil {
		return 0
	}
	n, foreign := 0, map[int]bool{}
	for _, m := range all {
		if foreign[m.PPID] || !m.Zombie && (m.Comm == own.Comm || m.Comm == record.DispatcherName) {
			foreign[m.PID] = true
			continue
		}
		if !m.Zombie {
			n++
		}
	}
	return n
}

// populated tells whether the tree's cgroup still holds someone.
func (s *Snapshot) populated() bool {
	group, err := s.Cgroup()
	if err != nil {
		return false
	}
	defer group.Close()
	return group.Populated()
}

// Cgroup opens the tree's cgroup; the error is proc.ErrGone if it has none.
func (s *Snapshot) Cgroup() (*proc.Cgroup, error) {
	if s.State == nil || s.State.Cgroup == "" {
		return nil, proc.ErrGone
	}
	token := ""
	if s.Spec != nil {
		token = s.Spec.RunToken
	}
	return proc.OpenCgroup(s.State.Cgroup, record.CgroupName(s.ID, token, s.Home))
}

// CountKin looks at every process there is, so it is asked for seldom.
func (s *Snapshot) CountKin(leader proc.Identity) int {
	if boot, err := proc.BootID(); err != nil || leader.BootID != boot || leader.Elsewhere() {
		return 0
	}
	if s.populated() {
		return 1
	}
	kin := proc.KinOf(leader, s.Marks(), nil)
	if s.Guessed() {
		kin.Guessed()
	}
	live, err := kin.Live()
	if err != nil {
		return 0
	}
	return len(live)
}

// Marks are what the processes of the newest run carry.
func (s *Snapshot) Marks() []string {
	if s.Spec == nil {
		return record.Marks("", s.ID, s.State.Run, s.Home)
	}
	return record.Marks(s.Spec.RunToken, s.ID, s.Spec.Run, s.Home)
}

// Guessed tells whether the leader was found by its looks: its status must not
// be taken for the command's (P3).
func (s *Snapshot) Guessed() bool { return !s.Begun() || s.State.Guessed }
