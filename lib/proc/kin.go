package proc

import (
	"os"
	"strings"
	"syscall"
)

// Kin is the tree of a leader that this process did not start and is no ancestor of: what a supervisor adopts when the
// one before it was killed. Nothing falls to an adopter as orphans fall to a subreaper, so its members are found:
//
//   - whoever is in the leader's session, as long as no stranger has the leader's pid: while the session has a member, the
//     kernel gives that number to nobody;
//   - whoever was executed with the marks of the tree in its environment, wherever it moved (Linux);
//   - whoever has one of the tree's files open, such as the FIFO of its output (Linux);
//   - whoever was found before, and the children of all these.
//
// A process that left the session, cleared its environment, closed the output and was orphaned, all before the first
// look, is not found. Signals go through [Identity.Signal] alone, so that no stranger can be hit.
type Kin struct {
	leader Identity
	marks  []string // entries "K=V"
	files  []string // paths
	tree   *Tree    // for what it excludes
	known  map[Identity]bool
}

// KinOf returns the tree of leader. marks are environment entries that, together, only its processes were started with,
// files are paths of what only they, and this process, have open. What exclude says yes to is left alone as in
// [OwnTree].
func KinOf(leader Identity, marks, files []string, exclude func(pid int) bool) *Kin {
	return &Kin{leader: leader.here(), marks: marks, files: files, tree: OwnTree(exclude), known: map[Identity]bool{}}
}

// maxLooks bounds how often a tree of which nobody was found is looked for on a machine where processes end all the time.
const maxLooks = 15

// Live returns the processes of the tree that have not ended.
//
// A listing is not of one moment. /proc hands out its last pids in one step, so a process that forks and ends before its
// turn comes is missed with its child. But then it was listed and has vanished, or is a zombie that was none before. So
// that there is nobody counts only of a look in which neither happened, or after many; and the newest processes are
// looked at once more, after all others.
func (k *Kin) Live() (live []Member, err error) {
	zombies := map[Identity]bool{}
	for range maxLooks {
		var settled bool
		live, settled, err = k.look(zombies)
		if err != nil || len(live) > 0 || settled {
			break
		}
	}
	return live, err
}

// look tells also whether nobody vanished and no zombie is new; it adds those to the known ones.
func (k *Kin) look(zombies map[Identity]bool) (live []Member, settled bool, err error) {
	boot, err := BootID()
	if err != nil {
		return nil, false, err
	}
	all, vanished, err := census()
	if err != nil {
		return nil, false, wrap("list processes", err)
	}
	all = withNewest(all)
	settled = vanished == 0 && len(zombies) > 0
	found := k.seeds(boot, all)
	k.addChildren(found, all)
	k.known = make(map[Identity]bool, len(found))
	for _, s := range all {
		m := member(boot, s)
		if found[s.PID] {
			k.known[m.Identity] = true
			live = append(live, m)
		}
		if m.Zombie && !zombies[m.Identity] {
			zombies[m.Identity] = true
			settled = false
		}
	}
	zombies[Identity{}] = true // the first look is over
	return live, settled, nil
}

// withNewest adds the newest processes that a listing has missed.
func withNewest(all []Stat) []Stat {
	listed := map[int]bool{}
	for _, s := range all {
		listed[s.PID] = true
	}
	for _, s := range newest() {
		if !listed[s.PID] {
			all = append(all, s)
		}
	}
	return all
}

// seeds are the members that are known by themselves, not by their parent.
func (k *Kin) seeds(boot string, all []Stat) map[int]bool {
	reused := false
	for _, s := range all {
		reused = reused || s.PID == k.leader.PID && member(boot, s).Identity != k.leader
	}
	holds := holdersOf(k.files)
	found := map[int]bool{}
	for _, s := range all {
		if s.Ended() || s.PID <= 1 || s.PID == os.Getpid() {
			continue
		}
		id := member(boot, s).Identity
		if k.known[id] || id == k.leader || !reused && s.SID == k.leader.PID || k.marked(s.PID) || holds(s.PID) {
			found[s.PID] = true
		}
	}
	return found
}

// addChildren adds the children of those that were found, theirs and so on.
func (k *Kin) addChildren(found map[int]bool, all []Stat) {
	for grown := true; grown; {
		grown = false
		for _, s := range all {
			if found[s.PPID] && !found[s.PID] && !s.Ended() && s.PID > 1 && !k.tree.excluded(s) {
				found[s.PID] = true
				grown = true
			}
		}
	}
}

// marked tells whether a process was executed with all marks in its environment. One that can't be asked was not.
func (k *Kin) marked(pid int) bool {
	return len(k.marks) > 0 && hasMarks(pid, k.marks)
}

func hasMarks(pid int, marks []string) bool {
	block, err := readEnviron(pid)
	if err != nil {
		return false
	}
	env := "\x00" + string(block)
	for _, mark := range marks {
		if !strings.Contains(env, "\x00"+mark+"\x00") {
			return false
		}
	}
	return true
}

// FindLeader looks for the leader of a tree whose supervisor was killed before it could write down whom it had started:
// the oldest process that leads a session and was executed with all marks, or has one of the tree's files open. It may
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
	oldest := Identity{}
	for _, s := range all {
		if s.SID != s.PID || s.Ended() || s.PID <= 1 || !hasMarks(s.PID, marks) && !holds(s.PID) {
			continue
		}
		if oldest.PID == 0 || s.StartTicks < oldest.StartTicks {
			oldest = member(boot, s).Identity
		}
	}
	if oldest.PID == 0 {
		return oldest, ErrGone
	}
	return oldest, nil
}

// SignalAll sends sig to every live process of the tree, then CONT as [Tree.SignalAll] does.
func (k *Kin) SignalAll(sig syscall.Signal) (n int, err error) {
	live, err := k.Live()
	if err != nil {
		return 0, err
	}
	sigs := []syscall.Signal{sig, syscall.SIGCONT}
	if !wantsCont(sig) {
		sigs = sigs[:1]
	}
	return signalMembers(live, sigs)
}

func signalMembers(live []Member, sigs []syscall.Signal) (n int, err error) {
	for _, m := range live {
		one := m.signalEach(sigs...)
		if one == nil {
			n++
		} else if err == nil && !isGone(one) {
			err = one
		}
	}
	return n, err
}

// KillChildren sends KILL to every live process of the tree, and to the process groups of the leader's session that
// they are in. Call it again whenever one of them has ended, until Empty: it may have forked meanwhile.
//
// What forks and ends faster than all processes can be listed is gone when its turn comes. If it stays in its group, it
// is killed with that. If not, it is looked for where it must be, among the newest processes.
func (k *Kin) KillChildren() (n int, err error) {
	caught := k.pursue()
	live, err := k.Live()
	if err != nil {
		return caught, err
	}
	for _, m := range live {
		k.killGroup(m)
	}
	n, err = signalMembers(live, []syscall.Signal{syscall.SIGKILL})
	return caught + n, err
}

// killGroup kills the group of a member of the leader's session. The members of a group are all of one session
// (setpgid(2)), so it has no other than the tree's; and its number is nobody else's while one of them lives, which is
// made sure of right before.
func (k *Kin) killGroup(m Member) {
	if m.SID != k.leader.PID || m.PGID <= 1 || m.PGID == syscall.Getpgrp() {
		return
	}
	if now, p, err := m.look(); err == nil && p == Alive && now.SID == m.SID && now.PGID == m.PGID {
		_ = kill(-m.PGID, syscall.SIGKILL) // an error is no news: whoever is left is met by himself
	}
}

// maxPursuit bounds how often the newest processes are looked at. Each look is a hundred times quicker than one at all.
const maxPursuit = 64

// pursue kills the members among the newest processes, until there is none, and tells how many were killed.
func (k *Kin) pursue() (caught int) {
	boot, err := BootID()
	if err != nil {
		return 0
	}
	for range maxPursuit {
		before := caught
		for _, s := range newest() {
			if s.Ended() || !k.isMember(s) {
				continue
			}
			m := member(boot, s)
			k.killGroup(m)
			if m.Signal(syscall.SIGKILL) == nil {
				caught++
			}
		}
		if caught == before {
			break
		}
	}
	return caught
}

// isMember tells whether a process is one of the tree by itself.
func (k *Kin) isMember(s Stat) bool {
	if s.PID <= 1 || s.PID == os.Getpid() {
		return false
	}
	return s.SID == k.leader.PID && !k.reused() || k.marked(s.PID)
}

// reused tells whether a stranger has the leader's pid, and so may have made a session of that number.
func (k *Kin) reused() bool {
	now, err := Identify(k.leader.PID)
	return !isGone(err) && (err != nil || now != k.leader)
}

// Empty tells whether no process of the tree is alive.
func (k *Kin) Empty(int) (bool, error) {
	live, err := k.Live()
	return err == nil && len(live) == 0, err
}

// Reap has nothing to reap: the tree's processes are other parents' children.
func (k *Kin) Reap(int) (Usage, int, error) { return Usage{}, 0, nil }
