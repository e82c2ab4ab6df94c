package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"

	"bgtasks/lib/fault"
	"bgtasks/lib/heal"
	"bgtasks/lib/sched"
	"bgtasks/lib/show"
	"bgtasks/lib/store"
)

// Call is one execution of a verb. What only some verbs need is a function and no
// method: the parser of flags looks methods up by their names, so the linker
// keeps each that is exported in every program.
type Call struct {
	*show.Printer
	Verb  string // without "bg-"; with "list" or "show" where the verb has these
	In    io.Reader
	Err   io.Writer
	JSON  bool // the answer is an envelope
	Suite bool // asked for by background-tasks, whose answers are those of its callers' earlier program
	Umask int  // the caller's
	Opts  Options

	reads   bool       // the verb works in a home of another host too
	mu      sync.Mutex // guards home and ctx: batches work on several items at once
	home    *store.Home
	ctx     context.Context
	signals chan os.Signal
	code    int // the exit code so far
}

// Home opens the home and creates it if it is missing. The first to open it tends
// the queues: what a killed process left undone is done by the next verb.
func (c *Call) Home() (*store.Home, error) {
	return c.openHome(func(path string) (*store.Home, error) {
		if err := store.CheckBase(os.Getenv); err != nil {
			return nil, err
		}
		return store.Open(path)
	})
}

// MayMakeHome tells why a home that is not there can't be made; nil if it can, or is
// there.
func MayMakeHome() error {
	if err := store.CheckBase(os.Getenv); err != nil {
		path, _ := store.Locate(os.Getenv)
		return &HomeError{Op: "initialize", Path: path, Err: err}
	}
	return nil
}

// ExistingHome opens the home for reading. It is nil, without an error, if there
// is none: then there are no tasks.
func (c *Call) ExistingHome() (*store.Home, error) {
	h, err := c.openHome(openThere)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return h, err
}

// openThere opens a home that is there, also one that has lost its LAYOUT: there may be
// tasks in it.
func openThere(path string) (*store.Home, error) {
	h, err := store.OpenExisting(path)
	if errors.Is(err, fs.ErrNotExist) && store.CheckDir(store.At(path).TasksDir()) == nil && store.CheckDir(store.At(path).JournalBells()) == nil {
		return store.Open(path)
	}
	return h, err
}

func (c *Call) openHome(open func(string) (*store.Home, error)) (*store.Home, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.home != nil {
		return c.home, nil
	}
	path, err := store.Locate(os.Getenv)
	if err != nil {
		return nil, &HomeError{Op: "initialize", Err: err}
	}
	first := !store.IsHome(path)
	h, err := open(path)
	if first {
		c.noteEarlier(path)
	}
	if err != nil {
		return nil, &HomeError{Op: "initialize", Path: path, Err: err}
	}
	heal.Settle(h, !c.reads)
	if away := h.Away(); away != nil && !c.reads {
		return nil, &HomeError{Op: "initialize", Path: path, Err: away}
	} else if away != nil && !c.JSON {
		c.Note("%v: shown is what its records say", away)
	}
	c.home = h
	if h.Away() == nil {
		_ = heal.Complete(h) // what can only be read is read without
		_ = sched.Tend(h)    // a verb must work in a home where nothing can be started
	}
	return h, nil
}

// Own makes sure that the home is this host's, for what a verb that otherwise reads is
// about to write.
func Own(h *store.Home) error {
	if h.Away() == nil {
		return nil
	}
	return &HomeError{Op: "initialize", Path: h.Path(), Err: h.Away()}
}

// noteEarlier tells people, once a home, that what they may look for is not there.
func (c *Call) noteEarlier(path string) {
	if earlier := store.Earlier(path); earlier != "" && !c.JSON {
		c.Note("%s is of another program, which is called background-tasks too: its tasks are not shown, and nothing of it is changed", earlier)
	}
}

// HomeError is a failure to open the home; it becomes exit code 5.
type HomeError struct {
	Op, Path string
	Err      error
}

func (e *HomeError) Error() string {
	switch why := e.Err.Error(); {
	case e.Path == "":
		return "no home: " + why
	case strings.Contains(why, e.Path):
		return why
	default:
		return e.Path + ": " + why
	}
}

func (e *HomeError) Unwrap() error { return e.Err }

// Context ends at the first INT, QUIT, TERM or HUP. A verb that waits asks for it,
// so that it leaves no bell behind; the task is none of the signal's business.
func (c *Call) Context() context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ctx != nil {
		return c.ctx
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	c.ctx, c.signals = ctx, make(chan os.Signal, 1)
	signal.Notify(c.signals, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGHUP)
	heedQuit() // only now: a QUIT that the runtime is given and nobody waits for ends in a trace, with 2
	go func(signals <-chan os.Signal) {
		if sig, ok := <-signals; ok {
			cancel(&interrupted{sig.(syscall.Signal)})
		}
	}(c.signals)
	return ctx
}

// interrupted is the cause of a context that a signal ended.
type interrupted struct{ signal syscall.Signal }

func (e *interrupted) Error() string { return "interrupted: " + e.signal.String() }

func (c *Call) release() {
	if c.signals != nil {
		signal.Stop(c.signals)
		close(c.signals)
	}
}

// RaiseCode makes the exit code at least n.
func (c *Call) RaiseCode(n int) { c.code = max(c.code, n) }

// Note says something to people that is neither data nor an error.
func (c *Call) Note(format string, args ...any) {
	fmt.Fprintf(c.Err, "bg-%s: note: %s\n", c.Verb, fmt.Sprintf(format, args...))
}

// readStdin takes the whole standard input, if it is not too long. It can be called again for the
// same bytes.
func (c *Call) readStdin() ([]byte, error) {
	if b, ok := c.In.(*bytes.Reader); ok {
		data := make([]byte, b.Size())
		_, err := b.ReadAt(data, 0)
		if errors.Is(err, io.EOF) {
			err = nil
		}
		return data, err
	}
	data, err := fault.ReadAll(c.In, "standard input", fault.MaxInput)
	c.In = bytes.NewReader(data)
	return data, err
}

// heedQuit lets this process be told of SIGQUIT, which ends it silently until then.
var heedQuit = func() {}
