package proc

import (
	"os"
	"syscall"
)

// A Tree is all that descends from this process, wherever it moved, except what belongs to others. It is complete only
// if this process is the subreaper of its descendants, see [SetSubreaper]: then a process that leaves its group or
// session, or whose parents have ended, is still found below us.
//
// Its methods rely on direct children staying unreaped meanwhile, because that is what pins their pids and groups. So
// they, [Reap1] and everything else that reaps must be called from one goroutine, and os/exec not at all.
type Tree struct {
	exclude func(pid int) bool
}

// OwnTree returns the tree below this process. If exclude is not nil it is asked about each live process; for those it
// answers true, they and all below them are left alone. A supervisor excludes other supervisors in this way: one that
// was started by our task becomes our child when its starter ends, although it and what it runs are another task's.
func OwnTree(exclude func(pid int) bool) *Tree {
	if exclude == nil {
		exclude = func(int) bool { return false }
	}
	return &Tree{exclude}
}

func (t *Tree) excluded(s Stat) bool {
	return !s.Ended() && t.exclude(s.PID)
}

// Live returns the processes of the tree that have not ended, parents first. As with [Descendants], one that is
// orphaned meanwhile may be missed; only [Tree.Empty] is certain.
func (t *Tree) Live() ([]Member, error) {
	list, err := descend(os.Getpid(), t.excluded)
	live := list[:0]
	for _, m := range list {
		if !m.Zombie {
			live = append(live, m)
		}
	}
	return live, err
}

// SignalAll is the polite phase of a stop: every live process of the tree gets sig, then CONT, without which a stopped
// one would not notice. CONT is not sent after CONT, KILL and the signals that stop. A direct child is signalled by
// its pid, which it keeps until we reap it, any other through [Identity.Signal], so that its pid cannot have been
// given to a stranger since it was listed. No process group is signalled.
//
// It returns how many processes were signalled. The error is the first one met; the others were signalled all the same.
// A process that is forked meanwhile may be missed: what must not survive is left to [Tree.KillChildren].
func (t *Tree) SignalAll(sig syscall.Signal) (n int, err error) {
	live, err := t.Live()
	if err != nil {
		return 0, err
	}
	sigs := []syscall.Signal{sig, syscall.SIGCONT}
	if !wantsCont(sig) {
		sigs = sigs[:1]
	}
	self := os.Getpid()
	for _, m := range live {
		one := m.signalMember(self, sigs)
		if one == nil {
			n++
		} else if err == nil && !isGone(one) {
			err = one
		}
	}
	return n, err
}

func (m Member) signalMember(self int, sigs []syscall.Signal) error {
	if m.PPID != self || m.PID <= 1 {
		return m.signalEach(sigs...)
	}
	for _, sig := range sigs {
		if err := kill(m.PID, sig); err != nil {
			return wrapPID("signal child", m.PID, err)
		}
	}
	return nil
}

func wantsCont(sig syscall.Signal) bool {
	switch sig {
	case syscall.SIGKILL, syscall.SIGCONT, syscall.SIGSTOP, syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU, 0:
		return false
	}
	return true
}

// KillChildren sends KILL to every live direct child, and to the process groups of direct children where the number of
// the group is certain. It returns how many live children it signalled, and the first error met.
//
// Call KillChildren, [Tree.Empty] and [Tree.Reap] in this order, at first and after every SIGCHLD, until Empty said true;
// the Reap after that has then reaped the last one. This ends the whole tree without a race, and direct children are
// enough:
//
//   - A child that we have not reaped keeps its pid, dead or alive, so the signal cannot hit a stranger.
//   - When a child dies, the kernel gives its children to us, their subreaper, before it tells us of the death
//     (exit_notify in kernel/exit.c). Nothing is lost on the way up, and each step up is announced by a SIGCHLD.
//   - What forks faster than it can be listed mostly stays in one process group. Killing a group is atomic against
//     fork(2): a child is either in the group when it is killed, or its fork sees the pending signal and fails.
//
// A group is signalled when the child leads it (an unreaped child's pid is nobody else's, and no stranger can join a
// group of another session) or when the child is a zombie, which can neither change its group nor let its number be
// given out again. A live child in another's group might leave it under our hands, and is killed alone. Never
// signalled are our own group, groups of 1 and below and those that an excluded child is in.
//
// Only a tree that changes its group with every fork can run ahead of this, as long as its forks are quicker than our
// listing. Against that there is cgroup.kill alone.
func (t *Tree) KillChildren() (n int, err error) {
	kids, err := childrenOf(os.Getpid())
	if err != nil {
		return 0, wrap("list children", err)
	}
	victims, spared := t.sort(kids)
	for _, k := range victims {
		one := killOne(k, spared)
		if one == nil && !k.Ended() {
			n++
		} else if err == nil {
			err = one
		}
	}
	return n, err
}

// sort divides the direct children into those of the tree, and the groups that must not be signalled.
func (t *Tree) sort(kids []Stat) (victims []Stat, spared map[int]bool) {
	spared = map[int]bool{syscall.Getpgrp(): true}
	for _, k := range kids {
		if t.excluded(k) {
			spared[k.PGID] = true
		} else {
			victims = append(victims, k)
		}
	}
	return victims, spared
}

// killOne signals the group first: the child cannot fork out of a group that is gone.
func killOne(k Stat, spared map[int]bool) error {
	if k.PID <= 1 {
		return wrapPID("kill child", k.PID, ErrRefused)
	}
	if k.PGID > 1 && !spared[k.PGID] && (k.PGID == k.PID || k.Ended()) {
		spared[k.PGID] = true
		// An error is no news: either all are zombies, or the members are met one by one as our children.
		_ = kill(-k.PGID, syscall.SIGKILL)
	}
	if k.Ended() {
		return nil
	}
	return wrapPID("kill child", k.PID, kill(k.PID, syscall.SIGKILL))
}

// Reap reaps every direct child that has ended, excluded ones too, but not except (the leader, whose end is to be
// recorded first; 0 for none). It returns their usage and their number.
func (t *Tree) Reap(except int) (usage Usage, reaped int, err error) {
	for {
		pid, err := peekEnded()
		switch {
		case err != nil:
			return usage, reaped, wrap("look for ended children", err)
		case pid == 0:
			return usage, reaped, nil
		case pid == except || pid == unknownChild:
			more, n, err := reapListed(except)
			usage.Add(more)
			return usage, reaped + n, err
		}
		_, one, err := Reap1(pid)
		if err != nil {
			return usage, reaped, err
		}
		usage.Add(one)
		reaped++
	}
}

// unknownChild is the answer of a peekEnded that cannot know.
const unknownChild = -1

// reapListed is the way past a child that must stay: it costs a listing.
func reapListed(except int) (usage Usage, reaped int, err error) {
	kids, err := childrenOf(os.Getpid())
	if err != nil {
		return usage, 0, wrap("list children", err)
	}
	for _, k := range kids {
		if k.PID == except {
			continue
		}
		_, one, ended, err := reapIfEnded(k.PID)
		if err != nil {
			return usage, reaped, wrapPID("reap child", k.PID, err)
		}
		if ended {
			usage.Add(one)
			reaped++
		}
	}
	return usage, reaped, nil
}

// Empty tells whether no process of the tree is alive. Zombies do not count, so it can be asked while the leader is
// kept unreaped. Given the subreaper, true means that there is none at any depth.
//
// A listing is not of one moment: an orphan may become ours after its place in the list was passed. But then its parent
// is in the same list as one that has ended. So an answer counts only if every zombie in it was one before the
// listing began, and otherwise there is a second one. ended is a child that is known to have ended, which saves that;
// 0 for none.
//
// That there is no live child at all, as with most commands in the end, the kernel can tell without a listing.
//
// Where /proc is mounted with hidepid, a child that became another user's (set-user-id) is neither shown nor counted.
func (t *Tree) Empty(ended int) (bool, error) {
	if noLiveChild() {
		return true, nil
	}
	known := map[int]bool{ended: true}
	for {
		kids, err := childrenOf(os.Getpid())
		if err != nil {
			return false, wrap("list children", err)
		}
		settled := true
		for _, k := range kids {
			switch {
			case !k.Ended() && !t.exclude(k.PID):
				return false, nil
			case k.Ended() && !known[k.PID]:
				known[k.PID] = true
				settled = false
			}
		}
		if settled {
			return true, nil
		}
	}
}
