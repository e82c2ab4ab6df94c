// Command bg-wait waits until tasks have ended, and relays their exit codes.
//
//	bg-wait [--any] [--timeout DURATION] [--logs] [-q] TASK…
//	bg-wait '{"id":"bg_demo"}' [--timeout SECONDS] | @FILE | -
//
// The exit code is 0 if and only if the task succeeded, else the one that bg-wait(1)
// lists, usually the task's own; for several tasks, it is the highest. It is 124 if the
// wait timed out. With --any the first task that ends counts, and its id is printed. An
// interrupted wait does not affect the tasks.
package main

import (
	"errors"
	"time"

	"bgtasks/lib/cli"
	"bgtasks/lib/fault"
	"bgtasks/lib/launch"
	"bgtasks/lib/payload"
	"bgtasks/lib/store"
	"bgtasks/lib/stream"
	"bgtasks/lib/view"
	"bgtasks/lib/watch"
)

func main() {
	cli.Main(&cli.Verb{
		Name:  "wait",
		Reads: true,
		Help: "Wait until tasks have ended. The exit code is 0 if they succeeded, else the task's own, or 128 plus its signal's number, " +
			"for several tasks the highest; 124 if the wait timed out, 125 if an end was not observed. --all selects the tasks that are not over yet.",
		Flags:   &flags{},
		JSON:    cli.One(wait),
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
	Any     bool              `help:"Wait for the first task that ends, print its id and relay its exit code."`
	Timeout *payload.Duration `placeholder:"DURATION" help:"How long to wait at most; then exit 124."`
	Logs    bool              `help:"Print the tasks' output, from its beginning on, while waiting."`
	Quiet   bool              `short:"q" help:"Print nothing, not even that the wait timed out."`

	missing []string // words that an envelope tells of as not found
}

// Run waits for the tasks that the flags name.
func (f *flags) Run(c *cli.Call) error {
	if err := f.RelayFlags.Apply(c, true); err != nil {
		return err
	}
	request := cli.Request{Words: f.Tasks, Tags: f.Tag, FilterFlags: f.FilterFlags}
	if f.All {
		request.Want = (*view.Task).Open
	}
	if err := c.TextOnly(cli.TextFlag{Name: "--logs", Given: f.Logs}, cli.TextFlag{Name: "--quiet", Given: f.Quiet}); err != nil {
		return err
	}
	targets, err := cli.Targets(c, request)
	if err != nil {
		return err
	}
	c.Opts.Timeout = -1
	if f.Timeout != nil {
		c.Opts.Timeout = time.Duration(*f.Timeout)
	}
	if c.JSON && !f.Any {
		c.Opts.Concurrency = max(len(targets), cli.DefaultConcurrency)
		return waitEach(c, targets)
	}
	ids, err := f.found(c, targets)
	if err != nil || len(ids) == 0 {
		return err
	}
	h, err := c.Home()
	if err != nil {
		return err
	}
	return f.report(c, ids, h)
}

// found are the tasks to wait for. The first of none is not there.
func (f *flags) found(c *cli.Call, targets []cli.Target) ([]string, error) {
	if f.Any && len(targets) == 0 {
		return nil, cli.NothingSelected()
	}
	if c.JSON {
		ids, missing, err := cli.FoundOrMissing(targets)
		f.missing = missing
		return ids, err
	}
	return c.Found(targets)
}

// report waits and turns what came into output and exit code.
func (f *flags) report(c *cli.Call, ids []string, h *store.Home) error {
	tasks, err := f.block(c, ids, h)
	if errors.Is(err, watch.ErrTimeout) {
		return f.late(c, tasks)
	}
	if err != nil {
		return err
	}
	if !f.Any {
		for _, t := range tasks {
			f.relay(c, t)
		}
		return nil
	}
	return f.first(c, earliest(tasks))
}

// first tells of the task that ended first.
func (f *flags) first(c *cli.Call, t *view.Task) error {
	if c.JSON {
		if t.Unreadable != nil {
			return t.Unreadable
		}
		data := cli.NewEndData(c, t)
		data.NotFound = f.missing
		return c.SucceedRelayed(data)
	}
	f.relay(c, t)
	if f.Quiet {
		return nil
	}
	return c.Print(t.ID)
}

// relay makes the task's end the verb's.
func (f *flags) relay(c *cli.Call, t *view.Task) {
	if f.Quiet {
		c.RelayQuietly(t)
		return
	}
	c.Relay(t)
}

func (f *flags) block(c *cli.Call, ids []string, h *store.Home) ([]*view.Task, error) {
	deadline := c.Opts.Deadline()
	if f.Logs && !f.Quiet {
		return stream.FollowLogs(c, h, ids, stream.AllOutput(), f.Any, deadline)
	}
	over := cli.Over
	if !f.Quiet {
		over = cli.OverOrNote(c, h)
	}
	return watch.Until(c.Context(), h, ids, deadline, over, f.Any)
}

// late is the end of a wait whose time is up.
func (f *flags) late(c *cli.Call, tasks []*view.Task) error {
	if f.Quiet {
		c.RaiseCode(fault.CodeTimeout)
		return nil
	}
	for _, t := range tasks {
		if t != nil && !cli.Over(t) {
			return cli.WaitError(c, t.ID, watch.ErrTimeout)
		}
	}
	return watch.ErrTimeout
}

// earliest is the task that ended first of those that have ended.
func earliest(tasks []*view.Task) *view.Task {
	var first *view.Task
	for _, t := range tasks {
		if t != nil && cli.Over(t) && (first == nil || t.ExitedAt < first.ExitedAt) {
			first = t
		}
	}
	return first
}

// waitEach waits for all tasks, and tells of each.
func waitEach(c *cli.Call, targets []cli.Target) error {
	items := cli.Items(targets, func(id string) *payload.Task { return &payload.Task{ID: payload.TaskID(id)} })
	results := make([]cli.Outcome[*cli.TaskData], len(items))
	for i, it := range items {
		results[i] = cli.Outcome[*cli.TaskData]{Data: &cli.TaskData{TaskID: it.ID}, Err: it.Err}
	}
	results = cli.AwaitItems(c, results, (*cli.TaskData).ID, func(t *view.Task) *cli.TaskData { return cli.NewEndData(c, t) })
	return cli.EachOf(c, items, results, nil)
}

func wait(c *cli.Call, p *payload.Task) (*cli.TaskData, error) {
	t, err := cli.Await(c, string(p.ID))
	if err != nil {
		return nil, err
	}
	return cli.NewEndData(c, t), nil
}
