package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// newLab is a lab that must be empty when the test ends.
func newLab(t *testing.T) *lab {
	t.Helper()
	t.Setenv("PATH", os.Getenv("PATH")) // openLab changes it
	t.Setenv("TMPDIR", t.TempDir())
	l, err := openLab(t.TempDir(), true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.close(); err != nil {
			t.Error(err)
		}
		if left := newcomers(nil); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
		if _, err := os.Stat(l.dir); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the directory of the lab is still there: %v", err)
		}
	})
	return l
}

func TestTimed(t *testing.T) {
	l := newLab(t)
	ctx := context.Background()
	took, out, err := l.timed(ctx, command{argv: []string{"sh", "-c", "echo $WORD"}, env: []string{"WORD=hello"}})
	if err != nil || out != "hello" || took <= 0 {
		t.Errorf("timed = %v, %q, %v, want a time and hello", took, out, err)
	}
	_, _, err = l.timed(ctx, command{argv: []string{"sh", "-c", "echo; echo what was wrong >&2; exit 7"}})
	var exit *exitError
	if !errors.As(err, &exit) || exit.code != 7 || exit.said != "what was wrong" {
		t.Errorf("timed = %v, want the code 7 and what was said", err)
	}
	if err := l.do(ctx, command{argv: []string{"sh", "-c", "exit 7"}, fine: []int{7}}); err != nil {
		t.Errorf("a code that is fine = %v, want nil", err)
	}
	if err := l.do(ctx, command{argv: []string{"no-such-program"}}); !errors.Is(err, errUnavailable) {
		t.Errorf("a program that isn't there = %v, want it unavailable", err)
	}
}

// TestTimedDoesNotWaitForChildren: what keeps the output open is not waited for.
func TestTimedDoesNotWaitForChildren(t *testing.T) {
	l := newLab(t)
	took, _, err := l.timed(context.Background(), command{argv: []string{"sh", "-c", "sleep 600 & exit 0"}})
	if err != nil || took > 300*time.Second {
		t.Errorf("timed = %v, %v", took, err)
	}
}

// TestClose: a tree that left its session and its parent is gone after close, which
// newLab looks after.
func TestClose(t *testing.T) {
	l := newLab(t)
	err := l.do(context.Background(), command{argv: []string{"sh", "-c", "setsid sh -c 'sleep 600 & sleep 601 & wait' & trap '' TERM; sleep 602 & exit 0"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(newcomers(nil)) == 0 {
		t.Error("nothing was left to end")
	}
}

func TestSettle(t *testing.T) {
	l := newLab(t)
	ctx := context.Background()
	daemon, err := l.launch(ctx, l.dir, command{argv: []string{"sleep", "600"}})
	if err != nil {
		t.Fatal(err)
	}
	before := descendants()
	g, err := newGate(l.dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.do(ctx, command{argv: []string{"sh", "-c", `cat "$0" & exit 0`, g.path}}); err != nil {
		t.Fatal(err)
	}
	if err := g.reached(ctx); err != nil {
		t.Fatal(err)
	}
	soon, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	if err := l.settle(soon, before); err == nil {
		t.Error("settle returned while a process was left")
	}
	g.open()
	if err := l.settle(ctx, before); err != nil {
		t.Errorf("settle = %v, want nil once it has ended", err)
	}
	daemon.end(time.Minute)
	if _, alive := readProcess(daemon.pid()); alive {
		t.Error("the daemon is still there")
	}
}

func TestGateIsLeftWhenNobodyComes(t *testing.T) {
	g, err := newGate(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if err := g.reached(ctx); err == nil {
		t.Error("reached = nil, though nobody reads")
	}
}

func TestRelay(t *testing.T) {
	l := newLab(t)
	ctx := context.Background()
	r, err := newRelay(l.dir)
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	task, err := l.launch(ctx, l.dir, command{argv: r.job().argv})
	if err == nil {
		err = r.started(ctx)
	}
	if err == nil {
		err = r.letGo()
	}
	if err == nil {
		err = task.wait()
	}
	if err != nil {
		t.Errorf("a task that starts and is let go = %v", err)
	}
	soon, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
	defer cancel()
	if err := r.started(soon); err == nil {
		t.Error("started = nil, though nothing was started")
	}
}

func TestCount(t *testing.T) {
	l := newLab(t)
	dir := t.TempDir()
	census, below, root := filepath.Join(dir, "census"), filepath.Join(dir, "branch"), filepath.Join(dir, "tree")
	if err := errors.Join(mkfifo(census), script(below, branch), script(root, tree)); err != nil {
		t.Fatal(err)
	}
	if _, err := l.launch(context.Background(), dir, command{argv: []string{root, below, census}}); err != nil {
		t.Fatal(err)
	}
	members, err := count(context.Background(), census, treeSize)
	if err != nil || len(members) != treeSize {
		t.Fatalf("count = %d members, %v, want %d", len(members), err, treeSize)
	}
	endAll(members)
}

func TestWork(t *testing.T) {
	l := newLab(t)
	ctx := context.Background()
	stamp := filepath.Join(l.dir, "stamp")
	_, out, err := l.timed(ctx, command{argv: []string{l.self, "work", "lines", "10000", stamp}})
	if got := strings.Count(out, strings.TrimSpace(shortLine)); err != nil || got != 10000 {
		t.Errorf("lines wrote %d lines, %v, want 10000", got, err)
	}
	if rate, err := taken(stamp, 1000); err != nil || rate <= 0 {
		t.Errorf("taken = %v, %v, want a rate", rate, err)
	}
	_, out, err = l.timed(ctx, command{argv: []string{l.self, "work", "write", "3000000", stamp}})
	if err != nil || len(out) != 3000000 {
		t.Errorf("write wrote %d bytes, %v, want 3000000", len(out), err)
	}
	gate := filepath.Join(l.dir, "gate")
	if err := os.WriteFile(gate, []byte("go\ngo\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, out, err = l.timed(ctx, command{argv: []string{l.self, "work", "pace", "1000", "20ms", gate}})
	if got := strings.Count(out, strings.TrimSpace(shortLine)); err != nil || got != 40 {
		t.Errorf("pace wrote %d lines, %v, want 40", got, err)
	}
	for _, args := range [][]string{{"other", "1", "2"}, {"write", "1"}, {"write", "x", stamp}, {"enter", "group", "--"}} {
		if err := l.do(ctx, command{argv: append([]string{l.self, "work"}, args...)}); err == nil {
			t.Errorf("work %v = nil, want an error", args)
		}
	}
}

func TestProcessFacts(t *testing.T) {
	l := newLab(t)
	p, err := l.launch(context.Background(), l.dir, command{argv: []string{"sleep", "600"}})
	if err != nil {
		t.Fatal(err)
	}
	asleep(context.Background(), p.pid())
	resident, private := memory(p.pid())
	if resident <= 0 || private <= 0 || private > resident {
		t.Errorf("memory = %v resident, %v private", resident, private)
	}
	if switches(p.pid()) <= 0 {
		t.Error("a process that sleeps never gave up its processor")
	}
	if used := processorTime(p.pid()); !(used > 0 && used < 600) {
		t.Errorf("processorTime = %v", used)
	}
	if used := processorTime(1 << 22); used == used {
		t.Errorf("processorTime of nobody = %v, want NaN", used)
	}
}

// trial is a scenario whose contestants write down their turns.
func trial(turns *[]string, limit time.Duration) scenario {
	member := func(name string, once func() ([]float64, error)) contestant {
		return contestant{name: name, open: func(context.Context) (*entry, error) {
			return &entry{once: func(context.Context) ([]float64, error) { *turns = append(*turns, name); return once() }}, nil
		}}
	}
	return scenario{
		name: "trial", metrics: []metric{{"m", seconds}}, runs: 3, smoke: 3, limit: limit,
		contestants: func(*lab) []contestant {
			failures := 0
			return []contestant{
				member(ours, func() ([]float64, error) { return []float64{1}, nil }),
				member("b", func() ([]float64, error) { return []float64{2}, nil }),
				member("fails", func() ([]float64, error) {
					if failures++; failures == 2 {
						return nil, errors.New("broke")
					}
					return []float64{3}, nil
				}),
				{name: "absent", open: func(context.Context) (*entry, error) { return nil, absentError("x") }},
				{name: "unable", open: func(context.Context) (*entry, error) { return nil, errNoBatch }},
			}
		},
	}
}

func TestRunnerLetsThemRunInTurn(t *testing.T) {
	r := &runner{lab: newLab(t), log: io.Discard}
	var turns []string
	result, err := r.run(context.Background(), trial(&turns, time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(turns, " "), ours+" b fails "+ours+" b fails "+ours+" b"; got != want {
		t.Errorf("turns = %s, want %s", got, want)
	}
	want := []struct {
		samples int
		state   state
		reason  string
	}{{3, stateMeasured, ""}, {3, stateMeasured, ""}, {1, stateFailed, "broke"}, {0, stateAbsent, ""}, {0, stateUnavailable, "it starts one task a call"}}
	for i, row := range result.Metrics[0].Rows {
		if len(row.Samples) != want[i].samples || row.State != want[i].state || row.Reason != want[i].reason {
			t.Errorf("%s = %d samples, %s (%s), want %+v", row.Contestant, len(row.Samples), row.State, row.Reason, want[i])
		}
	}
}

// A warm-up neither counts nor costs, but where it takes so long that few runs follow.
func TestWarmUps(t *testing.T) {
	for _, c := range []struct {
		limit time.Duration
		want  int
	}{{time.Hour, 0}, {1, 1}} {
		v := &rival{state: stateMeasured, entry: &entry{once: func(context.Context) ([]float64, error) { return []float64{1}, nil }}}
		v.runOnce(t.Context(), scenario{limit: c.limit}, -1)
		if len(v.samples) != c.want || (v.spent > 0) != (c.want > 0) {
			t.Errorf("a warm-up of a contestant that has %v = %d samples, %v spent, want %d", c.limit, len(v.samples), v.spent, c.want)
		}
	}
}

func TestRunnerKeepsToTheLimit(t *testing.T) {
	r := &runner{lab: newLab(t), log: io.Discard}
	var turns []string
	result, err := r.run(context.Background(), trial(&turns, -1))
	if err != nil || len(turns) != 0 || len(result.Metrics[0].Rows[0].Samples) != 0 {
		t.Errorf("run = %v, %v turns, want none: the time is used up", err, turns)
	}
}

// interrupting is a scenario whose first run is interrupted.
func interrupting(cancel func()) scenario {
	s := trial(new([]string), time.Minute)
	s.contestants = func(l *lab) []contestant {
		return []contestant{{name: ours, open: func(context.Context) (*entry, error) {
			return &entry{once: func(ctx context.Context) ([]float64, error) {
				cancel()
				return []float64{1}, l.do(ctx, command{argv: []string{"sleep", "600"}})
			}}, nil
		}}}
	}
	return s
}

func TestRunnerStopsWhenInterrupted(t *testing.T) {
	r := &runner{lab: newLab(t), log: io.Discard}
	ctx, cancel := context.WithCancel(context.Background())
	if _, err := r.run(ctx, interrupting(cancel)); !errors.Is(err, context.Canceled) {
		t.Errorf("run = %v, want it interrupted", err)
	}
}

func TestInterruptedMeasureKeepsWhatIsDone(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	whole := trial(new([]string), time.Minute)
	found := measure(ctx, newLab(t), options{}, []scenario{whole, interrupting(cancel), whole}, io.Discard)
	if len(found.Scenarios) != 1 || found.Scenarios[0].Name != whole.name {
		t.Errorf("an interrupted measure has %d scenarios, want the first of three", len(found.Scenarios))
	}
}

func TestRounds(t *testing.T) {
	s := scenario{runs: 30, smoke: 2}
	for _, c := range []struct {
		runner runner
		want   int
	}{
		{runner{lab: &lab{}}, 30},
		{runner{lab: &lab{}, runs: 5}, 5},
		{runner{lab: &lab{smoke: true}, runs: 5}, 2},
	} {
		if got := c.runner.rounds(s); got != c.want {
			t.Errorf("rounds with -n %s = %d, want %d", strconv.Itoa(c.runner.runs), got, c.want)
		}
	}
}
