package main

import (
	"fmt"
	"strings"
)

// check is one thing that was looked at.
type check struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
	Hint   string `json:"hint,omitempty"`
	Mended bool   `json:"mended,omitempty"`

	mend func() error // nil if it can't be mended, or only by a person
}

// repairHint is the hint of what can be mended.
const repairHint = "bg-doctor --repair"

func fine(name, format string, args ...any) check {
	return check{Name: name, OK: true, Detail: fmt.Sprintf(format, args...)}
}

func wrong(name string, err error, hint string) check {
	return check{Name: name, Detail: err.Error(), Hint: hint}
}

// curable is a thing that is wrong and can be mended.
func curable(name string, cure func() error, format string, args ...any) check {
	return check{Name: name, Detail: fmt.Sprintf(format, args...), Hint: repairHint, mend: cure}
}

func (c *check) word() string {
	switch {
	case !c.OK:
		return "WRONG"
	case c.Mended:
		return "mended"
	}
	return "ok"
}

func (c *check) line() string {
	if c.Hint == "" {
		return c.Detail
	}
	return c.Detail + " (hint: " + c.Hint + ")"
}

// mend mends what can be, and looks again until nothing new can be: behind a
// home that could not be opened there may be more.
func mend(s storage, checks []check) (storage, []check) {
	tried := map[string]error{}
	for mendAll(checks, tried) {
		s, checks = inspect()
	}
	for i := range checks {
		c := &checks[i]
		err, was := tried[c.Name]
		c.Mended = was && c.OK
		if was && !c.OK && err != nil {
			c.Hint = "it could not be mended: " + err.Error()
		}
	}
	return s, checks
}

// mendAll tells whether it did anything.
func mendAll(checks []check, tried map[string]error) (did bool) {
	for _, c := range checks {
		if _, was := tried[c.Name]; c.OK || c.mend == nil || was {
			continue
		}
		tried[c.Name] = c.mend()
		did = true
	}
	return did
}

// some names the first few of many.
func some(names []string) string {
	const few = 5
	if len(names) <= few {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:few], ", "), len(names)-few)
}
