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
	return &Kin{leader: leader, marks: marks, files: files, tree: OwnTree(exclude), known: map[Identity]bool{}}
}

// maxLooks bounds how often a tree of which nobody was found is looked for on a machine where processes end all the time.
const maxLooks = 50

// Live returns the processes of the tree that have not ended.
//
// A listing is not of one moment. /proc hands out its last pids in one step, so a process that forks and ends before its
// turn comes is missed with its child. But then it was listed and has vanished, or is a zombie that was none before. So
// that there is nobody counts only of a look in which neither happened, or after many.
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

// KillChildren sends KILL to every live process of the tree. Call it again whenever one of them has ended, until Empty:
// it may have forked meanwhile.
func (k *Kin) KillChildren() (n int, err error) { return k.SignalAll(syscall.SIGKILL) }

// Empty tells whether no process of the tree is alive.
func (k *Kin) Empty() (bool, error) {
	live, err := k.Live()
	return err == nil && len(live) == 0, err
}

// Reap has nothing to reap: the tree's processes are other parents' children.
func (k *Kin) Reap(int) (Usage, int, error) { return Usage{}, 0, nil }
