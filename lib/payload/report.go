package payload

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"bgtasks/lib/fault"
	"bgtasks/lib/record"
	"bgtasks/lib/report"
)

// ReportPayload is what a task says about itself. Null clears what was said
// before.
type Report struct {
	ID        TaskID        `json:"id,omitempty" jsonschema:"The task's id. When absent, the task that this is called in."`
	Percent   PercentChange `json:"percent,omitzero" jsonschema:"The percentage of the work done, with three decimals; null clears it."`
	Label     LabelChange   `json:"label,omitzero" jsonschema:"What the task is doing, at most 1024 bytes; null or an empty string clears it."`
	Meta      MetaChange    `json:"meta,omitzero" jsonschema:"An object of the task's own, at most 16 KiB; null clears it."`
	Step      *Step         `json:"step,omitempty" jsonschema:"A step that the task has done."`
	Heartbeat bool          `json:"heartbeat,omitempty" jsonschema:"Whether to report a sign of life."`
	Result    Value         `json:"result,omitzero" jsonschema:"The result of the task: any JSON value, at most 1 MiB."`
}

// StepPayload is something that a task has done.
type Step struct {
	Message Text          `json:"message" jsonschema:"What was done, at most 4096 bytes."`
	Level   Text          `json:"level,omitempty" jsonschema:"debug, info, success, warn, error or another word; info when absent."`
	Kind    Text          `json:"kind,omitempty" jsonschema:"step, event, checkpoint, log or another word; step when absent."`
	Percent PercentChange `json:"percent,omitzero" jsonschema:"The percentage of the task's work that is done with this step. It becomes the task's percent."`
	Meta    MetaChange    `json:"meta,omitzero" jsonschema:"An object about the step, at most 16 KiB."`
}

// PercentChange sets or clears a percentage.
type PercentChange struct{ report.Change[float64] }

// UnmarshalJSON reads a number or null.
func (c *PercentChange) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		data = nil
	}
	return c.UnmarshalText(data)
}

// UnmarshalText reads a number from 0 to 100, and keeps three decimals; an empty
// text clears.
func (c *PercentChange) UnmarshalText(text []byte) error {
	*c = PercentChange{report.Change[float64]{Given: true}}
	if len(text) == 0 {
		return nil
	}
	v, err := parseNumber(text)
	if err != nil || !(v >= 0 && v <= 100) {
		return fmt.Errorf("expected a number from 0 to 100, got %q", text)
	}
	v = math.Abs(math.Round(v*1000) / 1000)
	c.Value = &v
	return nil
}

// LabelChange sets or clears a label.
type LabelChange struct{ report.Change[string] }

// UnmarshalJSON reads a string or null.
func (c *LabelChange) UnmarshalJSON(data []byte) error {
	c.Given = true
	return json.Unmarshal(data, &c.Value)
}

// UnmarshalText takes a text; an empty one clears.
func (c *LabelChange) UnmarshalText(text []byte) error {
	label := string(text)
	c.Given, c.Value = true, &label
	return nil
}

// MetaChange sets or clears an object.
type MetaChange struct{ report.Change[[]byte] }

// UnmarshalJSON keeps an object, on one line, or null.
func (c *MetaChange) UnmarshalJSON(data []byte) error {
	*c = MetaChange{report.Change[[]byte]{Given: true}}
	if string(data) == "null" {
		return nil
	}
	text := Compact(data)
	c.Value = &text
	return nil
}

// UnmarshalText reads a JSON object; an empty text clears.
func (c *MetaChange) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		return c.UnmarshalJSON([]byte("null"))
	}
	t, err := ParseTree(text)
	if err == nil && t.Kind != "object" {
		err = fmt.Errorf("got %s", t.actual())
	}
	if err == nil {
		err = t.UnicodeError()
	}
	if err != nil {
		return fmt.Errorf("expected a JSON object: %w", err)
	}
	return c.UnmarshalJSON(text)
}

// Value is any JSON value, on one line; an empty one is none.
type Value json.RawMessage

// UnmarshalJSON keeps the bytes.
func (v *Value) UnmarshalJSON(data []byte) error {
	*v = Compact(data)
	return nil
}

// Compact drops the space between the parts of valid JSON.
func Compact(data []byte) []byte {
	var b bytes.Buffer
	if err := json.Compact(&b, data); err != nil {
		return data
	}
	return b.Bytes()
}

// maxNesting is how deeply objects and arrays may lie within each other. What
// readers use to read JSON has limits, too.
const maxNesting = 1000

// check finds what a schema can't say.
func (p *Report) check(f *faults) {
	if !p.Percent.Given && !p.Label.Given && !p.Meta.Given && p.Step == nil && !p.Heartbeat && len(p.Result) == 0 {
		f.refine(nil, "Expected something to report: percent, label, meta, step, heartbeat or result")
	}
	if p.Label.Value != nil {
		checkText(f, *p.Label.Value, "label")
		limit(f, len(*p.Label.Value), record.MaxLabel, "label")
	}
	limitJSON(f, p.Meta.Value, record.MaxMetadata, "meta")
	limitJSON(f, (*[]byte)(&p.Result), record.MaxResult, "result")
	if s := p.Step; s != nil {
		checkText(f, string(s.Message), "step", "message")
		checkText(f, string(s.Level), "step", "level")
		checkText(f, string(s.Kind), "step", "kind")
		limit(f, len(s.Message), record.MaxStepMessage, "step", "message")
		limit(f, len(s.Level), record.MaxStepWord, "step", "level")
		limit(f, len(s.Kind), record.MaxStepWord, "step", "kind")
		limitJSON(f, s.Meta.Value, record.MaxMetadata, "step", "meta")
	}
}

func limit(f *faults, actual, most int, path ...any) {
	if actual > most {
		f.refine(path, fmt.Sprintf("Expected at most %d bytes, actual %d", most, actual))
	}
}

func limitJSON(f *faults, text *[]byte, most int, path ...any) {
	if text == nil {
		return
	}
	limit(f, len(*text), most, path...)
	if nesting(*text) > maxNesting {
		f.refine(path, fmt.Sprintf("Expected at most %d objects and arrays within each other", maxNesting))
	}
}

// nesting is how deeply objects and arrays of valid JSON lie within each other.
func nesting(text []byte) (deepest int) {
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
			deepest = max(deepest, depth)
		case c == '}' || c == ']':
			depth--
		}
	}
	return deepest
}

// Check is for a payload that flags have filled: the first thing that is wrong
// with it, in their words.
func (p *Report) Check() error {
	f := &faults{}
	if p.check(f); len(f.issues) == 0 {
		return nil
	}
	issue := f.issues[0]
	text := strings.Replace(fault.LowerFirst(issue.Message), ", actual ", ", got ", 1)
	if len(issue.Path) == 0 {
		return fault.Usage("%s", text)
	}
	name := fmt.Sprint(issue.Path[len(issue.Path)-1])
	if name != "message" && name != "result" {
		name = "--" + name
	}
	return fault.Usage("%s: %s", name, text)
}

// Report gives the payload in the terms of package report, for the task with
// this id and the attempt that it comes from.
func (p *Report) Report(id string, from report.Origin) *report.Report {
	r := &report.Report{ID: id, From: from, Percent: p.Percent.Change, Label: p.Label.Change, Meta: p.Meta.Change,
		Result: p.Result, Heartbeat: p.Heartbeat}
	if s := p.Step; s != nil {
		r.Step = &record.Step{Kind: string(s.Kind), Level: string(s.Level), Message: string(s.Message), Percent: s.Percent.Value}
		if s.Meta.Value != nil {
			r.Step.Meta = *s.Meta.Value
		}
		if s.Kind == "" {
			r.Step.Kind = record.StepKinds[0]
		}
		if s.Level == "" {
			r.Step.Level = record.StepLevels[0]
		}
	}
	return r
}

// StatusPayload names a task to look at.
type Status struct {
	ID TaskID `json:"id" jsonschema:"The task's id."`
	StepsPayload
}

// StepsPayload says how many of the newest steps are wanted beside a task.
type StepsPayload struct {
	Steps        *NonNegative `json:"steps,omitempty" jsonschema:"How many of the newest reported steps to include; when absent, there is no member steps."`
	IncludeSteps *NonNegative `json:"includeSteps,omitempty" jsonschema:"The same as steps."`
}

func (p *StepsPayload) check(f *faults) {
	if p.Steps != nil && p.IncludeSteps != nil {
		f.refine([]any{"includeSteps"}, "Expected no steps beside it, which says the same")
	}
}
