package cli

import (
	"bytes"
	"encoding/json"

	"bgtasks/lib/show"
	"bgtasks/lib/view"
)

// Told is a task in an answer of JSON mode.
type Told struct {
	*view.Task
	suite bool
}

// Tell gives the task as this call's answer has it.
func (c *Call) Tell(t *view.Task) Told { return Told{t, c.Suite} }

// TellAll does so for many.
func (c *Call) TellAll(tasks []*view.Task) []Told {
	list := make([]Told, len(tasks))
	for i, t := range tasks {
		list[i] = c.Tell(t)
	}
	return list
}

// MarshalJSON writes the task. To callers of background-tasks an exit code is a number
// or absent: what decodes the answers of the program that they know refuses null.
func (t Told) MarshalJSON() ([]byte, error) {
	var v any = t.Task
	switch {
	case t.Unreadable != nil:
		v = show.Partial(t.Task)
	case t.suite:
		v = &numbered{Task: t.Task, ExitCode: t.ExitCode}
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return b.Bytes(), err
}

// numbered has a member of its own in the place of the task's.
type numbered struct {
	*view.Task
	ExitCode *int `json:"exitCode,omitempty"`
}
