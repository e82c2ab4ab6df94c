package proc

import (
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
// A process that left the session, cleared its environment, closed the output and was orphaned, all between two looks,
// is not found. Signals go through [Identity.Signal] alone, so that no stranger can be hit.
//
// What was once seen to be a stranger stays one: nobody joins another's session, and marks and files are inherited. So
// a look at all processes reads the environment of each one once, and the next look is at the members alone, and at
// what was forked since. Only that there is nobody left takes a look at all again.
type Kin struct {
	leader Identity
	marks  []string    // entries "K=V"
	tree   *Tree       // for what it excludes
	oldest uint64      // start ticks that none of the tree is below
	files  []string    // paths
	held   func() bool // whether anyone else has one of files open for writing; nil: there are none
	eyes   eyes
	looked bool // at all processes, at least once
	gone   bool // nobody was left, so nobody can come
	last   int  // the newest pid when the last look began
	known  map[Identity]bool
	// By pid, with their start ticks: who is none of the tree by itself, and whose descriptors were looked through.
	strangers, searched map[int]uint64
}

// KinOf returns the tree of leader. marks are environment entries that, together, only its processes were started with.
// What exclude says yes to is left alone as in [OwnTree].
func KinOf(leader Identity, marks []string, exclude func(pid int) bool) *Kin {
	return &Kin{
		leader: leader.here(), marks: marks, tree: OwnTree(exclude), oldest: leader.StartTicks, eyes: ownEyes(),
		known: map[Identity]bool{}, strangers: map[int]uint64{}, searched: map[int]uint64{},
	}
}

// Guessed says that the leader is one that [FindLeader] found: others of the tree may be older.
func (k *Kin) Guessed() { k.oldest = 0 }

// Holding names files that only processes of the tree have open for reading and writing. held tells whether anyone but
// this process may have one open: to ask the kernel that is cheap, to find out who is not.
func (k *Kin) Holding(files []string, held func() bool) { k.files, k.held = files, held }

// Live returns the processes of the tree that have not ended. Those of a tree that had some at the last look are looked
// for among the known ones and what is new since; only that there are none is certain, see [Kin.lookAtAll].
func (k *Kin) Live() ([]Member, error) {
	if k.looked {
		live, err := k.lookAtNew()
		if err != nil || len(live) > 0 {
			return live, err
		}
	}
	return k.lookAtAll()
}

// SignalAll sends sig to every live process of the tree, then CONT as [Tree.SignalAll] does.
func (k *Kin) SignalAll(sig syscall.Signal) (n int, err error) {
	live, err := k.lookAtAll()
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

// maxPursuit bounds how often in a row newcomers are killed.
const maxPursuit = 64

// KillChildren sends KILL to every live process of the tree, and to the process groups of the leader's session that
// they are in, until a look finds nobody new, and returns how many there were at the last one. Call it again whenever one of them has ended, until Empty: it may have
// forked meanwhile.
//
// What forks and ends faster than it can be looked at is gone when its turn comes. If it stays in its group, it is
// killed with that. If not, it is met among the newest processes, and a look at these is a hundred times quicker than
// one at all.
func (k *Kin) KillChildren() (n int, err error) {
	for range maxPursuit {
		before := k.known
		live, failed := k.Live()
		if failed != nil {
			return n, failed
		}
		fresh := false
		for _, m := range live {
			fresh = fresh || !before[m.Identity]
			k.killGroup(m)
		}
		if n, err = signalMembers(live, []syscall.Signal{syscall.SIGKILL}); !fresh {
			break
		}
	}
	return n, err
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
