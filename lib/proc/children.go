package proc

// A Member is a process of a tree.
type Member struct {
	Identity
	PPID, PGID, SID int
	Comm            string
	// Zombie: it has ended and its parent has not reaped it.
	Zombie bool
}

// Descendants returns the children of root, their children and so on, zombies included and marked; parents come before
// their children, root itself is not among them.
//
// The list is not of one moment: a process that is orphaned while it is made may be missing, or be listed where it was
// before. What must be complete is asked of a [Tree].
func Descendants(root int) ([]Member, error) {
	return descend(root, nil)
}

// descend leaves out what skip says, with all that is below it.
func descend(root int, skip func(Stat) bool) ([]Member, error) {
	boot, err := BootID()
	if err != nil {
		return nil, err
	}
	childrenOf, err := kinship()
	if err != nil {
		return nil, wrapPID("list descendants of process", root, err)
	}
	var list []Member
	seen := map[int]bool{root: true}
	for queue := []int{root}; len(queue) > 0; queue = queue[1:] {
		kids, err := childrenOf(queue[0])
		if err != nil {
			return nil, wrapPID("list descendants of process", root, err)
		}
		for _, k := range kids {
			// A process that moved up while the list is made can be met twice.
			if seen[k.PID] || skip != nil && skip(k) {
				continue
			}
			seen[k.PID] = true
			queue = append(queue, k.PID)
			list = append(list, member(boot, k))
		}
	}
	return list, nil
}

func member(boot string, s Stat) Member {
	pid, clock := namespaces()
	return Member{
		Identity: Identity{BootID: boot, PID: s.PID, StartTicks: s.StartTicks, PIDNS: pid, TimeNS: clock},
		PPID:     s.PPID,
		PGID:     s.PGID,
		SID:      s.SID,
		Comm:     s.Comm,
		Zombie:   s.Ended(),
	}
}

func byParent(all []Stat) map[int][]Stat {
	kids := make(map[int][]Stat)
	for _, s := range all {
		kids[s.PPID] = append(kids[s.PPID], s)
	}
	return kids
}
