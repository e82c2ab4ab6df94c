// Command bg-events prints what happened to tasks.
//
//	bg-events [-f] [--cursor CURSOR] [-n EVENTS] [--tag TAG] [--kind KIND] [--session ID] [--state STATE] [TASK…]
//	bg-events '{"id":"bg_demo","lines":20}' [--stream] | @FILE | -
//
// In text mode it prints the journal, one JSON object a line, from the cursor
// on, or from the oldest event that is kept. The cursor in a line is the place
// after it: reading on from there misses nothing and repeats nothing. With a
// payload it prints the frames of one task.
package main

import (
	"slices"

	"bgtasks/lib/cli"
	"bgtasks/lib/record"
	"bgtasks/lib/view"
)

func main() {
	cli.Main(&cli.Verb{
		Name: "events",
		Help: "Print what happened to tasks, one JSON object a line, from the cursor on, or from the oldest event " +
			"that is kept. Conditions are about the tasks as they were then.",
		JSONHelp: "Errors are JSON envelopes; the events are JSON anyway.",
		Flags:    &flags{},
		JSON:     eventsJSON,
		Options:  []string{cli.OptOutput, cli.OptStream, cli.OptTimeout, cli.OptConcurrency},
	})
}

type flags struct {
	cli.Common
	Tasks []string `arg:"" optional:"" name:"task" help:"Only events of these tasks: ids, names or unique beginnings of ids; - reads them from standard input."`
	cli.TagFlag
	cli.FilterFlags
	Follow bool   `short:"f" help:"Go on with what happens from now on."`
	Cursor *int64 `placeholder:"CURSOR" help:"Only what happened after this place."`
	Lines  *int   `short:"n" placeholder:"EVENTS" help:"Of what has happened already only the last so many events."`

	gone []cli.Target // that no task is, and no event was seen of
}

// Run prints the journal. With --json it does no more: its lines are JSON.
func (f *flags) Run(c *cli.Call) error {
	o, err := f.options(c)
	if err != nil {
		return err
	}
	open := c.ExistingHome
	if f.Follow {
		open = c.Home
	}
	h, err := open()
	if h != nil && err == nil {
		err = c.PrintJournal(h, o)
	}
	if err != nil {
		return err
	}
	return f.missed(c)
}

// missed tells of the words that nothing was ever known by. From a cursor on
// that can't be told.
func (f *flags) missed(c *cli.Call) error {
	if f.Cursor != nil || len(f.gone) == 0 {
		return nil
	}
	if len(f.Tasks) == 1 {
		return f.gone[0].Err
	}
	for _, t := range f.gone {
		c.Complain(t.Err)
	}
	c.RaiseCode(cli.CodeNo)
	return nil
}

func (f *flags) options(c *cli.Call) (o cli.JournalOptions, err error) {
	o = cli.JournalOptions{Cursor: -1, Last: -1, Follow: f.Follow}
	if f.Cursor != nil {
		o.Cursor = *f.Cursor
	}
	if f.Lines != nil {
		o.Last = *f.Lines
	}
	if f.Cursor != nil && o.Cursor < 0 || f.Lines != nil && o.Last < 0 {
		return o, cli.Usage("--cursor and --lines can't be negative")
	}
	o.Match, err = f.matcher(c)
	return o, err
}

// matcher tells which events are wanted. Tasks are found by name as they are
// now; one that is gone can be named by its id.
func (f *flags) matcher(c *cli.Call) (func(*view.Event) bool, error) {
	filter, err := f.Filter(f.Tag)
	if err != nil {
		return nil, err
	}
	if len(f.Tasks) > 0 {
		targets, err := c.NamedOrGone(f.Tasks)
		if err != nil {
			return nil, err
		}
		for _, t := range targets {
			filter.IDs = append(filter.IDs, t.ID)
		}
		f.gone = slices.DeleteFunc(targets, func(t cli.Target) bool { return t.Err == nil })
		if len(filter.IDs) == 0 {
			return func(*view.Event) bool { return false }, nil
		}
	}
	return func(e *view.Event) bool {
		f.gone = slices.DeleteFunc(f.gone, func(t cli.Target) bool { return t.ID == e.TaskID })
		return filter.Match(&view.Task{ID: e.TaskID, Tags: e.Tags, Kind: e.Kind, ParentSessionID: e.SessionID,
			State: e.State.State, Status: record.StatusOf(e.State.State, e.State.Reason)})
	}, nil
}
