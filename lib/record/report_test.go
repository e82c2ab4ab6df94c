package record

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
)

// jsonStep is a Step as encoding/json writes it.
type jsonStep struct {
	V         int             `json:"v"`
	ID        string          `json:"id"`
	TaskID    string          `json:"taskId"`
	Run       int             `json:"run"`
	Attempt   int             `json:"attempt"`
	Kind      string          `json:"kind"`
	Level     string          `json:"level"`
	Message   string          `json:"message"`
	Meta      json.RawMessage `json:"meta"`
	Percent   *float64        `json:"percent"`
	CreatedAt string          `json:"createdAt"`
}

// jsonProgress is a Progress as encoding/json writes it.
type jsonProgress struct {
	V         int             `json:"v"`
	Run       int             `json:"run"`
	Attempt   int             `json:"attempt"`
	Percent   *float64        `json:"percent"`
	Label     *string         `json:"label"`
	Meta      json.RawMessage `json:"meta"`
	UpdatedAt string          `json:"updatedAt,omitempty"`
	Heartbeat string          `json:"lastHeartbeatAt,omitempty"`
	Result    json.RawMessage `json:"result,omitempty"`
}

// someMeta is an object with the text in it, or none.
func someMeta(text string) []byte {
	if text == "" {
		return nil
	}
	return append(AppendString([]byte(`{"a":`), text), '}')
}

// somePercent is a percentage of thousandths, or none.
func somePercent(thousandths uint32) *float64 {
	if thousandths%7 == 0 {
		return nil
	}
	v := math.Round(float64(thousandths%100_001)) / 1000
	return &v
}

func FuzzReportsAreAsStdlib(f *testing.F) {
	f.Add("web", "checkpoint", "info", "Source downloaded", "x", uint32(20_001), int64(3))
	f.Add("", "", "", "", "", uint32(0), int64(0))
	f.Add("a", "k\xff", "l\n", "\x00 \u2028 é\"", "m\\", uint32(100_000), int64(1)<<62)
	f.Fuzz(func(t *testing.T, id, kind, level, message, meta string, thousandths uint32, n int64) {
		percent := somePercent(thousandths)
		s := Step{Sequence: n, TaskID: id, Run: 2, Attempt: 3, Kind: kind, Level: level, Message: message,
			Meta: someMeta(meta), Percent: percent, CreatedAt: day}
		at := day.UTC().Format(TimeFormat)
		want := asStdlib(t, jsonStep{1, itoa(n), id, 2, 3, kind, level, message, s.Meta, percent, at}) + "\n"
		if got := string(s.AppendJSON(nil)); got != want {
			t.Errorf("Step.AppendJSON = %s, want %s", got, want)
		}
		p := Progress{Run: 2, Attempt: 3, Percent: percent, Label: message, Meta: s.Meta, UpdatedAt: day, HeartbeatAt: day, Result: s.Meta}
		label := &message
		if message == "" {
			label = nil
		}
		want = asStdlib(t, jsonProgress{1, 2, 3, percent, label, p.Meta, at, at, p.Result})
		if got := string(p.AppendJSON(nil)); got != want {
			t.Errorf("Progress.AppendJSON = %s, want %s", got, want)
		}
		line := (&Event{Name: EventStep, Time: day, TaskID: id, State: &State{Run: 2, State: Running},
			Extra: p.AppendMember(append(s.AppendMember(nil), ','))}).AppendJSON(nil)
		if step := fields(t, line)["step"].(map[string]any); step["id"] != itoa(n) || strings.Count(string(line), "\n") != 1 {
			t.Errorf("journal line %s, want one line with step %d", line, n)
		}
	})
}

func itoa(n int64) string {
	b, _ := json.Marshal(n)
	return string(b)
}

// What was never reported is null, so that a reader need not guess.
func TestProgressOfNothing(t *testing.T) {
	const want = `{"v":1,"run":1,"attempt":1,"percent":null,"label":null,"meta":null}`
	if got := string((&Progress{Run: 1, Attempt: 1}).AppendJSON(nil)); got != want {
		t.Errorf("Progress.AppendJSON = %s, want %s", got, want)
	}
}
