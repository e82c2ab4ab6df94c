// Package trees ends every kind of process tree in every way, and looks for what
// got away.
package trees

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"
	"golang.org/x/sys/unix"

	"bgtasks/test/suite"
)

func TestMain(m *testing.M) { suite.Main(m) }

// kinds are the trees of testdata/zoo, by the words that start them.
var kinds = []string{
	"clingy.sh", "daemon.sh", "deaf.sh", "doublefork.sh", "mute.sh", "pack.sh", "stopped.sh",
	"forks", "shifts", "reaps", "reads", "title", "zombies",
}

// ways are the ways in which a tree is ended. Each starts the tree, and
// returns when the suite says that nothing of it is left.
var ways = map[string]func(tr *tree){
	"stop":       (*tree).stop,
	"time-limit": (*tree).timeLimit,
	"leftovers":  (*tree).leftovers,
	"adopted":    (*tree).adopted,
}

// TestEveryTreeEnds ends each kind of tree in each way, and looks for what is left of
// it: whoever carries its mark in the environment, and the processes that it had
// told of, by pid and start time. Stopped means gone.
func TestEveryTreeEnds(t *testing.T) {
	programs := suite.Build(t)
	for _, kind := range kinds {
		for name, way := range ways {
			t.Run(kind+"/"+name, func(t *testing.T) {
				t.Parallel()
				tree := newTree(t, programs, kind)
				way(tree)
				tree.lookForSurvivors()
			})
		}
	}
}

// inCgroup tells the tests that cgroup v2 is mounted for them.
const inCgroup = "BGTASKS_TEST_CGROUP"

// TestEveryTreeEndsInCgroup does the same where trees are held together by cgroups.
func TestEveryTreeEndsInCgroup(t *testing.T) {
	if !suite.MayGroup() {
		t.Skip("this user may not mount cgroup v2, or something manages it")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("unshare", "-m", "sh", "-c", suite.WithCgroups, "sh", self, "-test.run=^TestEveryTreeEnds$", "-test.v")
	cmd.Env, cmd.Dir = append(os.Environ(), inCgroup+"=1"), "test/trees"
	out, err := cmd.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("--- PASS: TestEveryTreeEnds ")) {
		t.Errorf("TestEveryTreeEnds in a cgroup: %v\n%s", err, out)
	}
}

// checkCgroup holds that the tree is in a cgroup where that is to be.
func (tr *tree) checkCgroup() {
	if os.Getenv(inCgroup) == "" {
		return
	}
	state := tr.Record("t", "state.json")
	if got := gjson.GetBytes(state, "containment").Str; got != "cgroup" {
		tr.T.Errorf("containment = %q, want cgroup", got)
	}
	tr.group = gjson.GetBytes(state, "cgroup").Str
}

// tree is one tree, run as the task t.
type tree struct {
	*suite.Home
	words []string                 // that start it
	ready *os.File                 // FIFO, read here
	known map[suite.Process]string // start times
	group string                   // its cgroup, if it is to have one
}

func newTree(t *testing.T, programs *suite.Programs, kind string) *tree {
	tr := &tree{Home: suite.NewHome(t, programs), words: []string{filepath.Join(programs.Helpers, "zoo"), kind}}
	for _, name := range []string{"ready", "first", "second", "gate"} {
		tr.Must(unix.Mkfifo(filepath.Join(tr.Work, name), 0o600))
	}
	ready, err := os.OpenFile(filepath.Join(tr.Work, "ready"), os.O_RDWR|unix.O_NONBLOCK, 0)
	tr.Must(err)
	tr.ready = ready
	if strings.HasSuffix(kind, ".sh") {
		script, err := filepath.Abs(filepath.Join("testdata", "zoo", kind))
		tr.Must(err)
		tr.words = []string{"sh", script}
	}
	tr.Env = append(tr.Env, "ZOO="+tr.Work)
	tr.Limit = suite.Patience / 2
	t.Cleanup(func() {
		ready.Close()
		tr.killKnown()
	})
	return tr
}

func (tr *tree) stop() {
	tr.start()
	tr.Expect(0, "bg-stop", "--grace", "200ms", "t")
}

func (tr *tree) timeLimit() {
	tr.start("--time-limit", "1s", "--grace", "200ms", "--leftovers", "wait")
	tr.Expect(124, "bg-wait", "t")
	if got := tr.Expect(0, "bg-list", "--state", "timed_out").Out; got != "t\n" {
		tr.T.Errorf("bg-list --state timed_out = %q, want the task", got)
	}
}

// leftovers lets a leader end by itself that has the tree for a child.
func (tr *tree) leftovers() {
	tr.words = append([]string{"sh", "-c", `"$@" & read -r _ <"$ZOO/gate"`, "leader"}, tr.words...)
	tr.start("--leftovers", "kill")
	tr.Must(os.WriteFile(filepath.Join(tr.Work, "gate"), []byte("go\n"), 0))
	tr.Expect(0, "bg-wait", "t")
}

// adopted kills the supervisor, has the tree adopted and stops it.
func (tr *tree) adopted() {
	tr.start()
	first := tr.shim()
	tr.Must(unix.Kill(first.PID, unix.SIGKILL))
	if !first.AwaitEnd(suite.Patience) {
		tr.T.Fatalf("supervisor %s has not ended", first)
	}
	tr.Expect(0, "bg-status", "t")
	tr.Expect(0, "bg-stop", "--grace", "200ms", "t")
}

// start starts the tree and waits until all of it is there.
func (tr *tree) start(flags ...string) {
	tr.T.Helper()
	tr.Expect(0, slices.Concat([]string{"bg-start", "--id", "t"}, flags, []string{"--"}, tr.words)...)
	tr.Must(tr.ready.SetReadDeadline(time.Now().Add(suite.Patience)))
	if _, err := tr.ready.Read(make([]byte, 16)); err != nil {
		tr.T.Fatalf("the tree is not ready: %v", err)
	}
	tr.known = map[suite.Process]string{}
	list, _ := os.ReadFile(filepath.Join(tr.Work, "pids"))
	for _, word := range strings.Fields(string(list)) {
		pid, err := strconv.Atoi(word)
		tr.Must(err)
		p := suite.Process{PID: pid}
		tr.known[p] = p.Start()
	}
	tr.checkCgroup()
}

// shim is the supervisor.
func (tr *tree) shim() suite.Process {
	state := tr.Record("t", "state.json")
	pid := int(gjson.GetBytes(state, "shim.pid").Int())
	if pid <= 1 {
		tr.T.Fatalf("no shim.pid in %s", state)
	}
	return suite.Process{PID: pid}
}

// lookForSurvivors fails the test for each process that got away. Only the
// supervisor may still be on its way out, and it too ends.
func (tr *tree) lookForSurvivors() {
	// Twice: a tree that goes on forking can be missed by one look.
	for _, p := range append(suite.ProcessesOf(tr.Work), suite.ProcessesOf(tr.Work)...) {
		if p.IsShim() && p.AwaitEnd(suite.Patience) {
			continue
		}
		if p.Runs() {
			tr.T.Errorf("process %s got away", p)
		}
	}
	if _, err := os.Stat(tr.group); tr.group != "" && err == nil {
		tr.T.Errorf("cgroup %s was left behind", tr.group)
	}
	for p, start := range tr.known {
		if p.Runs() && p.Start() == start {
			tr.T.Errorf("process %s got away", p)
		}
	}
}

// killKnown ends those that no mark tells any more, so that a test that has
// failed leaves nothing behind either.
func (tr *tree) killKnown() {
	for p, start := range tr.known {
		p.KillIf(func() bool { return p.Start() == start })
	}
}
