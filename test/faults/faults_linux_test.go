// Package faults walks every failpoint of the sources with every fault, then looks
// with none, and checks the promises on the files.
package faults

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"bgtasks/test/suite"
)

func TestMain(m *testing.M) { suite.Main(m) }

// scenario leads a world past some failpoints. What prepare does is done with
// nothing armed, what act does with the point at hand.
type scenario struct {
	name    string
	loses   string   // why output may be missing whatever happens
	with    string   // points that are armed beside it, or nobody would come by
	flags   []string // of the start
	prepare func(*world)
	act     func(*world)
}

// scenarios are in the order in which they are asked for a point.
var scenarios = []scenario{
	{name: "start", act: startAndEnd},
	{name: "stop", act: startAndStop},
	{name: "restart", prepare: endedTask, act: restartAndEnd},
	{name: "keep-env", flags: keepEnv, prepare: endedTask, act: restartAndEnd},
	{name: "restart-fails", prepare: garbledTask, act: func(w *world) { w.restart() }},
	{name: "start-fails", prepare: noInterpreter, act: func(w *world) { w.start() }},
	{name: "start-over", prepare: endedTask, act: startAndEnd},
	{name: "start-over-fails", prepare: brokenTask, act: func(w *world) { w.start() }},
	{name: "adopt", prepare: orphanedTask, act: lookTwice},
	{name: "heal", loses: "nobody held the pipe that the output was in", prepare: deadTask, act: lookTwice},
	{name: "no-splice", with: "pump-splice=eio", act: startAndEnd},
	{name: "full-disk", with: "pump-splice=enospc,log-write=enospc", act: startAndEnd},
	{name: "disk-has-room-again", prepare: lossyTask, act: lookAndEnd},
	{name: "report", prepare: printedTask, act: reportAndEnd},
	{name: "clear", prepare: endedTask, act: clearTwice},
	{name: "retry", flags: retrySoon, act: tryTwice},
	{name: "retry-fails", flags: retrySoon, act: tryAndBreak},
	{name: "retry-lost", flags: retrySoon, loses: "nobody held the pipe that the output was in", prepare: deadTask, act: lookTwice},
	{name: "retry-stop", flags: retryLater, act: tryAndStop},
	{name: "requeue", flags: retrySoon, prepare: triedTask, act: restartAndTry},
	{name: "put-back", with: "launch-spawn=enospc", flags: retrySoon, act: func(w *world) { w.start() }},
	{name: "unclaimed", flags: retrySoon, prepare: claimedTask, act: lookTwice},
	{name: "watchdog", flags: []string{"--watchdog", "50ms"}, act: startAndFallSilent},
	{name: "after", flags: []string{"--after", "afterany:first"}, prepare: firstTask, act: startAfterFirst},
	{name: "batch", flags: []string{"--dedupe", "key"}, act: startBatch},
}

var keepEnv = []string{"--keep-env", "-e", "KEPT=1"}

func startAndEnd(w *world) {
	w.start()
	w.end()
}

func restartAndEnd(w *world) {
	w.restart()
	w.end()
}

// end lets a supervised task come to its end. One without a supervisor is kept
// waiting: its output stays in the pipe while it lives.
func (w *world) end() {
	if !w.await(printed) || len(w.shims()) == 0 {
		return
	}
	w.release()
	if !w.await(written) || len(w.shims()) == 0 {
		return
	}
	w.release()
	w.await(exiting)
	w.run("bg-wait", w.id)
}

func startAndStop(w *world) {
	w.start()
	if w.await(printed) && len(w.shims()) > 0 {
		w.run("bg-stop", "--grace", "0", w.id)
	}
}

func endedTask(w *world) {
	w.start()
	w.finish()
	w.must(trueCode, "bg-wait", w.id)
}

func brokenTask(w *world) {
	endedTask(w)
	noInterpreter(w)
}

// noSuchInterpreter begins a program whose interpreter is on no machine.
const noSuchInterpreter = "#!/proc/self/no-such-interpreter\n"

// garbledTask has a program that only execve(2) finds out to be none: a restart looks
// at the others before.
func garbledTask(w *world) {
	endedTask(w)
	w.write("task", "\x7fELF\x00 and no more")
}

// noInterpreter makes the task's program one that only execve(2) finds out not
// to be executable.
func noInterpreter(w *world) { w.write("task", noSuchInterpreter) }

func printedTask(w *world) {
	w.start()
	w.await(printed)
}

// reportAndEnd lets the task say something of itself, twice: the second time
// finds what the first left.
func reportAndEnd(w *world) {
	for range 2 {
		w.run("bg-report", "--id", w.id, "--percent", "10", "--label", "half", "step", "one")
		w.run("bg-report", "--id", w.id, "result", "1")
	}
	w.end()
}

// clearTwice lets a second one find what the first left.
func clearTwice(w *world) {
	w.cleared = true
	w.run("bg-clear", "--keep-latest-failures", "9", "--max-bytes", "1")
	w.run("bg-clear", w.id)
}

func orphanedTask(w *world) {
	w.start()
	w.await(printed)
	w.killShims()
}

func deadTask(w *world) {
	orphanedTask(w)
	l := w.latest()
	unix.Kill(l.PID, unix.SIGKILL)
	l.AwaitEnd(suite.Patience)
}

// lossyTask is an orphan whose supervisor found no room for what it printed, and
// has said so.
func lossyTask(w *world) {
	w.arm("pump-splice=enospc,log-write=enospc,log-save=enospc")
	w.start()
	w.await(printed)
	w.awaitEvent("log_dropped")
	w.disarm()
	w.killShims()
}

// lookTwice lets a second verb find what the first left.
func lookTwice(w *world) {
	w.run("bg-status", w.id)
	w.run("bg-list")
}

func lookAndEnd(w *world) {
	lookTwice(w)
	w.end()
}

func (w *world) arm(points string) {
	w.Env, w.armed = append(slices.Clip(w.unarmed), "BG_FAIL="+points, "BG_FAIL_LOG="+filepath.Join(w.Work, "faults")), true
}

func (w *world) disarm() { w.Env, w.armed = w.unarmed, false }

// struck lists the points at which something happened.
func (w *world) struck() map[string]bool {
	data, _ := os.ReadFile(filepath.Join(w.Work, "faults"))
	set := map[string]bool{}
	for name := range strings.Lines(string(data)) {
		set[strings.TrimSpace(name)] = true
	}
	return set
}

// play goes through a scenario with a point armed, and checks what is left.
func (s *scenario) play(w *world, points string) {
	w.flags = s.flags
	if s.prepare != nil {
		s.prepare(w)
	}
	if s.with != "" {
		points = s.with + "," + points
	}
	w.arm(points)
	s.act(w)
	w.disarm()
}

// walked is one point in one scenario.
type walked struct {
	failpoint
	s *scenario
}

// plan finds out which scenario comes by which point, by a walk with all of them
// armed to do nothing.
func plan(t *testing.T, programs *suite.Programs, points []failpoint) (walk []walked) {
	everywhere := map[string]bool{}
	all := os.Getenv("BGTASKS_FAULTS") == "all"
	seen := make([]map[string]bool, len(scenarios))
	t.Run("plan", func(t *testing.T) {
		for i := range scenarios {
			t.Run(scenarios[i].name, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, programs, "plan"+strconv.Itoa(i))
				scenarios[i].play(w, idle(points, scenarios[i].with))
				w.check(scenarios[i].loses)
				seen[i] = w.struck()
			})
		}
	})
	for i := range scenarios {
		for _, p := range points {
			armedAnyway := strings.Contains(scenarios[i].with, p.name+"=")
			if seen[i][p.name] && !armedAnyway && (all || !everywhere[p.name]) {
				walk = append(walk, walked{p, &scenarios[i]})
				everywhere[p.name] = true
			}
		}
	}
	for _, p := range points {
		if !everywhere[p.name] {
			t.Errorf("no scenario comes by point %q of %s: write one", p.name, p.file)
		}
	}
	return walk
}

// idle arms all points but those of a scenario's own with a fault that is none.
func idle(points []failpoint, but string) string {
	var words []string
	for _, p := range points {
		if !strings.Contains(but, p.name+"=") {
			words = append(words, p.name+"=delay:0s")
		}
	}
	return strings.Join(words, ",")
}

// TestFaults walks every failpoint with every fault, in one scenario each with
// BGTASKS_FAULTS=one, or in all that come by it with BGTASKS_FAULTS=all. Then it
// looks with nothing armed, and checks on the files that records are whole, that nothing
// is invented, that what was stopped is gone, that no byte is lost, that one look sets
// right what a kill left, and that the journal misses nothing.
func TestFaults(t *testing.T) {
	if os.Getenv("BGTASKS_FAULTS") == "" {
		t.Skip("takes minutes: make faults walks all failpoints")
	}
	programs := suite.BuildWithFailpoints(t)
	points := failpoints(t)
	walk := plan(t, programs, points)
	cases := map[string]int{}
	t.Run("walk", func(t *testing.T) {
		for i, at := range walk {
			for j, fault := range at.faults() {
				cases[fault]++
				t.Run(at.s.name+"/"+at.name+"="+fault, func(t *testing.T) {
					t.Parallel()
					w := newWorld(t, programs, "walk"+strconv.Itoa(i)+"-"+strconv.Itoa(j))
					w.broken = fault == "enospc" || fault == "eio"
					at.s.play(w, at.name+"="+fault)
					w.check(at.mayLose(fault))
					if !w.struck()[at.name] {
						t.Errorf("nothing happened at point %q", at.name)
					}
				})
			}
		}
	})
	total := 0
	for _, fault := range slices.Sorted(maps.Keys(cases)) {
		total += cases[fault]
		t.Logf("%4d × %s", cases[fault], fault)
	}
	t.Logf("%d points, %d × scenario, %d cases of point × fault", len(points), len(walk), total)
}

// faults are those that make sense: a step without an error can't give one.
func (at *walked) faults() []string {
	if at.pass {
		return []string{"kill9", "delay:50ms"}
	}
	return []string{"kill9", "enospc", "eio", "delay:50ms"}
}

// noName is why the record of the end may count more than the names of files tell.
const noName = "the disk takes no name"

// mayLose says why output may be missing that is not counted, or nothing. By
// splice(2) none is lost. Where that can't be used, bytes are read and then
// written, and a SIGKILL in between takes what was read along. Where not even a
// file can be renamed, the supervisor alone knows what it could not store, and
// the journal that there was something (bg-state(5)).
func (at *walked) mayLose(fault string) string {
	refused := fault == "enospc" || fault == "eio"
	switch {
	case fault == "kill9" && at.s.with != "":
		return "a supervisor that can't splice was killed"
	case refused && (at.name == "log-rename" || at.name == "log-mark"):
		return noName
	}
	return at.s.loses
}
