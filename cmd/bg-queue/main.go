// Command bg-queue shows queues and sets their slots; it pauses, resumes and drains them.
//
//	bg-queue [list] [-o FORMAT]
//	bg-queue set NAME --slots N
//	bg-queue set --kind KIND --limit N
//	bg-queue pause NAME… | --all
//	bg-queue resume NAME… | --all
//	bg-queue drain NAME [--timeout DURATION]
//	bg-queue kick
//	bg-queue '{"action":"set","queue":"build","slots":4}' | @FILE | -
//
// Queues need not be made before they are used: one that was never set has one
// slot. Nothing runs for a queue: whoever ends a task starts the next one.
package main

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"bgtasks/lib/cli"
	"bgtasks/lib/fault"
	"bgtasks/lib/payload"
	"bgtasks/lib/record"
	"bgtasks/lib/sched"
	"bgtasks/lib/store"
)

func main() {
	cli.Main(&cli.Verb{
		Name:  "queue",
		Reads: true,
		Help: "Show the queues (list), set the slots of a queue or the limit of a kind (set), start no tasks of queues (pause), " +
			"start and accept tasks again (resume), accept no more tasks and wait until a queue is empty (drain), or start " +
			"all tasks that may run now (kick).",
		Flags:   &flags{},
		JSON:    cli.One(work),
		Options: []string{cli.OptOutput, cli.OptTimeout, cli.OptConcurrency},
	})
}

type flags struct {
	cli.Common
	Action   string            `arg:"" optional:"" help:"list, set, pause, resume, drain or kick; list by default."`
	Names    []string          `arg:"" optional:"" name:"name" help:"The queues."`
	Slots    string            `placeholder:"N" help:"With set: how many tasks of the queue run at once."`
	Kind     string            `placeholder:"KIND" help:"With set: the kind that the limit applies to."`
	Limit    string            `placeholder:"N" help:"With set: how many tasks of the kind run at once; 0 for any number."`
	All      bool              `help:"With pause and resume: all queues."`
	Timeout  *payload.Duration `placeholder:"DURATION" help:"With drain: how long to wait at most; then exit 124."`
	Dispatch string            `placeholder:"HOME" help:"Do what bg-dispatch does for this home: supervisors of an earlier version call this."`
	Output   string            `short:"o" placeholder:"FORMAT" help:"The format: json, jsonl, tsv or table; by default a table on a terminal and tsv elsewhere."`
}

// Run does what the words and flags say.
func (f *flags) Run(c *cli.Call) error {
	if f.Dispatch != "" {
		return sched.HandOver(store.At(f.Dispatch))
	}
	p, err := f.payload()
	if err == nil {
		err = f.checkOutput(c, p)
	}
	if err != nil {
		return err
	}
	c.Opts.Timeout = -1
	if f.Timeout != nil {
		c.Opts.Timeout = time.Duration(*f.Timeout)
	}
	d, err := work(c, p)
	if err != nil {
		return err
	}
	if c.JSON {
		return c.Succeed(d)
	}
	if p.Action != payload.QueueList {
		return nil
	}
	return printQueues(c, d, f.Output)
}

func (f *flags) checkOutput(c *cli.Call, p *payload.Queue) error {
	if p.Action != payload.QueueDrain && f.Timeout != nil {
		return fault.Usage("--timeout is for drain")
	}
	if p.Action != payload.QueueList && f.Output != "" {
		return fault.Usage("--output is for list")
	}
	if err := c.TextOnly(cli.TextFlag{Name: "--output", Given: f.Output != ""}); err != nil {
		return err
	}
	return payload.OneOf("--output", f.Output, []string{"json", "jsonl", "tsv", "table"})
}

// payload is what the words and flags say in JSON mode's terms.
func (f *flags) payload() (*payload.Queue, error) {
	p := &payload.Queue{Action: payload.QueueAction(f.Action), Kind: payload.Text(f.Kind), All: f.All}
	if f.Action == "" {
		p.Action = payload.QueueList
	}
	if !slices.Contains(payload.QueueActions, p.Action) {
		failure := fault.Usage("expected list, set, pause, resume, drain or kick, got %q", f.Action)
		if record.ValidID(f.Action) {
			failure.Hint = "a queue's name comes after what is to be done with it"
		}
		return nil, failure
	}
	for _, name := range f.Names {
		if !record.ValidID(name) {
			return nil, fault.Usage("name: expected %s, got %q", record.IDGrammar, name)
		}
		p.Queues = append(p.Queues, payload.QueueName(name))
	}
	if len(p.Queues) == 1 {
		p.Queue, p.Queues = p.Queues[0], nil
	}
	if len(p.Queues) > 1 && (p.Action == payload.QueueSet || p.Action == payload.QueueDrain) {
		return nil, fault.Usage("%s takes one name, got %d", p.Action, len(p.Queues))
	}
	if err := f.numbers(p); err != nil {
		return nil, err
	}
	return p, p.Check()
}

// numbers reads the flags with numbers.
func (f *flags) numbers(p *payload.Queue) error {
	if f.Slots != "" {
		n, err := number("--slots", f.Slots, 1)
		if err != nil {
			return err
		}
		slots := payload.Positive(n)
		p.Slots = &slots
	}
	if f.Limit != "" {
		n, err := number("--limit", f.Limit, 0)
		if err != nil {
			return err
		}
		limit := payload.NonNegative(n)
		p.Limit = &limit
	}
	return nil
}

// number reads an integer of at least so much.
func number(flag, text string, least int64) (int64, error) {
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if errors.Is(err, strconv.ErrRange) && n > 0 {
		return n, nil // the payload's check knows what is too much
	}
	if err != nil || n < least {
		return 0, fault.Usage("%s: expected an integer of at least %d, got %q", flag, least, text)
	}
	return n, nil
}
