// Command bg-list lists tasks, oldest first, and counts them.
//
//	bg-list [-q] [-o FORMAT] [--tag TAG] [--state STATE] … [--sort ORDER] [--limit N] [--offset N] [--aggregate] [TASK…]
//	bg-list '{"status":"running","tag":"demo"}' | @FILE | -
//
// On a terminal it prints a table, elsewhere an id a line.
package main

import (
	"bgtasks/lib/cli"
	"bgtasks/lib/fault"
	"bgtasks/lib/find"
	"bgtasks/lib/payload"
	"bgtasks/lib/show"
)

func main() {
	cli.Main(&cli.Verb{
		Name:    "list",
		Reads:   true,
		Help:    "List tasks, oldest first: as a table on a terminal, as one id per line elsewhere. A task must meet all conditions.",
		Flags:   &flags{},
		JSON:    cli.One(func(c *cli.Call, p *payload.List) (*listData, error) { return list(c, payloadListing(c, p)) }),
		Options: []string{cli.OptOutput, cli.OptConcurrency},
	})
}

type flags struct {
	cli.Common
	cli.Words
	cli.TagFlag
	cli.FilterFlags
	cli.OldFlags
	cli.PageFlags
	Aggregate bool   `help:"Count the matching tasks by state, status and kind instead of listing them."`
	Quiet     bool   `short:"q" help:"Print ids only."`
	Output    string `short:"o" placeholder:"FORMAT" help:"${formats}"`
}

// Run lists the tasks that the flags let through.
func (f *flags) Run(c *cli.Call) error {
	l, err := f.listing(c)
	if err != nil {
		return err
	}
	if err := c.TextOnly(cli.TextFlag{Name: "--output", Given: f.Output != ""}, cli.TextFlag{Name: "--quiet", Given: f.Quiet}); err != nil {
		return err
	}
	var missing []string
	if len(f.Tasks) > 0 {
		if l.Filter.IDs, missing, err = f.named(c); err != nil || len(l.Filter.IDs) == 0 {
			return err
		}
	}
	if c.JSON {
		data, err := list(c, l)
		if err != nil {
			return err
		}
		data.NotFound = missing
		return c.Succeed(data)
	}
	return f.print(c, l)
}

// payloadListing gives the payload in view's terms. Callers of background-tasks know a
// restarted task as the last one.
func payloadListing(c *cli.Call, p *payload.List) *payload.Listing {
	l := p.Listing()
	if c.Suite && p.OrderBy == "" {
		l.Order.By = find.ByRun
	}
	return l
}

// listing gives the flags in view's terms.
func (f *flags) listing(c *cli.Call) (*payload.Listing, error) {
	filter, err := f.Filter(f.Tag)
	if err != nil {
		return nil, err
	}
	f.OldFlags.Narrow(&filter)
	l, err := f.PageFlags.Listing(filter)
	if err != nil {
		return nil, err
	}
	if l.Aggregate = f.Aggregate; f.Aggregate && f.Quiet {
		return nil, fault.Usage("--quiet and --aggregate exclude each other")
	}
	return l, nil
}

// named finds the tasks that are named. One that is not there hinders no other.
func (f *flags) named(c *cli.Call) (ids, missing []string, err error) {
	targets, err := cli.Targets(c, cli.Request{Words: f.Tasks})
	if err != nil {
		return nil, nil, err
	}
	if c.JSON {
		return cli.FoundOrMissing(targets)
	}
	ids, err = c.Found(targets)
	return ids, nil, err
}

// shownIn tells how much of a task is shown in a format.
func shownIn(format string) cli.Shown {
	switch format {
	case "id":
		return cli.ShowIDs
	case "table", "tsv":
		return cli.ShowRows
	}
	return cli.ShowAll
}

func (f *flags) print(c *cli.Call, l *payload.Listing) error {
	format := f.Output
	if f.Quiet {
		format = "id"
	}
	if l.Aggregate {
		l.Filter.Brief = true
		tasks, err := cli.Load(c, l.Filter)
		if err != nil {
			return err
		}
		return cli.PrintAggregate(c, tasks, format)
	}
	shown := shownIn(c.TaskFormat(format))
	page, err := cli.LoadPage(c, l, shown)
	if err != nil {
		return err
	}
	if shown == cli.ShowIDs {
		return c.PrintIDs(page.IDs)
	}
	return show.Tasks(c.Printer, page.Tasks, format)
}
