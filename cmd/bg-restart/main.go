// Command bg-restart ends tasks if they run, and runs them again under the
// same ids.
//
//	bg-restart [-e NAME=VALUE] [--wait [--timeout DURATION]] TASK…
//	bg-restart '{"id":"bg_demo"}' | '[…]' | @FILE | -
//
// The task's log goes on. Values of variables that were given at the start are
// in no record: while the task runs they are taken from it, after that they
// must be given again.
package main

import (
	"errors"
	"os"
	"strings"
	"time"

	"bgtasks/lib/cli"
	"bgtasks/lib/control"
	"bgtasks/lib/launch"
	"bgtasks/lib/payload"
	"bgtasks/lib/record"
	"bgtasks/lib/view"
)

func main() {
	cli.Main(&cli.Verb{
		Name:    "restart",
		Help:    "End tasks if they run, and run them again under the same ids. Prints the ids.",
		Flags:   &flags{},
		JSON:    cli.Together(func(p *payload.Restart) string { return string(p.ID) }, restartAll),
		Options: cli.WaitOptions,
		After:   launch.Tidy,
	})
}

type flags struct {
	cli.Common
	cli.Words
	cli.TagFlag
	cli.FilterFlags
	cli.RelayFlags
	Env     []string          `short:"e" sep:"none" placeholder:"NAME=VALUE" help:"Set a variable; NAME alone takes the caller's value. Repeatable."`
	Wait    bool              `help:"Wait for the end and relay the exit code."`
	Timeout *payload.Duration `placeholder:"DURATION" help:"How long to wait at most; then exit 124."`
}

// Run restarts the tasks that the flags name.
func (f *flags) Run(c *cli.Call) error {
	env, err := payload.ParseEnv(f.Env, os.LookupEnv)
	if err != nil {
		return err
	}
	if err := errors.Join(cli.NeedsWait(f.Timeout, f.Wait), f.RelayFlags.Apply(c, f.Wait)); err != nil {
		return err
	}
	targets, err := cli.Targets(c, cli.Request{Words: f.Tasks, Tags: f.Tag, FilterFlags: f.FilterFlags})
	if err != nil {
		return err
	}
	c.Opts.Wait, c.Opts.Timeout = f.Wait, -1
	if f.Timeout != nil {
		c.Opts.Timeout = time.Duration(*f.Timeout)
	}
	c.Opts.Concurrency = max(min(len(targets), most), cli.DefaultConcurrency)
	items := cli.Items(targets, func(id string) *payload.Restart { return &payload.Restart{ID: payload.TaskID(id), Env: env} })
	return cli.EachOf(c, items, restartAll(c, items), func(d *cli.TaskData) error {
		if f.Wait {
			c.Relay(d.Task.Task)
		}
		if len(d.Superseded) > 0 {
			c.Note("superseded %s", strings.Join(d.Superseded, ", "))
		}
		return c.Print(d.TaskID)
	})
}

// most is how many are restarted at once: each sits out the grace of its stop, and
// needs a thread for that.
const most = 64

// restartAll restarts the tasks of the items, and then waits for all, if that is wanted.
func restartAll(c *cli.Call, items []cli.Item[payload.Restart]) []cli.Outcome[*cli.TaskData] {
	results := cli.WorkAll(c, items, restart)
	if !c.Opts.Wait {
		return results
	}
	return cli.AwaitItems(c, results, (*cli.TaskData).ID, func(t *view.Task) *cli.TaskData { return withSuperseded(cli.NewEndData(c, t)) })
}

func restart(c *cli.Call, p *payload.Restart) (*cli.TaskData, error) {
	h, err := cli.Reach(c, string(p.ID))
	if err != nil {
		return nil, err
	}
	t, err := control.Restart(c.Context(), h, string(p.ID), control.RestartOptions{
		Stop:  control.StopOptions{Grace: -1, By: "bg-restart", Cause: record.Stopped},
		Env:   os.Environ(),
		Set:   p.Env.List(),
		Umask: c.Umask,
	})
	if err != nil {
		return nil, err
	}
	return withSuperseded(cli.NewTaskData(c, cli.AtStart(t))), nil
}

// withSuperseded adds the tasks in whose place the run came.
func withSuperseded(d *cli.TaskData) *cli.TaskData {
	if d.Task.Spec == nil || d.Task.Spec.Schedule == nil {
		return d
	}
	for _, a := range d.Task.Spec.Schedule.After {
		if a.When == record.AfterGone {
			d.Superseded = append(d.Superseded, a.ID)
		}
	}
	return d
}
