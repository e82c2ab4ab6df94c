package cli

import (
	"bgtasks/lib/fault"
	"bgtasks/lib/payload"
)

// TextFlag is a flag that says how text is printed, and whether it is given.
type TextFlag struct {
	Name  string
	Given bool
}

// TextOnly refuses such flags beside --json: to pass over one would be to give
// an answer to another question.
func (c *Call) TextOnly(flags ...TextFlag) error {
	for _, f := range flags {
		if c.JSON && f.Given {
			return fault.Usage("%s is not available with --json", f.Name)
		}
	}
	return nil
}

// NeedsWait refuses a time-out for a wait that was not asked for.
func NeedsWait(timeout *payload.Duration, wait bool) error {
	if timeout == nil || wait {
		return nil
	}
	f := fault.Usage("--timeout is for a wait")
	f.Hint = "add --wait"
	return f
}
