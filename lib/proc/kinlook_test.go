package proc

import (
	"slices"
	"testing"
)

// world is a likeness of a machine: what each look at the processes, one after the other, meets.
type world struct {
	rounds [][]sight
	froms  []int // where each began
	newest []int // the newest pid, as often as it is asked for; then it stays
	asked  []int // whose marks were read
	envs   map[int]error
	marks  map[int]bool
}

// sight is one process in a round.
type sight struct {
	Stat
	err error
}

func alive(pid, ppid, sid int) sight { return sight{Stat: stat(pid, ppid, sid)} }
func vanished(pid int) sight         { return sight{Stat{PID: pid}, ErrGone} }
func ended(pid int) sight            { return endedIn(pid, pid) }
func endedIn(pid, sid int) sight {
	s := alive(pid, 1, sid)
	s.State = 'Z'
	return s
}

func stat(pid, ppid, sid int) Stat {
	return Stat{PID: pid, PPID: ppid, SID: sid, State: 'S', StartTicks: uint64(pid), Threads: 1}
}

func (w *world) eyes() eyes {
	return eyes{
		sweep: func(from int, meet func(pid int, s Stat, err error) error) error {
			round := w.rounds[min(len(w.froms), len(w.rounds)-1)]
			w.froms = append(w.froms, from)
			for _, s := range round {
				if s.PID < from {
					continue
				}
				if err := meet(s.PID, s.Stat, s.err); err != nil {
					return err
				}
			}
			return nil
		},
		newest: func() int {
			now := w.newest[0]
			if len(w.newest) > 1 {
				w.newest = w.newest[1:]
			}
			return now
		},
		stat: func(pid int) (Stat, error) {
			for _, s := range w.rounds[min(len(w.froms), len(w.rounds)-1)] {
				if s.PID == pid {
					return s.Stat, s.err
				}
			}
			return Stat{}, ErrGone
		},
		marked: func(pid int, _ []string) (bool, bool, error) {
			w.asked = append(w.asked, pid)
			return w.marks[pid], true, w.envs[pid]
		},
	}
}

// leaderPID has a number that no process of this machine has.
const leaderPID = 1 << 29

// kin is the tree of a leader that has ended, older than all in the world.
func (w *world) kin(t *testing.T) *Kin {
	t.Helper()
	boot, err := BootID()
	if err != nil {
		t.Fatal(err)
	}
	k := KinOf(Identity{BootID: boot, PID: leaderPID}, nil, nil)
	k.eyes = w.eyes()
	return k
}

// What makes a look void: what may have left a child among the newest processes, and nothing else. Only these are
// looked at again.
func TestKinLooks(t *testing.T) {
	stranger := alive(5000, 1, 5000)
	for _, c := range []struct {
		name   string
		rounds [][]sight
		newest []int
		envs   map[int]error
		marks  map[int]bool
		froms  []int // of the rounds
		want   []int // who is found
	}{
		{"nobody moves", [][]sight{{stranger}}, []int{9010}, nil, nil, []int{1, 8946}, nil},
		{"a stranger of long ago ends", [][]sight{{vanished(5000)}, {}}, []int{9010}, nil, nil, []int{1, 8946}, nil},
		{"strangers end all the time", [][]sight{{vanished(5000)}, {stranger}, {vanished(5001)}}, []int{9010}, nil, nil, []int{1, 8946}, nil},
		{"one of the newest vanishes", [][]sight{{}, {vanished(9003), vanished(9001)}, {}}, []int{9010}, nil, nil, []int{1, 8946, 9001}, nil},
		{"and leaves a child", [][]sight{{}, {vanished(9001)}, {alive(9002, 1, leaderPID)}}, []int{9010}, nil, nil, []int{1, 8946, 9001}, []int{9002}},
		{"one of the newest has become a zombie", [][]sight{{}, {ended(9001)}, {ended(9001)}}, []int{9010}, nil, nil, []int{1, 8946, 9001}, nil},
		{"it is of a stranger's session", [][]sight{{stranger}, {endedIn(9001, 5000)}}, []int{9010}, nil, nil, []int{1, 8946}, nil},
		{"it is of the tree's session", [][]sight{{stranger}, {endedIn(9001, leaderPID)}, {}}, []int{9010}, nil, nil, []int{1, 8946, 9001}, nil},
		{"a stranger of this look vanishes", [][]sight{{alive(8990, 1, 1)}, {vanished(8990)}}, []int{9010}, nil, nil, []int{1, 8946}, nil},
		{"a stranger of this look becomes a zombie", [][]sight{{alive(8990, 1, 8990)}, {ended(8990)}}, []int{9010}, nil, nil, []int{1, 8946}, nil},
		{"it was one before", [][]sight{{ended(8990)}, {ended(8990)}}, []int{9010}, nil, nil, []int{1, 8946}, nil},
		{"one of the newest lives and is a stranger", [][]sight{{}, {alive(9001, 1, 9001)}}, []int{9010}, nil, nil, []int{1, 8946}, nil},
		{"it ends when its marks are read", [][]sight{{}, {alive(9001, 1, 9001)}, {}}, []int{9010}, map[int]error{9001: ErrGone}, nil, []int{1, 8946, 9001}, nil},
		{"those from before the numbers began anew come and go", [][]sight{{}, {vanished(20000)}}, []int{9010}, nil, nil, []int{1, 8946}, nil},
		{"a stranger's child is between two programs", [][]sight{{stranger}, {alive(9001, 1, 5000)}}, []int{9010}, map[int]error{9001: errExecuting}, nil, []int{1, 8946}, nil},
		{"pids begin anew", [][]sight{{}}, []int{32000, 400, 400, 400}, nil, nil, []int{1, 1}, nil},
		{"pids begin anew among the newest", [][]sight{{}, {}, {alive(301, 1, leaderPID)}}, []int{32000, 32000, 32010, 301, 301}, nil, nil, []int{1, 31936, 1}, []int{301}},
		{"children follow their parents", [][]sight{{alive(7000, 1, leaderPID), alive(7001, 7000, 7001), alive(6999, 7001, 1)}}, []int{9010}, nil, nil, []int{1, 8946}, []int{6999, 7000, 7001}},
		{"marks", [][]sight{{alive(7000, 1, 7000), stranger}}, []int{9010}, nil, map[int]bool{7000: true}, []int{1, 8946}, []int{7000}},
		{"a thread of the kernel has no environment", [][]sight{{}, {{Stat{PID: 9001, StartTicks: 9001, State: 'I', kernel: true}, nil}}}, []int{9010}, map[int]error{9001: ErrGone}, nil, []int{1, 8946}, nil},
		{"others' processes can't be read", [][]sight{{{Stat{PID: 7000}, errHidden}, stranger}}, []int{9010}, nil, nil, []int{1, 8946}, nil},
	} {
		w := &world{rounds: c.rounds, newest: c.newest, envs: c.envs, marks: c.marks}
		live, err := w.kin(t).Live()
		if got := pidsIn(live); err != nil || !slices.Equal(got, c.want) || !slices.Equal(w.froms, c.froms) {
			t.Errorf("%s: Live() = %v, %v in rounds from %v, want %v in rounds from %v", c.name, got, err, w.froms, c.want, c.froms)
		}
	}
}

func pidsIn(live []Member) (pids []int) {
	for _, m := range live {
		pids = append(pids, m.PID)
	}
	slices.Sort(pids)
	return pids
}

// One that is between two programs has no environment: it is asked again, for as long as that takes.
func TestKinLookAtOneThatExecutes(t *testing.T) {
	w := &world{rounds: [][]sight{{alive(9001, 1, 9001)}}, newest: []int{9010}, envs: map[int]error{9001: errExecuting}}
	k := w.kin(t)
	sweep := k.eyes.sweep
	k.eyes.sweep = func(from int, meet func(int, Stat, error) error) error {
		if len(w.froms) == 3 {
			w.envs, w.marks = nil, map[int]bool{9001: true}
		}
		return sweep(from, meet)
	}
	live, err := k.Live()
	if got := pidsIn(live); err != nil || !slices.Equal(got, []int{9001}) {
		t.Errorf("Live() = %v, %v, want 9001", got, err)
	}
}

// A machine that can't be looked at is no reason to say that nobody is left.
func TestKinLookThatNeverSettles(t *testing.T) {
	w := &world{rounds: [][]sight{{vanished(9001)}}, newest: []int{9010}}
	if empty, err := w.kin(t).Empty(0); empty || err == nil {
		t.Errorf("Empty() = %t, %v, want false and an error", empty, err)
	}
}

// While a member lives, only members and newcomers are looked at; strangers are asked for their marks once.
func TestKinAsksStrangersOnce(t *testing.T) {
	member, stranger := alive(7000, 1, leaderPID), alive(5000, 1, 5000)
	w := &world{rounds: [][]sight{{stranger, member}}, newest: []int{9010}}
	k := w.kin(t)
	for look, want := range [][]int{{1, 8946}, {1, 8946, 8946}, {1, 8946, 8946, 8946}} {
		if live, err := k.Live(); err != nil || !slices.Equal(pidsIn(live), []int{7000}) || !slices.Equal(w.froms, want) {
			t.Fatalf("look %d: Live() = %v, %v in rounds from %v, want 7000, from %v", look, pidsIn(live), err, w.froms, want)
		}
	}
	w.rounds = [][]sight{{stranger}}
	want := []int{1, 8946, 8946, 8946, 8946, 1, 8946}
	if empty, err := k.Empty(0); !empty || err != nil || !slices.Equal(w.froms, want) {
		t.Errorf("Empty() = %t, %v in rounds from %v, want true, from %v", empty, err, w.froms, want)
	}
	if !slices.Equal(w.asked, []int{5000}) {
		t.Errorf("marks were read of %v, want 5000 once", w.asked)
	}
}

// Who is older than the leader is not asked, unless the leader is one that was guessed.
func TestKinPassesOverTheOlder(t *testing.T) {
	for _, guessed := range []bool{false, true} {
		w := &world{rounds: [][]sight{{alive(5000, 1, 5000)}}, newest: []int{9010}, marks: map[int]bool{5000: true}}
		k := w.kin(t)
		k.oldest = 6000
		if guessed {
			k.Guessed()
		}
		if live, err := k.Live(); err != nil || (len(live) > 0) != guessed {
			t.Errorf("guessed %t: Live() = %v, %v", guessed, live, err)
		}
	}
}

// All descriptors of a stranger are looked through when nobody else is left, somebody has the output open, and it was
// not done before.
func TestKinSearchesForHolders(t *testing.T) {
	member, daemon := alive(7000, 1, leaderPID), alive(7001, 1, 7001)
	w := &world{rounds: [][]sight{{member, daemon, alive(7002, 1, 7002)}}, newest: []int{9010}}
	k := w.kin(t)
	held, holder := true, 7001
	var searched []int
	k.Holding([]string{"out.fifo"}, func() bool { return held })
	k.eyes.holder = func([]string) func(int, bool) bool {
		return func(pid int, anywhere bool) bool {
			if anywhere {
				searched = append(searched, pid)
			}
			return anywhere && pid == holder
		}
	}
	look := func(want ...int) {
		t.Helper()
		if live, err := k.Live(); err != nil || !slices.Equal(pidsIn(live), want) {
			t.Errorf("Live() = %v, %v, want %v", pidsIn(live), err, want)
		}
	}
	look(7000)
	if len(searched) > 0 {
		t.Errorf("descriptors of %v were looked through while a member lives", searched)
	}
	w.rounds = [][]sight{{daemon, alive(7002, 1, 7002)}}
	look(7001)
	w.rounds, held = [][]sight{{alive(7002, 1, 7002)}}, false
	look()
	slices.Sort(searched)
	if !slices.Equal(searched, []int{7001, 7002}) {
		t.Errorf("descriptors of %v were looked through, want 7001 and 7002, each once", searched)
	}
}
