package cli

import (
	"bufio"
	"io"
	"os"
	"strings"
	"syscall"

	"bgtasks/lib/payload"
	"bgtasks/lib/proc"
	"bgtasks/lib/show"
	"bgtasks/lib/store"
)

// Version is the suite's version. The build sets it with -ldflags -X.
var Version = "0.1.0-dev"

// Verb describes one command of the suite to Main.
type Verb struct {
	Name string // "stop"; the program is bg-stop
	Help string // a line or a paragraph for --help

	JSONHelp string // of --json, where that is no envelope

	// Flags is a pointer to the text grammar: a struct with kong tags that
	// embeds Common and has a Run method.
	Flags Grammar

	// JSON does the verb's work for the JSON command line, where words are
	// what is left of it without the options.
	JSON func(c *Call, words []string) error

	// Options are the JSON command line's options that this verb takes, of
	// those in package cli.
	Options []string

	// Reads says that the verb is of use in a home of another host, where it can only
	// read. What else it does asks Own first.
	Reads bool

	// After is what the verb does for a home that it has opened, once its
	// answer is written: it must not fail, nor take long.
	After func(*store.Home)
}

// Grammar is a verb's text command line.
type Grammar interface {
	// Run does the verb's work with the parsed flags. It serves text mode and
	// text flags with --json alike; what differs is hidden in Call.
	Run(c *Call) error
	common() *Common
}

// Wordy is a grammar that can take command lines without flags by itself: to build
// the parser is a good part of what a short-lived process costs.
type Wordy interface {
	// Words takes the words of a command line, as the parser would. It is false, and
	// nothing has changed, if there is anything else among them, or nothing.
	Words(args []string) bool
}

// Common are the flags of every verb. Grammars embed it.
type Common struct {
	JSON    bool        `name:"json" help:"Print one JSON envelope instead of text."`
	Version versionFlag `help:"Print the version."`
}

func (f *Common) common() *Common { return f }

// Main runs the verb with the process's arguments and streams, and ends the
// process with its exit code. Files that the verb makes are private whatever
// the caller's umask (P11); the caller's own is handed on to tasks.
func Main(v *Verb) {
	umask := syscall.Umask(0o077)
	heedQuit = proc.QuitSilently()
	os.Exit(v.Do(os.Args[1:], Streams{os.Stdin, os.Stdout, os.Stderr}, umask))
}

// Streams are a process's standard streams.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// Do runs the verb and returns the process's exit code.
func (v *Verb) Do(args []string, s Streams, umask int) int {
	out := bufio.NewWriterSize(output{s.Out}, 32<<10)
	c := &Call{Verb: v.Name, In: s.In, Printer: show.NewPrinter(out, s.Out), Err: s.Err, Umask: umask, Opts: defaultOptions()}
	c.reads = v.Reads
	defer c.release()
	err := v.dispatch(c, args)
	if unsaid := out.Flush(); err == nil {
		err = unsaid
	}
	code := c.conclude(err)
	if v.After != nil && c.home != nil && c.home.Away() == nil {
		v.After(c.home)
	}
	return code
}

// output tells a failure to write the answer from every other.
type output struct{ to io.Writer }

func (o output) Write(p []byte) (int, error) {
	n, err := o.to.Write(p)
	if err != nil {
		err = &outputError{err}
	}
	return n, err
}

func (v *Verb) dispatch(c *Call, args []string) error {
	line, strict, err := c.jsonLine(v, args)
	if err != nil {
		return err
	}
	if line == nil {
		return v.runText(c, args)
	}
	c.JSON, c.Suite = true, strict
	if shown, err := v.builtIn(c, line, strict); shown || err != nil {
		return err
	}
	c.Opts.anyCase = strict
	words, err := c.Opts.parse(line, v.Options)
	if err != nil {
		return err
	}
	if err := c.fruitless(v.Name); err != nil {
		return err
	}
	if payload.LookUp(v.Name) == nil && len(words) > 0 {
		words[0] = strings.ToLower(strings.TrimSpace(words[0]))
	}
	err = v.JSON(c, words)
	if verb, action, _ := strings.Cut(c.Verb, " "); looksLikePayload(action) {
		c.Verb = verb
	}
	return err
}
