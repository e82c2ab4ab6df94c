package proc

// FindLeader looks for the leader of a tree whose supervisor was killed before it could write down whom it had started:
// the oldest process that leads a session and was executed with all marks, or has one of the tree's files open, first of all as its
// standard output or error: to look through all descriptors takes as long as there are. It may
// be a daemon that the leader left behind, so nothing must be concluded from how it ends. It is ErrGone when there is
// none.
func FindLeader(marks, files []string) (Identity, error) {
	boot, err := BootID()
	if err != nil {
		return Identity{}, err
	}
	all, err := allProcesses()
	if err != nil {
		return Identity{}, wrap("list processes", err)
	}
	holds := holdersOf(files)
	for _, anywhere := range []bool{false, true} {
		oldest := Identity{}
		for _, s := range all {
			if s.SID != s.PID || s.Ended() || s.PID <= 1 || oldest.PID != 0 && s.StartTicks >= oldest.StartTicks {
				continue
			}
			if mine, _, _ := marked(s.PID, marks); mine || holds(s.PID, anywhere) {
				oldest = member(boot, s).Identity
			}
		}
		if oldest.PID != 0 {
			return oldest, nil
		}
	}
	return Identity{}, ErrGone
}
