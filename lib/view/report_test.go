package view

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

func testProgress() *record.Progress {
	percent := 35.5
	return &record.Progress{Run: 1, Attempt: 1, Percent: &percent, Label: "transcoding", Meta: []byte(`{"frame":1820}`),
		UpdatedAt: testTime.Add(time.Minute), HeartbeatAt: testTime.Add(2 * time.Minute), Result: []byte("null")}
}

func testStep(n int64) *record.Step {
	return &record.Step{Sequence: n, TaskID: "a", Run: 1, Attempt: 1, Kind: "step", Level: "info",
		Message: "message " + strconv.FormatInt(n, 10), CreatedAt: testTime}
}

func TestParseProgressRoundTrip(t *testing.T) {
	for _, want := range []*record.Progress{testProgress(), {Run: 3, Attempt: 2}} {
		text := want.AppendJSON(nil)
		got, err := ParseProgress(text)
		if err != nil || !bytes.Equal(got.AppendJSON(nil), text) {
			t.Errorf("ParseProgress(%s) = %+v, %v, want the same again", text, got, err)
		}
	}
	for _, bad := range []string{``, `{}`, `{"v":1,"run":1}`, `{"v":1,"run":1,"attempt":1,"percent":101}`,
		`{"v":1,"run":1,"attempt":1,"meta":[]}`, `{"v":2,"run":1,"attempt":1}`} {
		if _, err := ParseProgress([]byte(bad)); err == nil {
			t.Errorf("ParseProgress(%s) succeeded, want an error", bad)
		}
	}
}

func TestParseStepRoundTrip(t *testing.T) {
	full := testStep(7)
	full.Meta, full.Percent = []byte(`{"a":[1]}`), testProgress().Percent
	for _, want := range []*record.Step{full, testStep(1)} {
		text := want.AppendJSON(nil)
		got, err := ParseStep(text)
		if err != nil || !bytes.Equal(got.AppendJSON(nil), text) {
			t.Errorf("ParseStep(%s) = %+v, %v, want the same again", text, got, err)
		}
	}
	for _, bad := range []string{``, `{`, `{"v":1,"id":1,"taskId":"a","createdAt":"2026-03-01T12:00:00.000Z"}`, `{"v":1,"id":"0","taskId":"a"}`} {
		if _, err := ParseStep([]byte(bad)); err == nil {
			t.Errorf("ParseStep(%s) succeeded, want an error", bad)
		}
	}
}

func TestParseEventWithReports(t *testing.T) {
	p, s := testProgress(), testStep(4)
	line := (&record.Event{Name: record.EventStep, Time: testTime, TaskID: "a", State: testState(record.Running),
		Extra: p.AppendMember(append(s.AppendMember(nil), ','))}).AppendJSON(nil)
	e, err := ParseEvent(line)
	if err != nil || e.Step == nil || e.Step.Sequence != 4 || e.Progress == nil || e.Progress.Label != p.Label {
		t.Errorf("ParseEvent(%s) = %+v, %v, want its step and progress", line, e, err)
	}
}

// memberOf is a member of the progress that a task is printed with.
func memberOf(t *testing.T, task *Task, name string) any {
	t.Helper()
	text, err := json.Marshal(task)
	var printed struct {
		Progress map[string]any `json:"progress"`
	}
	if err == nil {
		err = json.Unmarshal(text, &printed)
	}
	value, there := printed.Progress[name]
	if err != nil || !there {
		t.Fatalf("progress of %s has no %q: %v", text, name, err)
	}
	return value
}

func TestProgressByState(t *testing.T) {
	h := testHome(t)
	now := testTime.Add(time.Hour)
	for _, c := range []struct {
		state                      record.LifeState
		percent, label, finishedAt any
	}{
		{record.Queued, nil, nil, nil},
		{record.Retrying, nil, nil, nil},
		{record.Running, 35.5, "transcoding", nil},
		{record.Stale, 35.5, "transcoding", nil},
		{record.Succeeded, 100.0, "transcoding", "2026-03-01T13:00:00.000Z"},
		{record.Failed, 35.5, "transcoding", "2026-03-01T13:00:00.000Z"},
	} {
		id := string(c.state)
		state := testState(c.state)
		if c.state.Terminal() {
			state.ExitedAt = now
		}
		put(t, h, testSpec(t, id), state)
		hold(t, h, id)
		write(t, h, id, store.ProgressFile, testProgress().AppendJSON(nil))
		task := load(t, h, id)
		for name, want := range map[string]any{"state": id, "percent": c.percent, "label": c.label, "finishedAt": c.finishedAt, "staleAt": nil} {
			if got := memberOf(t, task, name); got != want {
				t.Errorf("progress of a task that is %s: %s = %v, want %v", id, name, got, want)
			}
		}
	}
}

// A report about another attempt says nothing about this one.
func TestProgressOfAnotherAttempt(t *testing.T) {
	h := testHome(t)
	put(t, h, testSpec(t, "a"), testState(record.Running))
	hold(t, h, "a")
	for _, c := range []struct {
		run, attempt int
		want         any
	}{{1, 1, "transcoding"}, {1, 2, nil}, {2, 1, nil}} {
		p := testProgress()
		p.Run, p.Attempt = c.run, c.attempt
		write(t, h, "a", store.ProgressFile, p.AppendJSON(nil))
		if got := memberOf(t, load(t, h, "a"), "label"); got != c.want {
			t.Errorf("label from run %d, attempt %d = %v, want %v", c.run, c.attempt, got, c.want)
		}
	}
	for _, broken := range []string{"", "{", "\x00\x00"} {
		write(t, h, "a", store.ProgressFile, []byte(broken))
		if task := load(t, h, "a"); task.Unreadable != nil || task.Report != nil {
			t.Errorf("task with progress.json %q: unreadable %v, report %v, want neither", broken, task.Unreadable, task.Report)
		}
	}
}

func TestProgressTimes(t *testing.T) {
	h := testHome(t)
	state := testState(record.Stale)
	state.StaleAt, state.StaleReason, state.StartedAt = testTime.Add(time.Minute), "no output for 60000 ms", testTime
	put(t, h, testSpec(t, "a"), state)
	hold(t, h, "a")
	check := func(want map[string]any) {
		t.Helper()
		task := load(t, h, "a")
		for name, want := range want {
			if got := memberOf(t, task, name); got != want {
				t.Errorf("progress.%s = %v, want %v", name, got, want)
			}
		}
	}
	check(map[string]any{"updatedAt": "2026-03-01T12:00:01.000Z", "lastHeartbeatAt": nil, "startedAt": "2026-03-01T12:00:00.000Z",
		"staleAt": "2026-03-01T12:01:00.000Z", "staleReason": "no output for 60000 ms"})
	write(t, h, "a", store.ProgressFile, testProgress().AppendJSON(nil))
	check(map[string]any{"updatedAt": "2026-03-01T12:01:00.000Z", "lastHeartbeatAt": "2026-03-01T12:02:00.000Z"})
}

// A listing asks for reports only with the other details, and of an ended task
// only if it has some.
func TestReportsInListings(t *testing.T) {
	h := testHome(t)
	put(t, h, testSpec(t, "a"), testState(record.Failed))
	write(t, h, "a", store.ProgressFile, testProgress().AppendJSON(nil))
	for _, details := range []bool{true, false} {
		tasks, err := LoadAll(h, Filter{WithLogs: details})
		if err != nil || len(tasks) != 1 || (tasks[0].Report != nil) != details {
			t.Errorf("LoadAll(WithLogs: %v) = %v, %v, want the report with the details only", details, tasks, err)
		}
	}
}

func stepsText(from, to int64) (text []byte) {
	for n := from; n <= to; n++ {
		text = testStep(n).AppendJSON(text)
	}
	return text
}

func TestStepsAreTheNewest(t *testing.T) {
	h := testHome(t)
	put(t, h, testSpec(t, "a"), testState(record.Running))
	long := testStep(3)
	long.Message = strings.Repeat("\x01", record.MaxStepMessage)
	for _, c := range []struct {
		name string
		text []byte
		n    int
		want string
	}{
		{"none", nil, 5, "[]"},
		{"fewer", stepsText(1, 3), 5, "[1 2 3]"},
		{"more", stepsText(1, 9), 2, "[8 9]"},
		{"none asked for", stepsText(1, 9), 0, "[]"},
		{"all", stepsText(1, 4), -1, "[1 2 3 4]"},
		{"half a line", append(stepsText(1, 3), testStep(4).AppendJSON(nil)[:20]...), 2, "[2 3]"},
		{"only half a line", testStep(4).AppendJSON(nil)[:20], 2, "[]"},
		{"no step between", append(append(stepsText(1, 2), "garbage\n\n"...), stepsText(3, 3)...), 2, "[2 3]"},
		{"a long one", append(stepsText(1, 2), append(long.AppendJSON(nil), stepsText(4, 4)...)...), 3, "[2 3 4]"},
	} {
		write(t, h, "a", store.StepsFile, c.text)
		steps, err := Steps(h, "a", c.n)
		ids := []string{}
		for _, s := range steps {
			ids = append(ids, s.ID)
		}
		if got := fmt.Sprint(ids); err != nil || got != c.want || steps == nil {
			t.Errorf("%s: Steps(%d) = %s, %v, want %s", c.name, c.n, got, err, c.want)
		}
	}
}

// However the blocks that are read fall, no line is taken for two or for none.
func TestLinesBackwards(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lines")
	for _, length := range []int{1, 100, stepsBlock - 1, stepsBlock, stepsBlock + 1, 3 * stepsBlock} {
		var want []string
		for i := range 5 {
			want = append(want, strings.Repeat(strconv.Itoa(i), length))
		}
		if err := os.WriteFile(path, []byte(strings.Join(want, "\n")+"\nhalf"), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		err = eachLineBackwards(f, func(line []byte) bool {
			got = append(got, string(line))
			return true
		})
		f.Close()
		slices.Reverse(got)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("lines of %d bytes, backwards: %d of them, %v, want the 5 that were written", length, len(got), err)
		}
	}
}
