package proc

import (
	"os"
	"strconv"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// shell starts a script of sh on the stage, as leader of a session. Descriptor 3 is the stdin of the stage, because sh
// gives its background jobs another one; "cat <&3" waits for the end of the test.
func (s *stage) shell(script string) int {
	s.t.Helper()
	pid, err := Spawn(SpawnSpec{
		Path:   "/bin/sh",
		Argv:   []string{"sh", "-c", "exec 3<&0; " + script},
		Env:    os.Environ(),
		Files:  s.files(),
		Setsid: true,
		Umask:  -1,
	})
	if err != nil {
		s.t.Fatalf("Spawn(sh) = %v", err)
	}
	return pid
}

func (s *stage) live(tree *Tree) map[int]Member {
	s.t.Helper()
	list, err := tree.Live()
	if err != nil {
		s.t.Fatalf("Live() = %v", err)
	}
	byPID := make(map[int]Member)
	for _, m := range list {
		byPID[m.PID] = m
	}
	return byPID
}

func wantEmpty(t *testing.T, tree *Tree, want bool) {
	t.Helper()
	if got, err := tree.Empty(0); got != want || err != nil {
		t.Errorf("Empty() = %v, %v, want %v", got, err, want)
	}
}

// A descendant that called setsid, or double-forked, is found and ended.
func TestEscapers(t *testing.T) {
	needSubreaper(t)
	s := newStage(t)
	tree := OwnTree(nil)
	s.spawn("parent", "termignorer")
	middle := s.spawn("daemon", "termignorer")
	inGroup, inSession, daemon := s.reported(), s.reported(), s.reported()
	s.awaitEnd(middle)

	live := s.live(tree)
	for _, id := range []Identity{inGroup, inSession, daemon} {
		if live[id.PID].Identity != id {
			t.Errorf("Live() lacks %v", id)
		}
	}
	// The helpers report in any order, but one of the three is in the session of the parent.
	if n, err := tree.SignalAll(syscall.SIGTERM); n != 4 || err != nil {
		t.Errorf("SignalAll(TERM) = %d, %v, want 4", n, err)
	}
	wantEmpty(t, tree, false)
	s.killAll()
	for _, id := range []Identity{inGroup, inSession, daemon} {
		wantPresence(t, id, Gone)
	}
	s.assertNoneLeft()
}

// A stopped process dies of TERM only because CONT follows.
func TestStopped(t *testing.T) {
	s := newStage(t)
	pid := s.spawn("sleeper", "")
	id := s.reported()
	if err := id.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if n, err := OwnTree(nil).SignalAll(syscall.SIGTERM); n != 1 || err != nil {
		t.Errorf("SignalAll(TERM) = %d, %v, want 1", n, err)
	}
	s.awaitEnd(pid)
	if status, _, err := Reap1(pid); err != nil || status.Signal() != syscall.SIGTERM {
		t.Errorf("Reap1 = %#x, %v, want TERM", status, err)
	}
}

// A task that handles TERM keeps its own exit code.
func TestSignalAllLetsTheLeaderExit(t *testing.T) {
	s := newStage(t)
	pid := s.spawn("term7", "")
	s.reported()
	if _, err := OwnTree(nil).SignalAll(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	s.awaitEnd(pid)
	if status, _, err := Reap1(pid); err != nil || status.ExitStatus() != 7 {
		t.Errorf("Reap1 = %#x, %v, want exit 7", status, err)
	}
}

// A tree that forks while it is being killed is gone afterwards. Each link of the chain prints a line, forks
// the next one and ends.
func TestForkChain(t *testing.T) {
	needSubreaper(t)
	s := newStage(t)
	s.shell(`f() { echo $1; [ $1 -lt 2000 ] || exec cat <&3; f $(($1+1)) & exit; }; f 0`)
	for range 20 {
		s.line()
	}
	s.killAll()
	wantEmpty(t, OwnTree(nil), true)
	if n := s.assertNoneLeft(); n >= 1900 {
		t.Errorf("the chain came to its end of its own: %d more links", n)
	}
}

// One call ends a whole group, also those in it that are no children of ours yet, and leaves other groups for later.
func TestKillChildrenKillsGroups(t *testing.T) {
	s := newStage(t)
	s.spawn("parent", "sleeper")
	ids := []Identity{s.reported(), s.reported()}
	if st, err := ReadStat(ids[0].PID); err != nil || st.PGID == ids[0].PID {
		ids[0], ids[1] = ids[1], ids[0]
	}
	fd, err := ExitFD(ids[0])
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if n, err := OwnTree(nil).KillChildren(); n != 1 || err != nil {
		t.Errorf("KillChildren() = %d, %v, want 1", n, err)
	}
	if !pollFor(fd) {
		t.Errorf("%v, in the group of the child, is alive", ids[0])
	}
	wantPresence(t, ids[1], Alive)
}

// The leader can be kept unreaped, for its record, while the rest is killed.
func TestForkTreeBelowKeptLeader(t *testing.T) {
	needSubreaper(t)
	s := newStage(t)
	leader := s.shell(`f() { [ $1 -gt 0 ] || { echo leaf; exec cat <&3; }; f $(($1-1)) & f $(($1-1)) & }; f 6; exit 9`)
	for range 64 {
		s.line()
	}
	s.awaitEnd(leader)
	tree := OwnTree(nil)
	// Until the branches have ended, a leaf that is orphaned may be missed. Each end is announced.
	notifier, err := NewChildNotifier()
	if err != nil {
		t.Fatal(err)
	}
	stop := notifier.Start()
	for len(s.live(tree)) != 64 {
		if !pollFor(notifier.FD) {
			t.Fatalf("Live() has %d, want 64 leaves", len(s.live(tree)))
		}
		DrainPipe(notifier.FD)
	}
	stop()
	s.killKeeping(leader)
	status, _, err := Reap1(leader)
	if err != nil || status.ExitStatus() != 9 {
		t.Errorf("Reap1(leader) = %#x, %v, want exit 9", status, err)
	}
	s.assertNoneLeft()
}

// The leader's end is known although a grandchild lives on.
func TestLeftover(t *testing.T) {
	needSubreaper(t)
	s := newStage(t)
	leader := s.spawn("forgetful", "")
	left := s.reported()
	s.awaitEnd(leader)
	if live := s.live(OwnTree(nil)); len(live) != 1 || live[left.PID].Identity != left {
		t.Errorf("Live() = %v, want only %v", live, left)
	}
	if status, _, err := Reap1(leader); err != nil || status.ExitStatus() != 3 {
		t.Errorf("Reap1(leader) = %#x, %v, want exit 3", status, err)
	}
	wantPresence(t, left, Alive)
}

// What belongs to a nested supervisor is neither listed, nor signalled, nor killed, nor waited for.
func TestExcludedSubtree(t *testing.T) {
	needSubreaper(t)
	s := newStage(t)
	nested := s.spawn("parent", "sleeper")
	theirs := []Identity{s.reported(), s.reported()}
	own := s.spawn("sleeper", "")
	mine := s.reported()
	tree := OwnTree(func(pid int) bool { return pid == nested })

	if live := s.live(tree); len(live) != 1 || live[own].Identity != mine {
		t.Errorf("Live() = %v, want only %v", live, mine)
	}
	wantEmpty(t, tree, false)
	if n, err := tree.SignalAll(syscall.SIGCONT); n != 1 || err != nil {
		t.Errorf("SignalAll(CONT) = %d, %v, want 1", n, err)
	}
	if n, err := tree.KillChildren(); n != 1 || err != nil {
		t.Errorf("KillChildren() = %d, %v, want 1", n, err)
	}
	s.awaitEnd(own)
	if usage, n, err := tree.Reap(0); n != 1 || err != nil || usage.MaxRSSKB < 100 {
		t.Errorf("Reap(0) = %+v, %d, %v, want the usage of 1", usage, n, err)
	}
	wantEmpty(t, tree, true)
	for _, id := range append(theirs, s.identify(nested)) {
		wantPresence(t, id, Alive)
	}
}

// A process in the group of an excluded one is killed by its pid, never through the group.
func TestExcludedGroupIsSpared(t *testing.T) {
	needSubreaper(t)
	s := newStage(t)
	// Both children of the shell stay in its group, and come to us when it ends.
	leader := s.shell(`sh -c 'echo $$; exec cat <&3' & sh -c 'echo $$; exec cat <&3' & exit`)
	spared, victim := s.reported(), s.reported()
	s.awaitEnd(leader)
	tree := OwnTree(func(pid int) bool { return pid == spared.PID })
	if n, err := tree.KillChildren(); n != 1 || err != nil {
		t.Errorf("KillChildren() = %d, %v, want 1", n, err)
	}
	s.awaitEnd(victim.PID)
	wantPresence(t, victim, Zombie)
	wantPresence(t, spared, Alive)
}

// The group of the supervisor itself is never signalled: this test would not survive it.
func TestOwnGroupIsSpared(t *testing.T) {
	s := newStage(t)
	pid, err := Spawn(helperSpec("sleeper", "", false, s.files()))
	if err != nil {
		t.Fatal(err)
	}
	id := s.reported()
	if n, err := OwnTree(nil).KillChildren(); n != 1 || err != nil {
		t.Errorf("KillChildren() = %d, %v, want 1", n, err)
	}
	s.awaitEnd(pid)
	wantPresence(t, id, Zombie)
}

func TestReapKeepsTheException(t *testing.T) {
	s := newStage(t)
	leader := s.spawn("exit", "3")
	s.awaitEnd(leader)
	for i := range 5 {
		pid := s.spawn("exit", strconv.Itoa(i))
		s.awaitEnd(pid)
	}
	tree := OwnTree(nil)
	if _, n, err := tree.Reap(leader); n != 5 || err != nil {
		t.Errorf("Reap(leader) = %d, %v, want 5", n, err)
	}
	wantEmpty(t, tree, true)
	if pids, err := children(); len(pids) != 1 || pids[0] != leader || err != nil {
		t.Errorf("children() = %v, %v, want %d", pids, err, leader)
	}
	if _, n, err := tree.Reap(0); n != 1 || err != nil {
		t.Errorf("Reap(0) = %d, %v, want 1", n, err)
	}
}

func TestDescendants(t *testing.T) {
	s := newStage(t)
	parent := s.spawn("unreaping", "1")
	zombie := s.reported()
	list, err := Descendants(os.Getpid())
	if err != nil || len(list) != 2 {
		t.Fatalf("Descendants() = %v, %v, want 2", list, err)
	}
	if list[0].PID != parent || list[0].Zombie || list[0].PPID != os.Getpid() {
		t.Errorf("Descendants()[0] = %+v, want the live parent %d", list[0], parent)
	}
	if list[1].Identity != zombie || !list[1].Zombie || list[1].PPID != parent {
		t.Errorf("Descendants()[1] = %+v, want the zombie %v", list[1], zombie)
	}
	if list, err := Descendants(parent); err != nil || len(list) != 1 {
		t.Errorf("Descendants(%d) = %v, %v, want 1", parent, list, err)
	}
}

func TestUsageAdd(t *testing.T) {
	u := Usage{User: 1, System: 2, MaxRSSKB: 30}
	u.Add(Usage{User: 10, System: 20, MaxRSSKB: 3})
	if want := (Usage{11, 22, 30}); u != want {
		t.Errorf("Add = %+v, want %+v", u, want)
	}
}

func TestWantsCont(t *testing.T) {
	for sig, want := range map[syscall.Signal]bool{
		syscall.SIGTERM: true, syscall.SIGHUP: true, syscall.SIGINT: true,
		syscall.SIGKILL: false, syscall.SIGCONT: false, syscall.SIGSTOP: false, syscall.SIGTSTP: false,
	} {
		if got := wantsCont(sig); got != want {
			t.Errorf("wantsCont(%v) = %v, want %v", sig, got, want)
		}
	}
}
