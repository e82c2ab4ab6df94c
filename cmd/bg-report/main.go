// Command bg-report reports progress, steps, heartbeats and a result from inside a task.
//
//	bg-report [--percent N] [--label TEXT] [--meta OBJECT] [--clear-percent] [--clear-label] [--clear-meta]
//	bg-report [--level LEVEL] [--kind KIND] [--percent N] [--meta OBJECT] step MESSAGE…
//	bg-report heartbeat
//	bg-report result VALUE | @FILE | -
//	bg-report '{"percent":35,"label":"transcoding"}' | @FILE | -
//
// The task itself calls it and is found by BG_TASK_ID; elsewhere --id names the task.
// It prints nothing, because its output would become part of the task's log.
package main

import (
	"os"
	"strconv"
	"strings"

	"bgtasks/lib/cli"
	"bgtasks/lib/fault"
	"bgtasks/lib/payload"
	"bgtasks/lib/record"
	"bgtasks/lib/report"
	"bgtasks/lib/view"
)

func main() {
	cli.Main(&cli.Verb{
		Name: "report",
		Help: "From inside a task, report its progress. step MESSAGE reports a step, heartbeat a sign of life, " +
			"and result VALUE the result, as JSON, @FILE, or - for standard input.",
		Flags:   &flags{},
		JSON:    cli.One(tell),
		Options: []string{cli.OptOutput, cli.OptConcurrency},
	})
}

type flags struct {
	cli.Common
	ID           string                `name:"id" placeholder:"ID" help:"The task's id; the task that this is called in by default."`
	Percent      payload.PercentChange `placeholder:"N" help:"The percentage of the work done, from 0 to 100. With step, too."`
	Label        payload.LabelChange   `placeholder:"TEXT" help:"What the task is doing."`
	Meta         payload.MetaChange    `placeholder:"OBJECT" help:"A JSON object of at most 16 KiB, about the task; with step: about the step."`
	ClearPercent bool                  `help:"Forget the percentage, as an empty value does."`
	ClearLabel   bool                  `help:"Forget the label, as an empty value does."`
	ClearMeta    bool                  `help:"Forget the object, as an empty value does."`
	Level        string                `placeholder:"LEVEL" help:"The level of a step: debug, info, success, warn, error or another word; info by default."`
	Kind         string                `placeholder:"KIND" help:"The kind of a step: step, event, checkpoint, log or another word; step by default."`
	What         string                `arg:"" optional:"" help:"step, heartbeat or result; without one, report progress."`
	Words        []string              `arg:"" optional:"" name:"word" help:"The step's message, or the result."`
}

// Run reports what the flags say.
func (f *flags) Run(c *cli.Call) error {
	p, err := f.payload(c)
	if err == nil {
		err = p.Check()
	}
	if err != nil {
		return err
	}
	d, err := tell(c, p)
	if err != nil || !c.JSON {
		return err
	}
	return c.Succeed(d)
}

func (f *flags) payload(c *cli.Call) (*payload.Report, error) {
	p := &payload.Report{ID: payload.TaskID(f.ID), Percent: f.Percent, Label: f.Label, Meta: f.Meta}
	if err := f.clear(p); err != nil {
		return nil, err
	}
	if f.What != "step" && (f.Level != "" || f.Kind != "") {
		return nil, fault.Usage("--level and --kind are for a step")
	}
	var err error
	switch f.What {
	case "":
	case "step":
		err = f.step(p)
	case "heartbeat":
		p.Heartbeat = true
		err = f.wants(0)
	case "result":
		if err = f.wants(1); err == nil {
			p.Result, err = cli.ParseValue(c, f.Words[0])
		}
	default:
		err = fault.Usage("expected step, heartbeat or result, got %q", f.What)
	}
	return p, err
}

// clear makes the flags that clear agree with those that set.
func (f *flags) clear(p *payload.Report) error {
	for _, flag := range []struct {
		name  string
		given bool
		set   *bool
	}{
		{"percent", f.ClearPercent, &p.Percent.Given},
		{"label", f.ClearLabel, &p.Label.Given},
		{"meta", f.ClearMeta, &p.Meta.Given},
	} {
		if flag.given && *flag.set {
			return fault.Usage("--%s and --clear-%s exclude each other", flag.name, flag.name)
		}
		*flag.set = *flag.set || flag.given
	}
	return nil
}

// step makes the percentage and the object those of a step, unless they clear
// the task's.
func (f *flags) step(p *payload.Report) error {
	message := strings.Join(f.Words, " ")
	if message == "" {
		return fault.Usage("step: expected a message")
	}
	p.Step = &payload.Step{Message: payload.Text(message), Level: payload.Text(f.Level), Kind: payload.Text(f.Kind)}
	if p.Percent.Value != nil {
		p.Step.Percent, p.Percent = p.Percent, payload.PercentChange{}
	}
	if p.Meta.Value != nil {
		p.Step.Meta, p.Meta = p.Meta, payload.MetaChange{}
	}
	return nil
}

// wants checks how many words there are beside the first.
func (f *flags) wants(n int) error {
	switch {
	case len(f.Words) < n:
		return fault.Usage("%s: expected a JSON value", f.What)
	case len(f.Words) > n:
		return fault.Usage("%s: unexpected %q", f.What, f.Words[n])
	}
	return nil
}

// reportData is what JSON mode tells.
type reportData struct {
	TaskID   string           `json:"task_id"`
	Status   record.Status    `json:"status"`
	State    record.LifeState `json:"state"`
	Run      int              `json:"run"`
	Attempt  int              `json:"attempt"`
	Progress view.Reports     `json:"progress"`
	Step     *view.Step       `json:"step,omitempty"`
}

func tell(c *cli.Call, p *payload.Report) (*reportData, error) {
	id, from, err := origin(string(p.ID))
	if err != nil {
		return nil, err
	}
	h, err := cli.Reach(c, id)
	if err != nil {
		return nil, err
	}
	out, err := p.Report(id, from).Deliver(h)
	if err != nil {
		return nil, err
	}
	d := &reportData{id, record.StatusOf(out.State.State, out.State.Reason), out.State.State, out.State.Run, out.State.Attempt,
		view.NewReports(out.Progress), nil}
	if out.Step != nil {
		step := view.NewStep(out.Step)
		d.Step = &step
	}
	return d, nil
}

// origin tells which task is meant, and which of its attempts this process is
// part of, if it is one of that task.
func origin(id string) (string, report.Origin, error) {
	own := os.Getenv(record.MarkTask)
	if id == "" {
		id = own
	}
	if id == "" {
		f := fault.Usage("no task: this is not called in one (%s is not set)", record.MarkTask)
		f.Hint = "name the task with --id"
		f.Details = append(f.Details, fault.Detail{Key: "field", Value: "id"})
		return "", report.Origin{}, f
	}
	if id != own {
		return id, report.Origin{}, nil
	}
	run, err := mark(record.MarkRun)
	attempt := 0
	if err == nil {
		attempt, err = mark(record.MarkAttempt)
	}
	return id, report.Origin{Run: run, Attempt: attempt, Token: os.Getenv(record.MarkToken)}, err
}

// mark reads a number of this task's environment; 0 if it is not there.
func mark(name string) (int, error) {
	text := os.Getenv(name)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, fault.Usage("%s: expected a number, got %q", name, text)
	}
	return n, nil
}
