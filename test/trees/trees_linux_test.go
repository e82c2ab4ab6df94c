package bgtasks_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tidwall/gjson"
	"golang.org/x/sys/unix"
)

// animals are the trees of testdata/zoo, by the words that start them.
var animals = []string{
	"clingy.sh", "daemon.sh", "deaf.sh", "doublefork.sh", "mute.sh", "pack.sh", "stopped.sh",
	"forks", "shifts", "reaps", "reads", "title", "zombies",
}

// ways are the ways in which a tree is ended. Each starts the animal, and
// returns when the suite says that nothing of it is left.
var ways = map[string]func(z *cage){
	"stop":       (*cage).stop,
	"time-limit": (*cage).timeLimit,
	"leftovers":  (*cage).leftovers,
	"adopted":    (*cage).adopted,
}

// TestP5Zoo ends each tree of testdata/zoo in each way, and looks for what is
// left of it: whoever carries its mark in the environment, and the processes
// that it had told of, by pid and start time.
func TestP5Zoo(t *testing.T) {
	s := programs(t)
	for _, animal := range animals {
		for name, way := range ways {
			t.Run(animal+"/"+name, func(t *testing.T) {
				t.Parallel()
				z := newCage(t, s, animal)
				way(z)
				z.lookForSurvivors()
			})
		}
	}
}

// inCgroup tells the tests that cgroup v2 is mounted for them.
const inCgroup = "BGTASKS_TEST_CGROUP"

// mountCgroups runs a program where the unified hierarchy is mounted, for it
// alone.
const mountCgroups = `mount -t cgroup2 none /sys/fs/cgroup && exec "$@"`

// mayGroup tells whether cgroups can be made there: by root, where no other
// program manages them.
var mayGroup = sync.OnceValue(func() bool {
	const probe = `d=/sys/fs/cgroup/bgtask-probe-$$; ! test -d /run/systemd/system && mkdir $d && test -w $d/cgroup.kill; r=$?; rmdir $d; exit $r`
	return exec.Command("unshare", "-m", "sh", "-c", mountCgroups, "sh", "sh", "-c", probe).Run() == nil
})

// TestP5ZooInCgroup does the same where trees are held together by cgroups.
func TestP5ZooInCgroup(t *testing.T) {
	if !mayGroup() {
		t.Skip("this user may not mount cgroup v2, or something manages it")
	}
	programs(t)
	cmd := exec.Command("unshare", "-m", "sh", "-c", mountCgroups, "sh", os.Args[0], "-test.run=^TestP5Zoo$", "-test.v")
	cmd.Env = append(os.Environ(), inCgroup+"=1")
	out, err := cmd.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("--- PASS: TestP5Zoo ")) {
		t.Errorf("TestP5Zoo in a cgroup: %v\n%s", err, out)
	}
}

// checkCgroup holds that the tree is in a cgroup where that is to be.
func (z *cage) checkCgroup() {
	if os.Getenv(inCgroup) == "" {
		return
	}
	state, err := os.ReadFile(filepath.Join(z.work, "home", "tasks", "t", "state.json"))
	if got := gjson.GetBytes(state, "containment").Str; err != nil || got != "cgroup" {
		z.t.Errorf("containment = %q, %v, want cgroup", got, err)
	}
	if path := gjson.GetBytes(state, "cgroup").Str; path != "" {
		z.group = path
	}
}

// cage is where one animal is kept.
type cage struct {
	t     *testing.T
	bin   string // where the verbs are
	work  string // also the mark: WORK=work is in the environment of the tree
	env   []string
	words []string       // that start the animal
	ready *os.File       // FIFO, read here
	known map[int]string // start times by pid
	group string         // the tree's cgroup, if it is to have one
}

func newCage(t *testing.T, s *suite, animal string) *cage {
	work := t.TempDir()
	for _, name := range []string{"ready", "first", "second", "gate"} {
		if err := unix.Mkfifo(filepath.Join(work, name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ready, err := os.OpenFile(filepath.Join(work, "ready"), os.O_RDWR|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	z := &cage{t: t, bin: s.Bin, work: work, ready: ready, words: []string{filepath.Join(s.Helpers, "zoo"), animal}}
	if strings.HasSuffix(animal, ".sh") {
		script, err := filepath.Abs(filepath.Join("testdata", "zoo", animal))
		if err != nil {
			t.Fatal(err)
		}
		z.words = []string{"sh", script}
	}
	z.env = []string{"WORK=" + work, "ZOO=" + work, "HOME=" + work, "BACKGROUND_TASKS_HOME=" + filepath.Join(work, "home"),
		"PATH=" + strings.Join([]string{s.Bin, s.Helpers, os.Getenv("PATH")}, ":")}
	t.Cleanup(func() {
		ready.Close()
		endProcesses(work)
		z.killKnown()
	})
	return z
}

func (z *cage) stop() {
	z.start()
	z.run("bg-stop", "--grace", "200ms", "t")
}

func (z *cage) timeLimit() {
	z.start("--time-limit", "1s", "--grace", "200ms", "--leftovers", "wait")
	z.runTo([]int{124}, "bg-wait", "t")
	if got := z.run("bg-list", "--state", "timed_out"); got != "t\n" {
		z.t.Errorf("bg-list --state timed_out = %q, want the task", got)
	}
}

// leftovers lets a leader end by itself that has the animal for a child.
func (z *cage) leftovers() {
	z.words = append([]string{"sh", "-c", `"$@" & read -r _ <"$ZOO/gate"`, "leader"}, z.words...)
	z.start("--leftovers", "kill")
	if err := os.WriteFile(filepath.Join(z.work, "gate"), []byte("go\n"), 0); err != nil {
		z.t.Fatal(err)
	}
	z.run("bg-wait", "t")
}

// adopted kills the supervisor, has the tree adopted and stops it.
func (z *cage) adopted() {
	z.start()
	first := z.shim()
	if err := unix.Kill(first, unix.SIGKILL); err != nil {
		z.t.Fatal(err)
	}
	if !awaitEnd(first, patience) {
		z.t.Fatalf("supervisor %d has not ended", first)
	}
	z.run("bg-status", "t")
	z.run("bg-stop", "--grace", "200ms", "t")
}

// start starts the animal and waits until all of it is there.
func (z *cage) start(flags ...string) {
	z.t.Helper()
	z.run("bg-start", append(append(append([]string{"--id", "t"}, flags...), "--"), z.words...)...)
	if err := z.ready.SetReadDeadline(time.Now().Add(patience)); err != nil {
		z.t.Fatal(err)
	}
	if _, err := z.ready.Read(make([]byte, 16)); err != nil {
		z.t.Fatalf("the animal is not ready: %v", err)
	}
	z.known = map[int]string{}
	list, _ := os.ReadFile(filepath.Join(z.work, "pids"))
	for _, word := range strings.Fields(string(list)) {
		pid, err := strconv.Atoi(word)
		if err != nil {
			z.t.Fatal(err)
		}
		z.known[pid] = startOf(pid)
	}
	z.checkCgroup()
}

// run runs a verb that has to succeed in time.
func (z *cage) run(name string, args ...string) (out string) {
	z.t.Helper()
	return z.runTo([]int{0}, name, args...)
}

func (z *cage) runTo(codes []int, name string, args ...string) (text string) {
	z.t.Helper()
	ctx, cancel := context.WithTimeout(z.t.Context(), patience/2)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(z.bin, name), args...)
	cmd.Env, cmd.Dir = z.env, z.work
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		z.t.Fatal(err)
	}
	if got := cmd.ProcessState.ExitCode(); !slices.Contains(codes, got) {
		z.t.Fatalf("exit code of %s %v = %d, want one of %v: %s", name, args, got, codes, out)
	}
	return string(out)
}

// shim is the pid of the supervisor.
func (z *cage) shim() int {
	state, err := os.ReadFile(filepath.Join(z.work, "home", "tasks", "t", "state.json"))
	if err != nil {
		z.t.Fatal(err)
	}
	pid := int(gjson.GetBytes(state, "shim.pid").Int())
	if pid <= 1 {
		z.t.Fatalf("no shim.pid in %s", state)
	}
	return pid
}

// lookForSurvivors fails the test for each process that got away. Only the
// supervisor may still be on its way out, and it too ends.
func (z *cage) lookForSurvivors() {
	// Twice: a tree that goes on forking can be missed by one look.
	for _, p := range append(processesOf(z.work), processesOf(z.work)...) {
		if p.isShim() && awaitEnd(p.pid, patience) {
			continue
		}
		if runs(p.pid) {
			z.t.Errorf("process %d got away: %s", p.pid, p.cmdline())
		}
	}
	if _, err := os.Stat(z.group); z.group != "" && err == nil {
		z.t.Errorf("cgroup %s was left behind", z.group)
	}
	for pid, start := range z.known {
		if runs(pid) && startOf(pid) == start {
			z.t.Errorf("process %d got away: %s", pid, process{pid}.cmdline())
		}
	}
}

// killKnown ends those that no mark tells any more, so that a test that has
// failed leaves nothing behind either.
func (z *cage) killKnown() {
	for pid, start := range z.known {
		fd, err := unix.PidfdOpen(pid, 0)
		if err != nil {
			continue
		}
		if startOf(pid) == start {
			unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0)
		}
		unix.Close(fd)
	}
}

// startOf is when a process started: field 22 of proc_pid_stat(5), "" if there
// is none.
func startOf(pid int) string {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return ""
	}
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	return string(fields[22-3])
}
