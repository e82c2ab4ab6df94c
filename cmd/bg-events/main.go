// Command bg-events prints and follows the journal of events.
//
//	bg-events [--cursor CURSOR] [-n EVENTS] [--event NAME] [--tag TAG] [--state STATE] … [--entries] [TASK…]
//	bg-events -f [--cursor CURSOR | --no-bootstrap] [--limit N [--aggregate]] [--steps N] …
//	bg-events --consumer NAME [-f] [--auto-ack] … | --consumer NAME --ack CURSOR | --consumers | --forget NAME
//	bg-events '{"id":"bg_demo","lines":20}' [--stream] | @FILE | -
//
// In text mode it prints the journal, one JSON object per line, from the cursor or
// from the oldest event that is kept. With -f it begins with the current tasks and
// continues with new events. The cursor in a line is the place after it: a reader
// that continues from there misses nothing and repeats nothing. With a payload it
// prints the frames of one task, or events.
package main

import (
	"slices"

	"bgtasks/lib/cli"
	"bgtasks/lib/codec"
	"bgtasks/lib/fault"
	"bgtasks/lib/stream"
)

func main() {
	cli.Main(&cli.Verb{
		Name:  "events",
		Reads: true,
		Help: "Print the journal of events, one JSON object per line, from the cursor or from the oldest event " +
			"that is kept. With -f, begin with the current tasks and continue with new events. Conditions are about " +
			"the tasks as they were at the time of the event.",
		JSONHelp: "Print errors as JSON envelopes; events are JSON in any case.",
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
	Event       []string    `placeholder:"NAME" help:"Only events of this name: started, succeeded, failed and so on."`
	Follow      bool        `short:"f" help:"Print new events as they happen, after the current tasks; --cursor or -n sets another beginning."`
	NoBootstrap bool        `help:"Begin with the oldest event that is kept instead of the current tasks."`
	Limit       *cli.Number `placeholder:"N" help:"Begin with at most N tasks, the newest."`
	Aggregate   bool        `help:"With --limit: also count all matching tasks at the beginning, which reads all of them."`
	Steps       cli.Number  `placeholder:"N" help:"Show the newest N steps of each task at the beginning, too."`
	Cursor      *int64      `placeholder:"CURSOR" help:"Only events after this place."`
	Lines       *int        `short:"n" placeholder:"EVENTS" help:"Of the past events, only the last EVENTS."`
	Entries     bool        `help:"Print each event in a form for lists: type, level, message, percent and the like."`
	consumerFlags

	gone []cli.Target // that no task is, and no event was seen of
}

// Run prints the journal. With --json it does no more: its lines are JSON.
func (f *flags) Run(c *cli.Call) error {
	if f.manages() {
		return f.manage(c, f.reads())
	}
	o, err := f.options(c)
	if err != nil {
		return err
	}
	open := c.ExistingHome
	if f.Follow || f.Consumer != "" {
		open = c.Home
	}
	h, err := open()
	if h != nil && err == nil {
		err = stream.PrintJournal(c, h, o)
	}
	if err != nil {
		return err
	}
	return f.missed(c)
}

// reads tells whether any flag is about what is printed.
func (f *flags) reads() bool {
	filter, err := f.Filter(f.Tag)
	return err != nil || !filter.Empty() || len(f.Tasks)+len(f.Event) > 0 || f.Follow || f.NoBootstrap || f.Limit != nil ||
		f.Aggregate || f.Steps > 0 || f.Cursor != nil || f.Lines != nil || f.Entries || f.AutoAck
}

// missed tells of the words that nothing was ever known by. From a cursor on
// that can't be told.
func (f *flags) missed(c *cli.Call) error {
	if f.Cursor != nil || f.Consumer != "" || len(f.gone) == 0 {
		return nil
	}
	if len(f.Tasks) == 1 {
		return f.gone[0].Err
	}
	for _, t := range f.gone {
		c.Complain(t.Err)
	}
	c.RaiseCode(fault.CodeNo)
	return nil
}

func (f *flags) options(c *cli.Call) (stream.JournalOptions, error) {
	o := stream.AllEvents()
	o.Follow, o.Entries, o.Names = f.Follow, f.Entries, f.Event
	o.Consumer, o.AutoAck = f.Consumer, f.AutoAck
	live := f.Follow || f.Consumer != ""
	o.Bootstrap = live && !f.NoBootstrap && !f.Entries
	o.Shape.Steps = int(f.Steps)
	if f.Limit != nil {
		o.Shape.Limit, o.Shape.Uncounted = int(*f.Limit), !f.Aggregate
	}
	if f.Cursor != nil {
		o.Cursor = *f.Cursor
	}
	if f.Lines != nil {
		o.Last = *f.Lines
	}
	if f.Cursor != nil && o.Cursor < 0 || f.Lines != nil && o.Last < 0 {
		return o, fault.Usage("--cursor and --lines can't be negative")
	}
	if err := f.agree(live); err != nil {
		return o, err
	}
	return o, f.conditions(c, &o)
}

// agree refuses flags that have nothing to say beside the others.
func (f *flags) agree(live bool) error {
	shaped := f.Limit != nil || f.Steps > 0 || f.Aggregate
	switch {
	case shaped && (!live || f.NoBootstrap || f.Entries):
		return fault.Usage("--limit, --aggregate and --steps are about the tasks that --follow or --consumer begins with")
	case f.NoBootstrap && !live:
		return fault.Usage("--no-bootstrap is for --follow and --consumer")
	case f.Consumer != "" && (f.Cursor != nil || f.Lines != nil):
		return fault.Usage("--consumer has its own cursor: --cursor and --lines can't be beside it")
	}
	return f.consumerFlags.agree()
}

// conditions tell which events are wanted. Tasks are found by name as they are
// now; one that is gone can be named by its id.
func (f *flags) conditions(c *cli.Call, o *stream.JournalOptions) (err error) {
	if err := stream.CheckEvents("--event", f.Event); err != nil {
		return err
	}
	if o.Filter, err = f.Filter(f.Tag); err != nil || len(f.Tasks) == 0 {
		return err
	}
	targets, err := cli.NamedOrGone(c, f.Tasks)
	if err != nil {
		return err
	}
	if len(targets) == 0 { // as from an empty standard input: no task is meant, and none has this id
		o.Filter.IDs = []string{""}
	}
	for _, t := range targets {
		o.Filter.IDs = append(o.Filter.IDs, t.ID)
	}
	f.gone = slices.DeleteFunc(targets, func(t cli.Target) bool { return t.Err == nil })
	o.Seen = func(e *codec.Event) {
		f.gone = slices.DeleteFunc(f.gone, func(t cli.Target) bool { return t.ID == e.TaskID })
	}
	return nil
}
