// Command bg-stop ends tasks with their whole process trees.
//
//	bg-stop [-s SIGNAL] [--grace DURATION] [--reason TEXT] TASK…
//	bg-stop --tag TAG | --all | …
//	bg-list --tag demo -q | bg-stop -
//	bg-stop '{"id":"bg_demo"}' | '[…]' | @FILE | -
//
// It returns when no process of the tasks' trees is left, including processes that
// moved to another group or session. A task that has ended already keeps its recorded
// end, and is no error.
package main

import (
	"time"
	"unicode/utf8"

	"bgtasks/lib/cli"
	"bgtasks/lib/control"
	"bgtasks/lib/fault"
	"bgtasks/lib/launch"
	"bgtasks/lib/payload"
	"bgtasks/lib/record"
	"bgtasks/lib/view"
)

func main() {
	cli.Main(&cli.Verb{
		Name: "stop",
		Help: "End tasks with their whole process trees, and return when no process is left. " +
			"Without names, only tasks that are not over, or whose processes live on, are selected.",
		Flags:   &flags{},
		JSON:    cli.Together(func(p *payload.Stop) string { return string(p.ID) }, stopAll),
		Options: cli.AllOptions,
		After:   launch.Tidy,
	})
}

type flags struct {
	cli.Common
	cli.Words
	cli.TagFlag
	cli.FilterFlags
	Signal payload.Signal    `short:"s" placeholder:"SIGNAL" help:"The polite signal, instead of the task's own."`
	Grace  *payload.Duration `placeholder:"DURATION" help:"The time until KILL follows, instead of the task's own."`
	Reason string            `placeholder:"TEXT" help:"The reason, for the record."`
}

// Run stops the tasks that the flags name.
func (f *flags) Run(c *cli.Call) error {
	if !utf8.ValidString(f.Reason) {
		return fault.Usage("--reason: expected a string of UTF-8")
	}
	if len(f.Reason) > record.MaxStopReason {
		return fault.Usage("--reason: expected at most %d bytes, got %d", record.MaxStopReason, len(f.Reason))
	}
	targets, err := cli.Targets(c, cli.Request{Words: f.Tasks, Tags: f.Tag, FilterFlags: f.FilterFlags, Want: living})
	if err != nil {
		return err
	}
	// Each stop may sit out a grace: nobody wants to wait for their sum.
	c.Opts.Concurrency = max(len(targets), cli.DefaultConcurrency)
	items := cli.Items(targets, f.payload)
	return cli.EachOf(c, items, stopAll(c, items), func(*cli.TaskData) error { return nil })
}

// stopAll stops the tasks of the items together.
func stopAll(c *cli.Call, items []cli.Item[payload.Stop]) []cli.Outcome[*cli.TaskData] {
	results := make([]cli.Outcome[*cli.TaskData], len(items))
	h, err := c.ExistingHome()
	var list []control.Wanted
	var places []int
	for i, it := range items {
		switch {
		case it.Err != nil:
			results[i].Err = it.Err
		case err != nil:
			results[i].Err = err
		case h == nil:
			results[i].Err = &view.NotFoundError{ID: string(it.Payload.ID)}
		default:
			list = append(list, control.Wanted{ID: string(it.Payload.ID), StopOptions: options(it.Payload)})
			places = append(places, i)
		}
	}
	control.StopAll(c.Context(), h, list, c.Opts.Concurrency, func(n int, t *view.Task, err error) {
		r := &results[places[n]]
		if r.Err = err; err == nil {
			r.Data = cli.NewTaskData(c, t)
		}
	})
	return results
}

// living reports whether there may be something to end: an open run, or processes
// that outlived one.
func living(t *view.Task) bool { return t.Open() || t.Supervised() || t.Leftovers > 0 }

func (f *flags) payload(id string) *payload.Stop {
	p := &payload.Stop{ID: payload.TaskID(id), Reason: payload.Text(f.Reason), Signal: payload.Text(f.Signal)}
	if f.Grace != nil {
		ms := payload.NonNegative(f.Grace.Milliseconds())
		p.Grace = &ms
	}
	return p
}

func options(p *payload.Stop) control.StopOptions {
	o := control.StopOptions{Signal: string(p.Signal), Grace: -1, By: "bg-stop", Reason: string(p.Reason), Cause: record.Stopped}
	if p.Grace != nil {
		o.Grace = time.Duration(*p.Grace) * time.Millisecond
	}
	return o
}
