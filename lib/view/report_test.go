package view

import (
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
	"bgtasks/test/testhome"
)

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
	h := testhome.New(t)
	now := testhome.Time.Add(time.Hour)
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
		state := testhome.State(c.state)
		if c.state.Terminal() {
			state.ExitedAt = now
		}
		testhome.Put(t, h, testhome.Spec(t, id), state)
		testhome.Hold(t, h, id)
		testhome.Write(t, h, id, store.ProgressFile, testhome.Progress().AppendJSON(nil))
		task := look(t, h, id)
		for name, want := range map[string]any{"state": id, "percent": c.percent, "label": c.label, "finishedAt": c.finishedAt, "staleAt": nil} {
			if got := memberOf(t, task, name); got != want {
				t.Errorf("progress of a task that is %s: %s = %v, want %v", id, name, got, want)
			}
		}
	}
}

// A report about another attempt says nothing about this one.
func TestProgressOfAnotherAttempt(t *testing.T) {
	h := testhome.New(t)
	testhome.Put(t, h, testhome.Spec(t, "a"), testhome.State(record.Running))
	testhome.Hold(t, h, "a")
	for _, c := range []struct {
		run, attempt int
		want         any
	}{{1, 1, "transcoding"}, {1, 2, nil}, {2, 1, nil}} {
		p := testhome.Progress()
		p.Run, p.Attempt = c.run, c.attempt
		testhome.Write(t, h, "a", store.ProgressFile, p.AppendJSON(nil))
		if got := memberOf(t, look(t, h, "a"), "label"); got != c.want {
			t.Errorf("label from run %d, attempt %d = %v, want %v", c.run, c.attempt, got, c.want)
		}
	}
	for _, broken := range []string{"", "{", "\x00\x00"} {
		testhome.Write(t, h, "a", store.ProgressFile, []byte(broken))
		if task := look(t, h, "a"); task.Unreadable != nil || task.Report != nil {
			t.Errorf("task with progress.json %q: unreadable %v, report %v, want neither", broken, task.Unreadable, task.Report)
		}
	}
}

func TestProgressTimes(t *testing.T) {
	h := testhome.New(t)
	state := testhome.State(record.Stale)
	state.StaleAt, state.StaleReason, state.StartedAt = testhome.Time.Add(time.Minute), "no output for 60000 ms", testhome.Time
	testhome.Put(t, h, testhome.Spec(t, "a"), state)
	testhome.Hold(t, h, "a")
	check := func(want map[string]any) {
		t.Helper()
		task := look(t, h, "a")
		for name, want := range want {
			if got := memberOf(t, task, name); got != want {
				t.Errorf("progress.%s = %v, want %v", name, got, want)
			}
		}
	}
	check(map[string]any{"updatedAt": "2026-03-01T12:00:01.000Z", "lastHeartbeatAt": nil, "startedAt": "2026-03-01T12:00:00.000Z",
		"staleAt": "2026-03-01T12:01:00.000Z", "staleReason": "no output for 60000 ms"})
	testhome.Write(t, h, "a", store.ProgressFile, testhome.Progress().AppendJSON(nil))
	check(map[string]any{"updatedAt": "2026-03-01T12:01:00.000Z", "lastHeartbeatAt": "2026-03-01T12:02:00.000Z"})
}

func stepsText(from, to int64) (text []byte) {
	for n := from; n <= to; n++ {
		text = testhome.Step(n).AppendJSON(text)
	}
	return text
}

func TestStepsAreTheNewest(t *testing.T) {
	h := testhome.New(t)
	testhome.Put(t, h, testhome.Spec(t, "a"), testhome.State(record.Running))
	long := testhome.Step(3)
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
		{"half a line", append(stepsText(1, 3), testhome.Step(4).AppendJSON(nil)[:20]...), 2, "[2 3]"},
		{"only half a line", testhome.Step(4).AppendJSON(nil)[:20], 2, "[]"},
		{"no step between", append(append(stepsText(1, 2), "garbage\n\n"...), stepsText(3, 3)...), 2, "[2 3]"},
		{"a long one", append(stepsText(1, 2), append(long.AppendJSON(nil), stepsText(4, 4)...)...), 3, "[2 3 4]"},
	} {
		testhome.Write(t, h, "a", store.StepsFile, c.text)
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
