package storm

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
)

// checkEvents checks the journal, read from its files, task by task.
func (s *storm) checkEvents() {
	byTask := s.journal()
	for _, id := range s.ids() {
		events := byTask[id]
		accounts := s.accounts(id)
		task := s.task(id)
		runs := map[int][]event{}
		last := 0
		for _, e := range events {
			if e.run() < last {
				s.T.Errorf("%s: an event of run %d after one of run %d: %s", id, e.run(), last, list(events))
			}
			last = e.run()
			runs[last] = append(runs[last], e)
		}
		for run, of := range runs {
			s.checkRun(task, run, of, leaderOf(accounts, run))
		}
		for _, a := range accounts {
			if a.writer == "0" && runs[a.run] == nil {
				s.T.Errorf("%s: run %d is not in the journal: %s", id, a.run, list(events))
			}
		}
	}
}

// journal gives the events of each task, in order.
func (s *storm) journal() map[string][]event {
	byTask := map[string][]event{}
	var end int64
	segments, _ := filepath.Glob(filepath.Join(s.Path, "events", "*.ndjson"))
	slices.Sort(segments)
	for _, path := range segments {
		start, err := strconv.ParseInt(strings.TrimSuffix(filepath.Base(path), ".ndjson"), 10, 64)
		if err != nil || start != end {
			s.T.Errorf("journal segment %s, want one that begins at %d", path, end)
		}
		text := string(s.read(path))
		end = start + int64(len(text))
		for line := range strings.Lines(text) {
			if !gjson.Valid(line) || !strings.HasSuffix(line, "}\n") {
				s.T.Errorf("journal line %q is not whole", line)
				continue
			}
			e := event{gjson.Parse(line)}
			byTask[e.Get("taskId").String()] = append(byTask[e.Get("taskId").String()], e)
		}
	}
	return byTask
}

func list(events []event) string {
	var text []string
	for _, e := range events {
		text = append(text, strconv.Itoa(e.run())+":"+e.name())
	}
	return strings.Join(text, " ")
}

func leaderOf(accounts []account, run int) *account {
	for _, a := range accounts {
		if a.run == run && a.writer == "0" {
			return &a
		}
	}
	return nil
}

// checkRun checks the events of one run: it starts once, ends once, and what
// comes between is in order. A supervisor killed between executing the program
// and telling so may leave "started" untold, and one killed while it adopts a
// "lease_lost" alone.
func (s *storm) checkRun(task *stormTask, run int, events []event, leader *account) {
	fail := func(what string) {
		s.T.Errorf("%s (%s) run %d: %s: %s\n%s", task.id, task.mode, run, what, list(events), s.describe([]string{task.id}))
	}
	kills := int(task.kills.Load())
	count := map[string]int{}
	before := ""
	ended := false
	for i, e := range events {
		name := e.name()
		count[name]++
		switch {
		case name == "started" && i > 0:
			fail("started is not the first")
		case name == "adopted" && before != "lease_lost":
			fail("adopted without lease_lost before it")
		case over(name) && ended:
			fail("it ended twice")
		case ended && name != "log_dropped" && name != "removed":
			fail(name + " after the end")
		}
		if over(name) {
			ended = true
			s.checkEnd(task, e, leader, fail)
		}
		before = name
	}
	switch {
	case !ended:
		fail("it did not end")
	case leader != nil && count["started"] != 1 && kills == 0:
		fail("started is missing")
	case count["lease_lost"] > kills:
		fail("more leases lost than supervisors killed")
	case count["lease_lost"]-count["adopted"] > max(0, kills-1):
		fail("lease_lost without adopted")
	}
	if leader != nil && count["started"] == 0 {
		s.stats.untold.Add(1)
	}
	s.stats.adopted.Add(int64(count["adopted"]))
}

// checkEnd compares the end of a run with what its leader noted that it would
// do. What nobody saw is null, with the reason, and only if a supervisor died.
func (s *storm) checkEnd(task *stormTask, e event, leader *account, fail func(string)) {
	code, signal, reason := e.Get("exitCode"), e.Get("signal").String(), e.Get("reason").String()
	kills := task.kills.Load()
	switch {
	case code.Type == gjson.Null && signal == "":
		neverRan := leader == nil && !e.Get("pid").Exists() // its starter was killed
		if kills == 0 && !neverRan || !slices.Contains([]string{"lost", "stop", "time-limit"}, reason) {
			fail("nothing is known of the end, reason " + reason)
		}
		s.stats.unknown.Add(1)
	case leader == nil:
		if signal != "TERM" && signal != "KILL" || !task.asked && kills == 0 {
			fail("it ended as " + e.Raw + " without having begun")
		}
	case leader.end >= 1000:
		if signal != map[int64]string{1009: "KILL", 1015: "TERM"}[leader.end] {
			fail("the end is " + e.Raw + ", want the signal of " + strconv.FormatInt(leader.end, 10))
		}
	case leader.end > 0:
		if code.Type == gjson.Null || code.Int() != leader.end-1 {
			fail("the end is " + e.Raw + ", want code " + strconv.FormatInt(leader.end-1, 10))
		}
	case signal != "KILL":
		fail("the end is " + e.Raw + ", want the signal KILL")
	}
	s.checkVerdict(task, e, fail)
}

// checkVerdict wants the name of the end to fit what the test asked for.
func (s *storm) checkVerdict(task *stormTask, e event, fail func(string)) {
	reason := e.Get("reason").String()
	want := map[string][]string{
		"succeeded": {"self-exit"},
		"failed":    {"self-exit", "signal", "lost"},
		"cancelled": {"stop"},
		"timed_out": {"time-limit"},
	}[e.name()]
	switch {
	case !slices.Contains(want, reason), reason == "lost" && task.kills.Load() == 0 && e.Get("pid").Exists():
		fail(e.name() + " for reason " + reason)
	case e.name() == "cancelled" && !task.asked && !task.kept && task.mode != "leaves":
		fail("cancelled, but nobody asked")
	case e.name() == "timed_out" && !task.limited:
		fail("timed out without a limit")
	}
}
