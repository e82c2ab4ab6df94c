// Package ends tests that all who tell of an end tell the same.
package ends

import (
	"encoding/json"
	"os"
	"strconv"
	"testing"

	"github.com/tidwall/gjson"

	"bgtasks/test/suite"
)

func TestMain(m *testing.M) { suite.Main(m) }

// ending is how a task is over, and the exit codes that speak for it.
type ending struct {
	name          string
	state, reason string
	code          any    // of the process; nil if nobody saw one
	signal        any    // that ended it
	stop          string // the signal of the stop that was asked for
	waited        bool   // it never ran
	want, own     int    // of a wait, and with --own-code
}

// endings are all that a record can tell: each state, with each reason that it can
// have, and with each way in which its process can have ended.
var endings = []ending{
	{name: "succeeded", state: "succeeded", reason: "self-exit", code: 0, want: 0, own: 0},
	{name: "succeeded-otherwise", state: "succeeded", reason: "self-exit", code: 3, want: 0, own: 3},
	{name: "failed", state: "failed", reason: "self-exit", code: 3, want: 3, own: 3},
	{name: "failed-high", state: "failed", reason: "self-exit", code: 255, want: 255, own: 255},
	{name: "signalled", state: "failed", reason: "signal", signal: "KILL", want: 137, own: 137},
	{name: "signalled-late", state: "failed", reason: "signal", signal: "RTMIN+1", want: 163, own: 163},
	{name: "limit", state: "timed_out", reason: "time-limit", signal: "TERM", want: 124, own: 143},
	{name: "limit-code", state: "timed_out", reason: "time-limit", code: 9, want: 124, own: 9},
	{name: "limit-zero", state: "timed_out", reason: "time-limit", code: 0, want: 124, own: 0},
	{name: "limit-unseen", state: "timed_out", reason: "time-limit", want: 124, own: 125},
	{name: "watchdog", state: "failed", reason: "watchdog", signal: "TERM", want: 143, own: 143},
	{name: "watchdog-zero", state: "failed", reason: "watchdog", code: 0, want: 143, own: 0},
	{name: "watchdog-unseen", state: "failed", reason: "watchdog", want: 143, own: 125},
	{name: "stopped", state: "cancelled", reason: "stop", signal: "TERM", stop: "TERM", want: 143, own: 143},
	{name: "stopped-hard", state: "cancelled", reason: "stop", signal: "KILL", stop: "TERM", want: 137, own: 137},
	{name: "stopped-code", state: "cancelled", reason: "stop", code: 7, stop: "TERM", want: 7, own: 7},
	{name: "stopped-zero", state: "cancelled", reason: "stop", code: 0, stop: "INT", want: 130, own: 0},
	{name: "stopped-unseen", state: "cancelled", reason: "stop", stop: "HUP", want: 129, own: 125},
	{name: "stopped-early", state: "cancelled", reason: "stop", stop: "INT", waited: true, want: 143, own: 125},
	{name: "superseded", state: "cancelled", reason: "superseded", code: 0, stop: "TERM", want: 143, own: 0},
	{name: "superseded-early", state: "cancelled", reason: "superseded", stop: "USR1", waited: true, want: 143, own: 125},
	{name: "lost", state: "failed", reason: "lost", want: 125, own: 125},
	{name: "lost-stopped", state: "failed", reason: "lost", stop: "TERM", want: 125, own: 125},
	{name: "lost-reboot", state: "failed", reason: "lost-reboot", want: 125, own: 125},
	{name: "spawn-error", state: "failed", reason: "spawn-error", waited: true, want: 126, own: 125},
	{name: "dependency-failed", state: "failed", reason: "dependency-failed", waited: true, want: 1, own: 125},
}

// plantEnding makes an ended task whose record tells of that end.
func (h home) plantEnding(e *ending) {
	h.T.Helper()
	h.Expect(0, "bg-start", "--id", e.name, "--wait", "true")
	h.Expect(0, "bg-stop", e.name) // which returns when its supervisor has gone
	var state map[string]any
	h.Must(json.Unmarshal(h.Record(e.name, "state.json"), &state))
	state["state"], state["reason"], state["exitCode"], state["signal"] = e.state, e.reason, e.code, e.signal
	if e.stop != "" {
		state["stop"] = map[string]any{"requestedAt": state["updatedAt"], "by": "bg-stop", "signal": e.stop, "graceMs": 5000}
	}
	if e.waited {
		for _, member := range []string{"startedAt", "leader", "exitedAt"} {
			delete(state, member)
		}
	}
	text, err := json.Marshal(state)
	h.Must(err)
	h.Must(os.WriteFile(h.Task(e.name, "state.json"), append(text, '\n'), 0o600))
}

// home is a home with ended tasks.
type home struct{ *suite.Home }

// TestRecordedEnds holds that every way to wait for a task that is over, the
// dependencies and the JSON answers agree on how it ended.
func TestRecordedEnds(t *testing.T) {
	h := home{suite.NewHome(t, suite.Build(t))}
	h.Expect(0, "bg-start", "--id", "good", "--wait", "true")
	for _, e := range endings {
		h.plantEnding(&e)
		payload := `{"id":"` + e.name + `"}`
		for _, words := range [][]string{
			{"bg-wait", e.name},
			{"bg-wait", "-q", e.name},
			{"bg-wait", "--any", e.name},
			{"bg-wait", "--logs", e.name},
			{"bg-wait", "--timeout", "0", e.name},
			{"bg-wait", e.name, "good"},
			{"bg-wait", "--logs", "good", e.name},
			{"bg-wait", "--json", "--relay", e.name},
			{"bg-wait", "--json", "--relay", e.name, "good"},
			{"bg-wait", "--json", "--relay", "--any", e.name},
			{"bg-wait", "--relay", payload},
			{"background-tasks", "wait", payload, "--relay"},
		} {
			h.Expect(e.want, words...)
		}
		h.Expect(e.own, "bg-wait", "--own-code", e.name)
		h.Expect(e.own, "bg-wait", "--own-code", "--json", "--relay", e.name)
		for _, words := range [][]string{
			{"bg-wait", payload}, {"bg-wait", "--json", e.name}, {"bg-wait", "--json", "--any", e.name}, {"bg-wait", "--json", "good", e.name},
			{"bg-status", "--wait", "--json", e.name}, {"background-tasks", "status", "--wait", payload},
		} {
			h.expectVerdict(&e, words...)
		}
		h.expectDependants(&e)
	}
}

// expectVerdict holds that a JSON answer tells of the task what the exit code does.
func (h home) expectVerdict(e *ending, words ...string) {
	h.T.Helper()
	a := h.Run(words...)
	data := gjson.Get(a.Out, "data")
	all, failed := data.Get("all_succeeded"), data.Get("failed_ids")
	want := `[]`
	if e.want != 0 {
		want = `["` + e.name + `"]`
	}
	if a.Code != 0 || !all.Exists() || all.Bool() != (e.want == 0) || failed.Get("@ugly").Raw != want {
		h.T.Errorf("%v: exit code %d, all_succeeded %s, failed_ids %s, want 0, %v, %s: %s", words, a.Code, all.Raw, failed.Raw, e.want == 0, want, a.Err)
	}
}

// expectDependants holds that what waits for the task's success, or for the lack of
// it, sees the same.
func (h home) expectDependants(e *ending) {
	h.T.Helper()
	ok, notOK := 0, 1
	if e.want != 0 {
		ok, notOK = 1, 0
	}
	h.Expect(ok, "bg-start", "--wait", "--after", "afterok:"+e.name, "true")
	h.Expect(notOK, "bg-start", "--wait", "--after", "afternotok:"+e.name, "true")
	h.Expect(0, "bg-start", "--wait", "--after", "afterany:"+e.name, "true")
}

// TestEndsOfRealTasks holds that the verbs that start a task and wait for its end say of it
// what bg-wait says.
func TestEndsOfRealTasks(t *testing.T) {
	h := home{suite.NewHome(t, suite.Build(t))}
	h.Expect(1, "bg-start", "--id", "bad", "--wait", "false")
	const deaf = `trap "exit 0" TERM USR1; while :; do sleep 60 & wait; done`
	for i, c := range []struct {
		flags     []string
		line      string
		want, own int
	}{
		{nil, "exit 0", 0, 0},
		{nil, "exit 3", 3, 3},
		{[]string{"--success", "3"}, "exit 3", 0, 3},
		{[]string{"--success", "3", "--queue", "q"}, "exit 3", 0, 3},
		{[]string{"--success", "3", "--retries", "2", "--retry-delay", "1ms"}, "exit 4", 4, 4},
		{nil, "kill -KILL $$", 137, 137},
		{nil, "kill -TERM $$", 143, 143},
		{[]string{"--success", "143"}, "exit 143", 0, 143},
		{[]string{"--time-limit", "100ms", "--grace", "60s"}, deaf, 124, 0},
		{[]string{"--time-limit", "100ms", "--success", "0,7"}, "exec sleep 600", 124, 143},
		{[]string{"--time-limit", "100ms", "--queue", "q"}, "exec sleep 600", 124, 143},
		{[]string{"--watchdog", "100ms", "--watchdog-action", "stop", "--grace", "60s"}, deaf, 143, 0},
		{[]string{"--watchdog", "100ms", "--watchdog-action", "stop", "--grace", "60s", "--signal", "USR1"}, deaf, 138, 0},
		{[]string{"--after", "afterok:bad"}, "exit 0", 1, 125},
		{[]string{"--after", "afternotok:bad"}, "exit 6", 6, 6},
	} {
		id := "t" + strconv.Itoa(i)
		start := func(want int, flags ...string) {
			t.Helper()
			words := append(append([]string{"bg-start", "--id", id}, flags...), c.flags...)
			h.Expect(want, append(words, "sh", "-c", c.line)...)
		}
		start(c.want, "--wait")
		start(c.want, "--logs")
		start(c.own, "--wait", "--own-code")
		start(c.want, "--wait", "--json", "--relay")
		start(0, "--wait", "--json")
		h.Expect(c.want, "bg-wait", id)
		h.expectVerdict(&ending{name: id, want: c.want}, "bg-wait", "--json", id)
		if c.own == 125 {
			continue // a restart waits for no dependency again
		}
		h.Expect(c.want, "bg-restart", "--wait", id)
		h.Expect(c.own, "bg-restart", "--wait", "--own-code", id)
		h.Expect(c.want, "bg-restart", "--wait", "--json", "--relay", id)
		h.Expect(c.want, "bg-restart", "--wait", "--relay", `{"id":"`+id+`"}`)
		h.expectVerdict(&ending{name: id, want: c.want}, "bg-restart", "--wait", "--json", id)
		h.Expect(c.want, "bg-wait", id)
	}
}
