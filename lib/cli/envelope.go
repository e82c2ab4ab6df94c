package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"

	"bgtasks/lib/fault"
	"bgtasks/lib/show"
)

type success struct {
	OK      bool   `json:"ok"`
	Command string `json:"command"`
	Data    any    `json:"data"`
}

type failed struct {
	OK      bool           `json:"ok"`
	Command string         `json:"command"`
	Error   *fault.Failure `json:"error"`
}

// VersionData answers --version.
type VersionData struct {
	Version string `json:"version"`
}

// HelpData answers --help.
type HelpData struct {
	Help      string   `json:"help"`
	NextSteps []string `json:"next_steps"`
}

// NewHelpData says where to read on after the help text.
func NewHelpData(help string) HelpData {
	return HelpData{help, []string{"capabilities", "schema list", "examples list"}}
}

// Succeed prints the envelope of a success.
func (c *Call) Succeed(data any) error { return show.JSON(c.Out, success{true, c.Verb, data}) }

// quietCode knows the ends of a verb that nobody wants to read about: a signal
// while it waited, and a reader that has seen enough.
func (c *Call) quietCode(err error) (code int, quiet bool) {
	var stopped *interrupted
	switch {
	case c.ctx != nil && errors.Is(err, context.Canceled) && errors.As(context.Cause(c.ctx), &stopped):
		return 128 + int(stopped.signal), true
	case errors.Is(err, syscall.EPIPE):
		return 128 + int(syscall.SIGPIPE), true
	}
	return 0, false
}

// conclude reports err, if there is one, and gives the exit code. JSON mode
// has two codes only, unless asked to relay: the rest is in the envelope.
func (c *Call) conclude(err error) int {
	if err == nil {
		return c.code
	}
	if code, quiet := c.quietCode(err); quiet {
		return code
	}
	f := failureOf(err)
	if c.JSON {
		if err := show.JSON(c.Err, failed{false, c.Verb, f}); err != nil {
			return fault.CodeTool
		}
		if !c.Opts.Relay {
			return fault.CodeNo
		}
		return f.Code
	}
	c.Complain(f)
	return f.Code
}

// Complain tells people about an error, on one line, whatever it is made of.
func (c *Call) Complain(err error) {
	f := failureOf(err)
	fmt.Fprintf(c.Err, "bg-%s: error: %s\n", c.Verb, fault.Printable(strings.ReplaceAll(f.Error(), "\n", "; ")))
	if f.Hint != "" {
		fmt.Fprintf(c.Err, "bg-%s: hint: %s\n", c.Verb, fault.Printable(f.Hint))
	}
}
