// Command bg-start starts a task in the background and prints its id.
//
//	bg-start [FLAGS] [--] COMMAND [ARGUMENT…]
//	bg-start [FLAGS] -c 'SHELL LINE' [ARGUMENT…]
//	bg-start '{"command":"sleep","args":["60"]}' | '[…]' | @FILE | -
//
// It returns once the program was executed, or the task waits for its turn and
// that is on the disk. If the program can't be executed, the exit code is
// 127 (not found), 126 (not executable, or a bad working directory) or 125 (all
// else), and nothing is left behind. Flags end at the command:
// those that follow are its own.
package main

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	"bgtasks/lib/cli"
	"bgtasks/lib/launch"
	"bgtasks/lib/payload"
	"bgtasks/lib/sched"
	"bgtasks/lib/stream"
)

func main() {
	cli.Main(&cli.Verb{
		Name: "start",
		Help: "Start a task in the background and print its id. Returns once the program was executed, or the task is queued; exits 127 if it " +
			"was not found, 126 if it can't be executed, 125 for all else, and leaves nothing behind then.",
		Flags:   &flags{},
		JSON:    cli.Together(func(p *payload.Start) string { return string(p.ID) }, startAll),
		Options: cli.WaitOptions,
		After:   launch.Tidy,
	})
}

type flags struct {
	cli.Common
	Shell     string            `short:"c" name:"shell" placeholder:"LINE" help:"Run this line with sh -c; what follows are its positional parameters."`
	Chdir     string            `short:"C" placeholder:"DIR" help:"The working directory."`
	Env       []string          `short:"e" sep:"none" placeholder:"NAME=VALUE" help:"Set a variable; NAME alone takes the caller's value. Repeatable. Values are in no record."`
	EnvFile   []string          `sep:"none" placeholder:"FILE" help:"Set the variables of this file, one NAME=VALUE a line. Repeatable."`
	KeepEnv   bool              `help:"Keep these values, in a file that only you can read, so that the task can be restarted after its end."`
	Tag       []string          `short:"t" placeholder:"TAG" help:"A word to find the task by. Repeatable, or with commas."`
	Name      string            `placeholder:"NAME" help:"A name for people; the command's base name otherwise."`
	ID        string            `name:"id" placeholder:"ID" help:"The id; that of a finished task replaces it. Generated otherwise."`
	Kind      string            `placeholder:"KIND" help:"What sort of task it is; command otherwise."`
	Session   string            `placeholder:"ID" help:"The owner: a shell, a CI job or an agent session."`
	Meta      string            `placeholder:"JSON" help:"An object of your own, at most 16 KiB."`
	Notify    bool              `help:"Record that the owner wants to be told about the end."`
	Stdin     string            `placeholder:"FILE" help:"The standard input; empty otherwise."`
	Split     bool              `help:"Give stderr a log of its own."`
	LogMax    *payload.Size     `placeholder:"SIZE" help:"The most that the log may hold, as in 10M; 0 for no cap, 128M otherwise."`
	Tee       []string          `sep:"none" placeholder:"FILE" help:"Copy the output to this file or FIFO too. Repeatable."`
	TimeLimit *payload.Duration `placeholder:"DURATION" help:"End the task after this time."`
	Grace     *payload.Duration `placeholder:"DURATION" help:"The time between the polite signal and KILL; 5s otherwise."`
	Signal    payload.Signal    `placeholder:"SIGNAL" help:"The polite signal that ends the task; TERM otherwise."`
	Leftovers string            `placeholder:"POLICY" help:"What becomes of processes that outlive the command: keep (they live on, the task is over), wait, or kill."`
	Success   payload.Codes     `placeholder:"CODES" help:"Exit codes beside 0 that count as success, as in 1,3."`
	scheduleFlags
	cli.RelayFlags
	Wait    bool              `help:"Wait for the end and relay it: 0 if the task succeeded, else its exit code, or 128 and the signal's number."`
	Timeout *payload.Duration `placeholder:"DURATION" help:"With --wait, how long at most; then exit 124."`
	Logs    bool              `help:"Wait, and print the output meanwhile. The id goes to stderr then."`
	Command []string          `arg:"" optional:"" passthrough:"partial" help:"The command and its arguments."`
}

// Words takes a command that no flag precedes: all words are the command's then.
// The mark that flags end is among them, as the parser leaves it there.
func (f *flags) Words(args []string) bool {
	if len(args) == 0 || args[0] != "--" && strings.HasPrefix(args[0], "-") {
		return false
	}
	f.Command = args
	return true
}

// Run starts the task that the flags describe.
func (f *flags) Run(c *cli.Call) error {
	p, err := f.payload()
	if err == nil {
		err = errors.Join(c.TextOnly(cli.TextFlag{Name: "--logs", Given: f.Logs}), cli.NeedsWait(f.Timeout, f.Wait || f.Logs),
			f.RelayFlags.Apply(c, f.Wait || f.Logs))
	}
	if err != nil {
		return err
	}
	c.Opts.Timeout = -1
	if f.Timeout != nil {
		c.Opts.Timeout = time.Duration(*f.Timeout)
	}
	if c.JSON {
		c.Opts.Wait = f.Wait
		return cli.Each(c, []cli.Item[payload.Start]{{Payload: p}}, start, nil)
	}
	d, err := start(c, p)
	if err != nil {
		return err
	}
	id := d.answer.ID
	note(c, d.answer, f.Logs)
	if f.Logs {
		return f.show(c, id)
	}
	if err := announce(c, id); err != nil || !f.Wait {
		return err
	}
	t, err := cli.Await(c, id)
	if err == nil {
		c.Relay(t)
	}
	return err
}

// note tells people what the id alone does not.
func note(c *cli.Call, r *sched.Result, logs bool) {
	switch {
	case r.Disposition == sched.Reused:
		c.Note("reused %s, which %s", r.ID, cmp.Or(cli.Standing(r.ID), "is open"))
	case logs && r.Queued != nil:
		c.Note("queued %s", r.ID)
	case logs:
		c.Note("started %s", r.ID)
	}
	if len(r.Superseded) > 0 {
		c.Note("superseded %s", strings.Join(r.Superseded, ", "))
	}
}

// announce prints the id at once. If that fails the task runs all the same, and
// the caller must be able to find it.
func announce(c *cli.Call, id string) error {
	if err := errors.Join(c.Print(id), c.Out.Flush()); err != nil {
		return fmt.Errorf("task %q was started, but its id can't be told: %w", id, err)
	}
	return nil
}

// show prints the output until the task is over.
func (f *flags) show(c *cli.Call, id string) error {
	h, err := c.Home()
	if err != nil {
		return err
	}
	tasks, err := stream.FollowLogs(c, h, []string{id}, stream.AllOutput(), false, c.Opts.Deadline())
	if err != nil {
		return cli.WaitError(c, id, err)
	}
	c.Relay(tasks[0])
	return nil
}
