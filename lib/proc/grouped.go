package proc

import "syscall"

// Forest is what a supervisor does with a tree, whichever way its processes are found: [Tree], [Kin] or [Grouped].
type Forest interface {
	Live() ([]Member, error)
	SignalAll(syscall.Signal) (int, error)
	KillChildren() (int, error)
	Empty(ended int) (bool, error)
	Reap(except int) (Usage, int, error)
}

// Grouped is a tree whose processes are held together by a cgroup as well. What can be found in either way belongs to
// it, but for what exclude says yes to.
type Grouped struct {
	Forest
	Group   *Cgroup
	exclude func(pid int) bool
}

// InCgroup returns the tree that f finds, together with what is in the cgroup.
func InCgroup(f Forest, group *Cgroup, exclude func(pid int) bool) *Grouped {
	return &Grouped{f, group, exclude}
}

// Live returns the processes of the tree that have not ended.
func (g *Grouped) Live() ([]Member, error) {
	live, err := g.Forest.Live()
	if err != nil {
		return live, err
	}
	more, err := g.others(live)
	return append(live, more...), err
}

// others are those in the cgroup that are not among known.
func (g *Grouped) others(known []Member) (more []Member, err error) {
	boot, err := BootID()
	if err != nil {
		return nil, err
	}
	seen := make(map[int]bool, len(known))
	for _, m := range known {
		seen[m.PID] = true
	}
	for _, s := range g.Group.members() {
		if !seen[s.PID] && !g.exclude(s.PID) {
			more = append(more, member(boot, s))
		}
	}
	return more, nil
}

// SignalAll sends sig to every live process of the tree, then CONT as [Tree.SignalAll] does.
func (g *Grouped) SignalAll(sig syscall.Signal) (n int, err error) {
	found, err := g.Forest.Live()
	if err != nil {
		return 0, err
	}
	more, err := g.others(found)
	if err != nil {
		return 0, err
	}
	n, err = g.Forest.SignalAll(sig)
	for _, m := range more {
		if m.signalEach(sig) == nil && (!wantsCont(sig) || m.signalEach(syscall.SIGCONT) == nil) {
			n++
		}
	}
	return n, err
}

// KillChildren kills the whole cgroup at once, unless someone is in it who is to be spared, and what was found beside it.
func (g *Grouped) KillChildren() (n int, err error) {
	mixed := false
	for _, s := range g.Group.members() {
		if g.exclude(s.PID) {
			mixed = true
			continue
		}
		n++
	}
	if !mixed {
		g.Group.Kill()
	} else if more, err := g.others(nil); err == nil {
		for _, m := range more {
			m.signalEach(syscall.SIGKILL)
		}
	}
	more, err := g.Forest.KillChildren()
	return max(n, more), err
}

// Empty tells whether no process of the tree is alive.
func (g *Grouped) Empty(ended int) (bool, error) {
	empty, err := g.Forest.Empty(ended)
	if err != nil || !empty {
		return empty, err
	}
	more, err := g.others(nil)
	return err == nil && len(more) == 0, err
}
