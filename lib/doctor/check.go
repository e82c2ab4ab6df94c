package doctor

import (
	"fmt"
	"strings"
)

// Check is one thing that was looked at.
type Check struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
	Hint   string `json:"hint,omitempty"`
	Mended bool   `json:"mended,omitempty"`

	mend func() error // nil if it can't be mended, or only by a person
}

const (
	repairHint   = "bg-doctor --repair" // for what can be mended
	takeOverHint = "look there; if no task runs there any more, bg-doctor --take-over"
)

func fine(name, format string, args ...any) Check {
	return Check{Name: name, OK: true, Detail: fmt.Sprintf(format, args...)}
}

func wrong(name string, err error, hint string) Check {
	return Check{Name: name, Detail: err.Error(), Hint: hint}
}

// curable is a thing that is wrong and can be mended.
func curable(name string, cure func() error, format string, args ...any) Check {
	return Check{Name: name, Detail: fmt.Sprintf(format, args...), Hint: repairHint, mend: cure}
}

// Word is what came of it: ok, mended or WRONG.
func (c *Check) Word() string {
	switch {
	case !c.OK:
		return "WRONG"
	case c.Mended:
		return "mended"
	}
	return "ok"
}

// Line is what people are told of it.
func (c *Check) Line() string {
	if c.Hint == "" {
		return c.Detail
	}
	return c.Detail + " (hint: " + c.Hint + ")"
}

// some names the first few of many.
func some(names []string) string {
	const few = 5
	if len(names) <= few {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:few], ", "), len(names)-few)
}
