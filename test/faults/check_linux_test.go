package faults

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"
)

// check looks at the world with the verbs, unarmed, lets the task come to its
// end, and checks the promises on the files. lossy says why bytes that a killed
// supervisor had in hand may be missing.
func (w *world) check(lossy string) {
	w.T.Helper()
	w.must(0, "bg-list")
	w.agrees()
	w.knowsAll()
	w.finishAll()
	w.endStuck()
	if w.exists() {
		w.checkEnd()
		w.checkOutput(lossy)
		w.checkAgain()
	} else {
		w.write("task", taskScript)
		w.sweep()
		if a := w.start(); a.Code != 0 {
			w.T.Errorf("the task can't be started afterwards: %s", a.Err)
		}
		w.finishAll()
		w.must(trueCode, "bg-wait", w.id)
	}
	w.checkGone()
	w.checkJournal()
	w.CheckReports(w.id)
	w.checkTidy()
}

// endStuck kills a supervisor whose disk stays broken: it waits for a better one.
func (w *world) endStuck() {
	if w.broken && w.exists() && w.run("bg-wait", "--timeout", "5", w.id).Code == 124 {
		w.killShims()
	}
}

func (w *world) exists() bool {
	_, err := os.Stat(w.task(""))
	return err == nil
}

func (w *world) task(name string) string { return w.Task(w.id, name) }

// record reads a record of the task, which must be whole (P1).
func (w *world) record(name string) gjson.Result {
	w.T.Helper()
	data, err := os.ReadFile(w.task(name))
	if err != nil || !gjson.ValidBytes(data) || !strings.HasSuffix(string(data), "}\n") {
		w.T.Errorf("%s = %q, %v, want a whole record", name, data, err)
	}
	return gjson.ParseBytes(data)
}

// agrees asks what bg-status says while the task lives, if it does.
func (w *world) agrees() {
	w.T.Helper()
	code := 0
	if !w.exists() {
		code = 3
	}
	a := w.must(code, "bg-status", "-o", "json", w.id)
	got := gjson.Get(a.Out, "0")
	between := []string{"queued", "starting"}
	if !w.alive() || w.scheduled() && slices.Contains(between, got.Get("status").Str) {
		return // the next attempt began in between
	}
	if got.Get("status").Str != "running" || int(got.Get("pid").Int()) != w.latest().PID || got.Get("supervisor").Str != "alive" {
		w.T.Errorf("bg-status = %s, want running, pid %d, supervisor alive", a.Out, w.latest().PID)
	}
}

// knowsAll sees that every process belongs to the task that bg-status shows: one
// leader with what it runs, and one supervisor.
func (w *world) knowsAll() {
	w.T.Helper()
	if w.scheduled() && !w.alive() {
		return // the next attempt may begin at any moment
	}
	shims := 0
	for _, p := range w.processes() {
		mode, _ := p.QueueMode()
		switch {
		case p.IsShim():
			shims++
		case mode != "":
		case !w.owns(p): // it has ended meanwhile
		case !w.alive() || p != w.latest().Process && p.Parent() != w.latest().PID:
			w.T.Errorf("process %s is not accounted for", p)
		}
	}
	if w.alive() && shims != 1 {
		w.T.Errorf("%d supervisors of one living task", shims)
	}
}

// checkEnd compares the end of the newest run with what came to pass (P3).
func (w *world) checkEnd() {
	w.T.Helper()
	a := w.run("bg-wait", "--timeout", "30", w.id)
	state := w.record("state.json")
	code, signal, why := state.Get("exitCode"), state.Get("signal"), state.Get("reason").Str
	l := w.lifeOf(int(state.Get("run").Int()))
	switch {
	case l == nil && (code.Type != gjson.Null || signal.Type != gjson.Null):
		w.T.Errorf("state = %s of a run that never was", state.Raw)
	case code.Type != gjson.Null && (code.Int() != trueCode || l.stage != exiting):
		w.T.Errorf("exitCode = %s of a run that came to %q", code.Raw, stages[l.stage])
	case signal.Type != gjson.Null && l.stage == exiting:
		w.T.Errorf("signal = %s of a run that exited", signal.Raw)
	case code.Type == gjson.Null && signal.Type == gjson.Null && why != "lost" && why != "stop" && why != "spawn-error":
		w.T.Errorf("state = %s: neither code nor signal nor a reason for that", state.Raw)
	}
	if want := int(code.Int()); code.Type != gjson.Null && why == "self-exit" && a.Code != want {
		w.T.Errorf("bg-wait exits %d, want %d", a.Code, want)
	}
	if why == "lost" && a.Code != 125 {
		w.T.Errorf("bg-wait of a lost task exits %d, want 125", a.Code)
	}
}

// lifeOf is the last life with this run number.
func (w *world) lifeOf(run int) *life {
	for _, l := range slices.Backward(w.lives) {
		if l.run == run {
			return l
		}
	}
	return nil
}

// wrote is what the runs in the task's log wrote, as the test knows it.
func (w *world) wrote() string {
	spec := w.record("spec.json")
	first, second := lines(0, firstBytes), lines(firstBytes, secondBytes)
	var all strings.Builder
	for run := max(int(spec.Get("firstRun").Int()), 1); run <= int(spec.Get("run").Int()); run++ {
		for _, l := range w.livesOf(run) {
			if l.stage >= printed {
				all.WriteString(first)
			}
			if l.stage >= written {
				all.WriteString(second)
			}
		}
	}
	return all.String()
}

// checkOutput compares the log with what was written: each byte is at its
// offset, or in a gap (P6).
func (w *world) checkOutput(lossy string) {
	w.T.Helper()
	want := w.wrote()
	parts, end := w.parts()
	a := w.must(0, "bg-status", "-o", "json", w.id)
	if said := gjson.Get(a.Out, "0.logBytes").Int() + gjson.Get(a.Out, "0.logDroppedBytes").Int(); said != end && (lossy != noName || said < end || said > int64(len(want))) {
		w.T.Errorf("logBytes + logDroppedBytes = %d, want %d", said, end)
	}
	if lossy != "" {
		if int(end) > len(want) {
			w.T.Errorf("the log ends at %d, want at most %d", end, len(want))
		}
		return
	}
	if int(end) != len(want) {
		w.T.Errorf("the log ends at %d, want %d", end, len(want))
		return
	}
	var stored strings.Builder
	for _, start := range slices.Sorted(maps.Keys(parts)) {
		text := parts[start]
		stored.WriteString(text)
		if text != want[start:int(start)+len(text)] {
			w.T.Errorf("the bytes from %d are not those that were written there", start)
		}
	}
	if a := w.must(0, "bg-logs", "--from", "0", w.id); a.Out != stored.String() {
		w.T.Errorf("bg-logs prints %d bytes, want the %d that are stored", len(a.Out), stored.Len())
	}
}

// parts reads the files of the log by their names alone (bg-state(5)).
func (w *world) parts() (parts map[int64]string, end int64) {
	parts = map[int64]string{}
	names, _ := filepath.Glob(w.task("output.log.*"))
	for _, name := range names {
		a, b, _ := strings.Cut(strings.TrimPrefix(name, w.task("output.log.")), "-")
		from, _ := strconv.ParseInt(a, 10, 64)
		to, _ := strconv.ParseInt(b, 10, 64)
		text, _ := os.ReadFile(name)
		if int64(len(text)) != to-from {
			w.T.Errorf("%s has %d bytes", name, len(text))
		}
		parts[from], end = string(text), max(end, to)
	}
	newest, _ := os.ReadFile(w.task("output.log"))
	parts[end] = string(newest)
	return parts, end + int64(len(newest))
}

// checkAgain runs the ended task once more.
func (w *world) checkAgain() {
	w.T.Helper()
	w.must(0, "bg-stop", w.id)
	w.write("task", taskScript)
	w.sweep()
	if a := w.restart(); a.Code != 0 {
		w.T.Errorf("the task can't be restarted: %s", a.Err)
		return
	}
	w.finishAll()
	w.must(trueCode, "bg-wait", w.id)
}

// sweep makes what was left behind old, and starts something: that sweeps.
func (w *world) sweep() {
	w.T.Helper()
	old := time.Now().Add(-2 * time.Hour)
	left, _ := filepath.Glob(filepath.Join(w.Path, "tmp", "*"))
	hidden, _ := filepath.Glob(w.task(".*"))
	for _, path := range append(left, hidden...) {
		os.Chtimes(path, old, old)
	}
	w.must(0, "bg-start", "--id", "sweeper", "--wait", "true")
}

// checkGone sees that no process is left after a stop (P5). A supervisor may
// have its last steps to do.
func (w *world) checkGone() {
	w.T.Helper()
	if w.exists() {
		w.must(0, "bg-stop", w.id)
	}
	for _, p := range w.processes() {
		mode, _ := p.QueueMode()
		if !p.IsShim() && mode == "" && w.owns(p) || !p.AwaitEnd(10*time.Second) {
			w.T.Errorf("process %s is left after bg-stop, in %s", p, p.File("wchan"))
		}
	}
}

// checkJournal sees that each run has its events, in order, with one end (P10).
func (w *world) checkJournal() {
	w.T.Helper()
	runs := w.events()
	spec := w.record("spec.json")
	for run := 1; run <= int(spec.Get("run").Int()); run++ {
		names := slices.DeleteFunc(runs[run], func(name string) bool { return name == "enqueued" || name == "claimed" })
		if l := w.lifeOf(run); l != nil && !slices.Contains(names, "started") {
			w.T.Errorf("events of run %d = %v, want started among them", run, names)
		}
		if i := slices.Index(names, "started"); i > 0 {
			w.T.Errorf("events of run %d = %v, want started first", run, names)
		}
		ends := 0
		for i, name := range names {
			if terminal[name] {
				ends++
				if i != len(names)-1 {
					w.T.Errorf("events of run %d = %v, want the end last", run, names)
				}
			}
		}
		if ends != 1 {
			w.T.Errorf("events of run %d = %v, want one end", run, names)
		}
	}
}

var terminal = map[string]bool{"succeeded": true, "failed": true, "cancelled": true, "timed_out": true}

// events reads the journal: the names of the events of each run. Once the task
// was removed its runs count from 1 again, and only the newer ones are told of.
// The line about that may come of a removal that was cut short, or there may be
// none if the disk was full.
func (w *world) events() map[int][]string {
	runs := map[int][]string{}
	segments, _ := filepath.Glob(filepath.Join(w.Path, "events", "*.ndjson"))
	for _, path := range segments {
		data, _ := os.ReadFile(path)
		for line := range strings.Lines(string(data)) {
			if !gjson.Valid(line) || !strings.HasSuffix(line, "\n") {
				w.T.Errorf("journal line %q is not whole", line)
			}
			if gjson.Get(line, "taskId").Str != w.id {
				continue
			}
			run, name := int(gjson.Get(line, "run").Int()), gjson.Get(line, "event").Str
			switch {
			case name == "removed":
				continue
			case name == "started" && w.cleared && len(runs[run]) > 0:
				runs = map[int][]string{}
			}
			runs[run] = append(runs[run], name)
		}
	}
	return runs
}

// checkTidy sees that nothing is left of what was built or marked.
func (w *world) checkTidy() {
	w.T.Helper()
	for _, pattern := range []string{"tmp/*", "live/*", "tasks/*/.*", "tasks/*/*.fifo", "tasks/*/stop.json", "tasks/*/env"} {
		if left, _ := filepath.Glob(filepath.Join(w.Path, pattern)); len(left) > 0 {
			w.T.Errorf("left behind: %v", left)
		}
	}
}
