// Command bg-logs prints the output of tasks, byte for byte.
//
//	bg-logs [-n LINES] [-f] [--since WHEN] [--until WHEN] [--grep RE] [--from OFFSET]
//	        [--run N] [--attempt N] [--all-runs] [-t] [--stdout] [--stderr] TASK…
//	bg-logs '{"id":"bg_demo","lines":50}' [--output auto|inline|artifact] [--stream] | @FILE | -
//
// By default it prints the output of the newest run. The stderr of a task with separate
// streams goes to stderr. Several tasks get headings. Where bytes were dropped, a line
// on stderr says so.
package main

import (
	"regexp"
	"time"

	"bgtasks/lib/cli"
	"bgtasks/lib/fault"
	"bgtasks/lib/payload"
	"bgtasks/lib/stream"
)

func main() {
	cli.Main(&cli.Verb{
		Name:    "logs",
		Reads:   true,
		Help:    "Print the output of tasks, byte for byte.",
		Flags:   &flags{},
		JSON:    logsJSON,
		Options: []string{cli.OptOutput, cli.OptStream, cli.OptTimeout, cli.OptConcurrency},
	})
}

type flags struct {
	cli.Common
	cli.Words
	cli.LongTagFlag
	cli.FilterFlags
	Lines      *int            `short:"n" placeholder:"LINES" help:"Only the last LINES lines."`
	Follow     bool            `short:"f" help:"Continue until the tasks have ended."`
	Since      *payload.Moment `placeholder:"WHEN" help:"Only output that arrived after this time: how long ago (10m), or RFC 3339. Accurate to a second."`
	Until      *payload.Moment `placeholder:"WHEN" help:"Only output that arrived before this time. Accurate to a second."`
	Grep       string          `placeholder:"RE" help:"Only lines that match the regular expression (RE2)."`
	From       *int64          `placeholder:"OFFSET" help:"Only bytes from this offset on."`
	Timestamps bool            `short:"t" help:"Put the time of arrival before each line, to the second."`
	Attempt    *int            `placeholder:"N" help:"Only the output of this attempt, of the newest run unless --run is given."`
	RunNumber  *int            `name:"run" placeholder:"N" help:"Only the output of this run; the newest run by default."`
	AllRuns    bool            `help:"The output of all runs, not only of the newest."`
	Stdout     bool            `help:"Only the stdout of tasks that were started with --split."`
	Stderr     bool            `help:"Only the stderr of tasks that were started with --split, on stdout."`
}

// Run prints the logs of the tasks that the flags name.
func (f *flags) Run(c *cli.Call) error {
	o, err := f.options()
	if err != nil {
		return err
	}
	if err := f.textOnly(c); err != nil {
		return err
	}
	targets, err := cli.Targets(c, cli.Request{Words: f.Tasks, Tags: f.Tag, FilterFlags: f.FilterFlags})
	if err != nil {
		return err
	}
	if c.JSON {
		return cli.Each(c, cli.Items(targets, f.payload), logs, nil)
	}
	ids, err := c.Found(targets)
	if err != nil || len(ids) == 0 {
		return err
	}
	h, err := c.Home()
	if err != nil {
		return err
	}
	if !f.Follow {
		return stream.PrintLogs(c, h, ids, o)
	}
	tasks, err := stream.FollowLogs(c, h, ids, o, false, time.Time{})
	if err != nil {
		return err
	}
	// Nobody knows whether a task that can't be read is over, and so whether
	// this was all.
	for _, t := range tasks {
		if t.Unreadable != nil {
			c.Complain(t.Unreadable)
			c.RaiseCode(fault.CodeTool)
		}
	}
	return nil
}

// textOnly refuses beside --json what the envelope has no place for.
func (f *flags) textOnly(c *cli.Call) error {
	return c.TextOnly(
		cli.TextFlag{Name: "--grep", Given: f.Grep != ""}, cli.TextFlag{Name: "--follow", Given: f.Follow},
		cli.TextFlag{Name: "--since", Given: f.Since != nil}, cli.TextFlag{Name: "--until", Given: f.Until != nil},
		cli.TextFlag{Name: "--stdout", Given: f.Stdout},
		cli.TextFlag{Name: "--from", Given: f.From != nil}, cli.TextFlag{Name: "--timestamps", Given: f.Timestamps},
		cli.TextFlag{Name: "--lines 0", Given: f.Lines != nil && *f.Lines == 0},
	)
}

func (f *flags) payload(id string) *payload.Logs {
	p := &payload.Logs{ID: payload.TaskID(id), Stderr: f.Stderr, AllRuns: f.AllRuns}
	if f.Lines != nil {
		p.Lines = payload.Positive(*f.Lines)
	}
	if f.RunNumber != nil {
		p.Run = payload.Positive(*f.RunNumber)
	}
	if f.Attempt != nil {
		p.Attempt = payload.Positive(*f.Attempt)
	}
	return p
}

func (f *flags) options() (stream.LogOptions, error) {
	o := stream.AllOutput()
	o.Stdout, o.Stderr, o.AllRuns = f.Stdout, f.Stderr, f.AllRuns
	o.Since, o.Until, o.Stamps = f.Since, f.Until, f.Timestamps
	if f.Stdout && f.Stderr {
		return o, fault.Usage("--stdout excludes --stderr: both are printed without them")
	}
	if f.Lines != nil {
		o.Lines = *f.Lines
	}
	if f.From != nil {
		o.From = *f.From
	}
	if f.Lines != nil && o.Lines < 0 || f.From != nil && o.From < 0 {
		return o, fault.Usage("--lines and --from can't be negative")
	}
	for _, n := range []struct {
		flag  string
		value *int
		into  *int
	}{{"--run", f.RunNumber, &o.Run}, {"--attempt", f.Attempt, &o.Attempt}} {
		if n.value == nil {
			continue
		}
		if *n.into = *n.value; *n.value < 1 {
			return o, fault.Usage("%s: expected a number from 1 on, got %d", n.flag, *n.value)
		}
	}
	if f.AllRuns && (o.Run != 0 || o.Attempt != 0) {
		return o, fault.Usage("--all-runs excludes --run and --attempt")
	}
	if f.Follow && (f.Until != nil || o.Run != 0 || o.Attempt != 0) {
		return o, fault.Usage("--follow excludes --until, --run and --attempt")
	}
	if f.Grep == "" {
		return o, nil
	}
	re, err := regexp.Compile(f.Grep)
	if err != nil {
		return o, fault.Usage("--grep: %v", err)
	}
	o.Grep = re
	return o, nil
}
