// Command bg-list lists tasks, oldest first.
//
//	bg-list [-q] [-o FORMAT] [--tag TAG] [--kind KIND] [--session ID] [--state STATE] [--status STATUS] [TASK…]
//	bg-list '{"status":"running","tag":"demo"}' | @FILE | -
//
// On a terminal it prints a table, elsewhere an id a line.
package main

import (
	"slices"

	"bgtasks/lib/cli"
	"bgtasks/lib/view"
)

func main() {
	cli.Main(&cli.Verb{
		Name:    "list",
		Help:    "List tasks, oldest first: a table on a terminal, an id a line elsewhere. All conditions must hold.",
		Flags:   &flags{},
		JSON:    cli.One(list),
		Options: []string{cli.OptOutput, cli.OptConcurrency},
	})
}

type flags struct {
	cli.Common
	cli.Words
	cli.TagFlag
	cli.FilterFlags
	Quiet  bool   `short:"q" help:"Print ids only."`
	Output string `short:"o" placeholder:"FORMAT" help:"${formats}"`
}

// listData is what JSON mode tells.
type listData struct {
	Total int   `json:"total"`
	Tasks []any `json:"tasks"`
}

// Run lists the tasks that the flags let through.
func (f *flags) Run(c *cli.Call) error {
	filter, err := f.Filter(f.Tag)
	if err != nil {
		return err
	}
	if err := c.TextOnly(cli.TextFlag{Name: "--output", Given: f.Output != ""}, cli.TextFlag{Name: "--quiet", Given: f.Quiet}); err != nil {
		return err
	}
	format := f.Output
	if f.Quiet {
		format = "id"
	}
	filter.WithLogs = c.JSON || format != "" && format != "id" && format != "table" && format != "tsv"
	if len(f.Tasks) > 0 {
		if filter.IDs, err = f.named(c); err != nil || len(filter.IDs) == 0 {
			return err
		}
	}
	tasks, err := c.Load(filter)
	if err != nil {
		return err
	}
	if c.JSON {
		return c.Succeed(newListData(tasks))
	}
	return cli.PrintTasks(c, tasks, format)
}

// named finds the tasks that are named. One that is not there hinders no other,
// but an envelope has no place to say so.
func (f *flags) named(c *cli.Call) ([]string, error) {
	targets, err := c.Targets(cli.Request{Words: f.Tasks})
	if err != nil {
		return nil, err
	}
	for _, t := range targets {
		if c.JSON && t.Err != nil {
			return nil, t.Err
		}
	}
	return c.Found(targets)
}

func newListData(tasks []*view.Task) *listData {
	return &listData{len(tasks), cli.Known(tasks)}
}

func list(c *cli.Call, p *cli.ListPayload) (*listData, error) {
	filter := view.Filter{WithLogs: true}
	for _, id := range p.IDs {
		filter.IDs = append(filter.IDs, string(id))
	}
	for _, tag := range append(slices.Clip(p.Tags), p.Tag) {
		if tag != "" {
			filter.Tags = append(filter.Tags, string(tag))
		}
	}
	filter.Statuses = given(string(p.Status))
	filter.States = given(string(p.State))
	filter.Kinds = given(string(p.Kind))
	filter.Sessions = given(string(p.Session))
	tasks, err := c.Load(filter)
	if err != nil {
		return nil, err
	}
	return newListData(tasks), nil
}

// given makes a list of a condition, an empty one of none.
func given(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}
