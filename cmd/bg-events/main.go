// Command bg-events prints what happened to tasks.
//
//	bg-events [-f] [--cursor CURSOR] [-n EVENTS] [--tag TAG] [--kind KIND] [--session ID] [TASK…]
//	bg-events '{"id":"bg_demo","lines":20}' [--stream] | @FILE | -
//
// In text mode it prints the journal, one JSON object a line, from the cursor
// on, or from the oldest event that is kept. The cursor in a line is the place
// after it: reading on from there misses nothing and repeats nothing. With a
// payload it prints the frames of one task.
package main

import (
	"bgtasks/lib/cli"
	"bgtasks/lib/view"
)

func main() {
	cli.Main(&cli.Verb{
		Name: "events",
		Help: "Print what happened to tasks, one JSON object a line, from the cursor on, or from the oldest event " +
			"that is kept. Conditions are about the tasks as they were then.",
		Flags:   &flags{},
		JSON:    eventsJSON,
		Options: []string{cli.OptOutput, cli.OptStream, cli.OptTimeout, cli.OptConcurrency},
	})
}

type flags struct {
	cli.Common
	Tasks   []string `arg:"" optional:"" name:"task" help:"Only events of these tasks: ids, names or unique beginnings of ids; - reads them from standard input."`
	Tag     []string `short:"t" placeholder:"TAG" help:"Only events of tasks with this tag; repeat it or use commas to demand several."`
	Kind    []string `placeholder:"KIND" help:"Only events of tasks of this kind."`
	Session []string `placeholder:"ID" help:"Only events of tasks that this session started."`
	Follow  bool     `short:"f" help:"Go on with what happens from now on."`
	Cursor  int64    `default:"-1" placeholder:"CURSOR" help:"Only what happened after this place."`
	Lines   int      `short:"n" default:"-1" placeholder:"EVENTS" help:"Of what has happened already only the last so many events."`
}

// Run prints the journal. With --json it does no more: its lines are JSON.
func (f *flags) Run(c *cli.Call) error {
	if f.Cursor < -1 || f.Lines < -1 {
		return cli.Usage("--cursor and --lines can't be negative")
	}
	match, err := f.matcher(c)
	if err != nil {
		return err
	}
	open := c.ExistingHome
	if f.Follow {
		open = c.Home
	}
	h, err := open()
	if h == nil || err != nil {
		return err
	}
	return c.PrintJournal(h, cli.JournalOptions{Cursor: f.Cursor, Last: f.Lines, Follow: f.Follow, Match: match})
}

// matcher tells which events are wanted. Tasks are found by name as they are
// now; one that is gone can be named by its id.
func (f *flags) matcher(c *cli.Call) (func(*view.Event) bool, error) {
	filter := view.Filter{Tags: f.Tag, Kinds: f.Kind, Sessions: f.Session}
	if len(f.Tasks) > 0 {
		ids, err := c.NamedOrGone(f.Tasks)
		if err != nil {
			return nil, err
		}
		filter.IDs = ids
		if len(ids) == 0 {
			return func(*view.Event) bool { return false }, nil
		}
	}
	return func(e *view.Event) bool {
		return filter.Match(&view.Task{ID: e.TaskID, Tags: e.Tags, Kind: e.Kind, ParentSessionID: e.SessionID})
	}, nil
}
