// Command bg-clear removes finished tasks, with their logs.
//
//	bg-clear [--dry-run]
//	bg-clear [--success-ttl DURATION] [--keep-latest-successes N] [--max-bytes SIZE] … [--kind KIND] …
//	bg-clear TASK… | --tag TAG | --all
//	bg-clear '{"successTtlMs":86400000}' | @FILE | -
//
// Without rules it removes the finished tasks that are named or selected; without
// those, it applies the rules of config.json. It prints the ids of the tasks that it
// removed. It never removes a task that is not over.
package main

import (
	"time"

	"bgtasks/lib/cli"
	"bgtasks/lib/config"
	"bgtasks/lib/fault"
	"bgtasks/lib/find"
	"bgtasks/lib/payload"
	"bgtasks/lib/retain"
)

func main() {
	cli.Main(&cli.Verb{
		Name: "clear",
		Help: "Remove finished tasks with their logs, and print their ids: the selected tasks, or those of them that a rule picks. " +
			"Without either, apply the rules of config.json. A rule of 0 means no rule.",
		Flags:   &flags{},
		JSON:    cli.One(clearTasks),
		Options: []string{cli.OptOutput, cli.OptConcurrency},
	})
}

type flags struct {
	cli.Common
	cli.Words
	cli.TagFlag
	cli.FilterFlags
	cli.OldFlags
	SuccessTTL    *payload.Duration `name:"success-ttl" placeholder:"DURATION" help:"Remove tasks that succeeded longer ago than this."`
	FailedTTL     *payload.Duration `name:"failed-ttl" placeholder:"DURATION" help:"Remove tasks that failed or timed out longer ago than this."`
	CancelledTTL  *payload.Duration `name:"cancelled-ttl" placeholder:"DURATION" help:"Remove tasks that were cancelled longer ago than this."`
	KeepSuccesses *cli.Number       `name:"keep-latest-successes" placeholder:"N" help:"Of each kind, remove all but the newest N tasks that succeeded."`
	KeepFailures  *cli.Number       `name:"keep-latest-failures" placeholder:"N" help:"Of each kind, remove all but the newest N tasks that failed or timed out."`
	MaxFinished   *cli.Number       `placeholder:"N" help:"Remove all but the newest N finished tasks."`
	MaxBytes      *payload.Size     `placeholder:"SIZE" help:"Remove the oldest finished tasks until the files of the others hold no more than this."`
	StepLimit     *cli.Number       `placeholder:"N" help:"Of each task, also of open ones, remove all but the newest N steps."`
	DryRun        bool              `help:"Print what would be removed, and remove nothing."`
	Due           bool              `help:"Apply the rules of config.json, unless that was done within the last hour."`
}

// Run removes what the flags say.
func (f *flags) Run(c *cli.Call) error {
	filter, err := f.Filter(f.Tag)
	if err != nil {
		return err
	}
	f.OldFlags.Narrow(&filter)
	if f.Due {
		return f.due(c, filter)
	}
	o := retain.Options{Filter: filter, DryRun: f.DryRun, Named: len(f.Tasks) > 0}
	if o.Named {
		targets, err := cli.Targets(c, cli.Request{Words: f.Tasks})
		if err != nil {
			return err
		}
		if o.Filter.IDs, err = c.Found(targets); err != nil || len(o.Filter.IDs) == 0 {
			return err
		}
	}
	data, err := work(c, o, f.rules(), f.All)
	if err != nil {
		return err
	}
	return data.tell(c)
}

// due is what other verbs start in the background. It goes with no other flag.
func (f *flags) due(c *cli.Call, filter find.Filter) error {
	if _, given := f.rules().Rules(); given || len(f.Tasks) > 0 || !filter.Empty() || f.All || f.DryRun {
		return fault.Usage("--due goes with no other flag and no task")
	}
	h, err := c.ExistingHome()
	if err != nil {
		return err
	}
	data := &clearData{Tasks: []retain.Removed{}}
	if h == nil {
		return data.tell(c)
	}
	r, err := retain.IfDue(h)
	if err != nil {
		return err
	}
	return data.fill(c, r).tell(c)
}

// tell prints the ids, or the envelope.
func (d *clearData) tell(c *cli.Call) error {
	if c.JSON {
		return c.Succeed(d)
	}
	for _, t := range d.Tasks {
		if err := c.Print(t.ID); err != nil {
			return err
		}
	}
	return nil
}

// rules are the flags as a payload has them.
func (f *flags) rules() *payload.Clear {
	return &payload.Clear{
		SuccessTTL: span(f.SuccessTTL), FailedTTL: span(f.FailedTTL), CancelledTTL: span(f.CancelledTTL),
		KeepSuccesses: count(f.KeepSuccesses), KeepFailures: count(f.KeepFailures),
		MaxFinished: count(f.MaxFinished), MaxBytes: f.MaxBytes, StepLimit: count(f.StepLimit),
	}
}

// span gives a time to live in milliseconds: the least is one, as 0 is no rule.
func span(d *payload.Duration) *payload.Lifetime {
	if d == nil {
		return nil
	}
	ms := payload.Lifetime(d.Milliseconds())
	if *d > 0 {
		ms = max(ms, 1)
	}
	return &ms
}

func count(n *cli.Number) *payload.NonNegative {
	if n == nil {
		return nil
	}
	v := payload.NonNegative(*n)
	return &v
}

// clearData is what JSON mode tells.
type clearData struct {
	DryRun         bool             `json:"dryRun"`
	DeletedTasks   int              `json:"deletedTasks"`
	DeletedSteps   int              `json:"deletedSteps"`   // of tasks that are kept
	CompactedTasks int              `json:"compactedTasks"` // tasks that these were of
	FreedBytes     int64            `json:"freedBytes"`
	Tasks          []retain.Removed `json:"tasks"`
	Kept           []kept           `json:"kept,omitempty"`
}

type kept struct {
	ID     string `json:"id"`
	Reason string `json:"reason"`
}

func clearTasks(c *cli.Call, p *payload.Clear) (*clearData, error) {
	filter := p.Filter()
	return work(c, retain.Options{Filter: filter, DryRun: p.DryRun, Named: len(filter.IDs) > 0}, p, p.All)
}

// work removes what is selected. What was to be removed and could not is
// complained about.
func work(c *cli.Call, o retain.Options, p *payload.Clear, all bool) (*clearData, error) {
	h, err := c.ExistingHome()
	if err != nil {
		return nil, err
	}
	data := &clearData{DryRun: o.DryRun, Tasks: []retain.Removed{}}
	if h == nil {
		return data, nil
	}
	var given bool
	if o.Rules, given = p.Rules(); !given {
		o.All = all || !o.Filter.Empty()
	}
	if !given && !o.All {
		c, err := config.Load(h.Path())
		if err != nil {
			return nil, err
		}
		o.Rules = c.Retention
	}
	o.Now, o.Named = time.Now(), o.Named && o.All
	r, err := retain.Run(h, o)
	if err != nil {
		return nil, err
	}
	return data.fill(c, r), nil
}

func (d *clearData) fill(c *cli.Call, r *retain.Result) *clearData {
	d.DeletedTasks, d.DeletedSteps, d.CompactedTasks, d.FreedBytes = len(r.Tasks), r.Steps, r.Compacted, r.Bytes
	d.Tasks = append(d.Tasks, r.Tasks...)
	for _, k := range r.Kept {
		d.Kept = append(d.Kept, kept{k.ID, k.Err.Error()})
		if !c.JSON {
			c.Complain(k.Err)
		}
		c.RaiseCode(fault.CodeNo)
	}
	return d
}
