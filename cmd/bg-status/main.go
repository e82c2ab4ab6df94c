// Command bg-status prints everything that is known about tasks.
//
//	bg-status [-o FORMAT] [--steps N] [--show-env] [--wait [--timeout DURATION]] TASK…
//	bg-status '{"id":"bg_demo","steps":20}' | @FILE | -
//
// Without -o it prints a "key: value" line for each thing that is known.
package main

import (
	"errors"
	"time"

	"bgtasks/lib/cli"
	"bgtasks/lib/fault"
	"bgtasks/lib/payload"
	"bgtasks/lib/show"
	"bgtasks/lib/view"
)

func main() {
	cli.Main(&cli.Verb{
		Name:    "status",
		Reads:   true,
		Help:    "Print everything that is known about tasks, one task after another.",
		Flags:   &flags{},
		JSON:    cli.One(func(c *cli.Call, p *payload.Status) (*cli.TaskData, error) { return status(c, p, false) }),
		Options: cli.AllOptions,
	})
}

type flags struct {
	cli.Common
	cli.Words
	cli.TagFlag
	cli.FilterFlags
	Output  string            `short:"o" placeholder:"FORMAT" help:"${formats}"`
	Steps   *int              `placeholder:"N" help:"Also print the newest N steps that the task has reported."`
	ShowEnv bool              `help:"Show the values of the task's own variables, if it runs or --keep-env kept them."`
	Wait    bool              `help:"Wait for the end first."`
	Timeout *payload.Duration `placeholder:"DURATION" help:"How long to wait at most; then exit 124."`
}

// Run prints the tasks that the flags name.
func (f *flags) Run(c *cli.Call) error {
	if err := errors.Join(c.TextOnly(cli.TextFlag{Name: "--output", Given: f.Output != ""}), cli.NeedsWait(f.Timeout, f.Wait)); err != nil {
		return err
	}
	if f.Steps != nil && *f.Steps < 0 {
		return fault.Usage("--steps: expected a number that is not negative, got %d", *f.Steps)
	}
	targets, err := cli.Targets(c, cli.Request{Words: f.Tasks, Tags: f.Tag, FilterFlags: f.FilterFlags})
	if err != nil {
		return err
	}
	c.Opts.Wait, c.Opts.Timeout = f.Wait, -1
	if f.Timeout != nil {
		c.Opts.Timeout = time.Duration(*f.Timeout)
	}
	items := cli.Items(targets, f.payload)
	look := func(c *cli.Call, p *payload.Status) (*cli.TaskData, error) { return status(c, p, f.ShowEnv) }
	if f.Output != "" {
		return f.format(c, items, look)
	}
	first := true
	return cli.Each(c, items, look, func(d *cli.TaskData) error {
		if !first {
			if err := c.Print(""); err != nil {
				return err
			}
		}
		first = false
		return errors.Join(show.Status(c.Printer, d.Task.Task), d.Task.Unreadable)
	})
}

func (f *flags) payload(id string) *payload.Status {
	p := &payload.Status{ID: payload.TaskID(id)}
	if f.Steps != nil {
		n := payload.NonNegative(*f.Steps)
		p.Steps = &n
	}
	return p
}

// format prints what was found in one go, so that json is one array.
func (f *flags) format(c *cli.Call, items []cli.Item[payload.Status], look cli.Work[payload.Status, *cli.TaskData]) error {
	var tasks []*view.Task
	err := cli.Each(c, items, look, func(d *cli.TaskData) error {
		tasks = append(tasks, d.Task.Task)
		return d.Task.Unreadable
	})
	if err != nil || c.JSON {
		return err
	}
	return show.Tasks(c.Printer, tasks, f.Output)
}

// status gives in text mode what is known of a task that can't be read, too.
func status(c *cli.Call, p *payload.Status, showEnv bool) (*cli.TaskData, error) {
	t, err := cli.LoadOne(c, string(p.ID))
	if err == nil && c.Opts.Wait {
		t, err = cli.Await(c, t.ID)
	}
	if err != nil && (t == nil || c.JSON) {
		return nil, err
	}
	if err := cli.AddAttempts(c, t); err != nil {
		return nil, err
	}
	if err := cli.AddSteps(c, &p.StepsPayload, t); err != nil {
		return nil, err
	}
	if showEnv {
		if err := view.ShowEnv(t); err != nil {
			c.Note("the environment of %q is not shown: %v", t.ID, err)
		}
	}
	if c.Opts.Wait {
		return cli.NewEndData(c, t), nil
	}
	return cli.NewTaskData(c, t), nil
}
