package suite

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
)

// Reports reads what a task has reported, from its files and from the journal.
// Only the last line of the steps may be cut short.
func (h *Home) Reports(id string) (steps, told []gjson.Result) {
	h.T.Helper()
	text, _ := os.ReadFile(h.Task(id, "steps.ndjson"))
	for line := range strings.Lines(string(text)) {
		if strings.HasSuffix(line, "\n") {
			steps = append(steps, h.wholeLine(line))
		}
	}
	segments, _ := filepath.Glob(filepath.Join(h.Path, "events", "*.ndjson"))
	for _, path := range segments {
		text, _ := os.ReadFile(path)
		for line := range strings.Lines(string(text)) {
			e := gjson.Parse(line)
			if strings.HasSuffix(line, "\n") && e.Get("taskId").Str == id && e.Get("event").Str == "step" {
				told = append(told, e.Get("step"))
			}
		}
	}
	return steps, told
}

func (h *Home) wholeLine(line string) gjson.Result {
	h.T.Helper()
	if !gjson.Valid(line) {
		h.T.Errorf("line %q is not whole", line)
	}
	return gjson.Parse(line)
}

// CheckReports sees that the steps are numbered through, that the journal tells
// of none that is not there, in their order, and that the progress is whole.
func (h *Home) CheckReports(id string) (messages map[string]int) {
	h.T.Helper()
	steps, told := h.Reports(id)
	messages = map[string]int{}
	byID := map[string]string{}
	for i, s := range steps {
		if s.Get("id").Str != strconv.Itoa(i+1) {
			h.T.Errorf("step %d has the number %s", i+1, s.Get("id"))
		}
		messages[s.Get("message").Str]++
		byID[s.Get("id").Str] = s.Get("message").Str
	}
	last := int64(0)
	for _, s := range told {
		if n := s.Get("id").Int(); n <= last {
			h.T.Errorf("the journal tells step %d after step %d", n, last)
		} else {
			last = n
		}
		if byID[s.Get("id").Str] != s.Get("message").Str {
			h.T.Errorf("the journal tells step %s, which is not among the steps", s.Raw)
		}
	}
	if text, err := os.ReadFile(h.Task(id, "progress.json")); err == nil {
		h.wholeLine(string(text))
	}
	return messages
}
