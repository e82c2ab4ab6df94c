package fault

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Exit codes of text mode, see bgtasks(7).
const (
	CodeNo            = 1
	CodeUsage         = 2
	CodeNoTask        = 3
	CodeAmbiguous     = 4
	CodeHome          = 5
	CodeTimeout       = 124
	CodeTool          = 125
	CodeNotExecutable = 126
	CodeNotFound      = 127
)

// Failure is an error as both modes tell it.
type Failure struct {
	Type      string // JSON mode's name for it
	Message   string // JSON mode
	Details   []Detail
	Retryable bool

	Code int    // text mode's exit code
	Text string // text mode; Message when empty
	Hint string // text mode
}

// Error is the sentence for people.
func (f *Failure) Error() string {
	if f.Text != "" {
		return f.Text
	}
	return f.Message
}

// Detail is a member of a failure's details. Their order is kept.
type Detail struct {
	Key   string
	Value any
}

// With makes a detail.
func With(key string, value any) Detail { return Detail{key, value} }

// MarshalJSON writes the "error" member of an envelope.
func (f *Failure) MarshalJSON() ([]byte, error) {
	details := append(append([]Detail{}, f.Details...), Detail{"retryable", f.Retryable})
	return marshalOrdered([]Detail{{"type", f.Type}, {"message", f.Message}, {"details", Object(details)}})
}

// Object is a JSON object whose members keep their order.
type Object []Detail

// MarshalJSON writes it.
func (o Object) MarshalJSON() ([]byte, error) { return marshalOrdered(o) }

func marshalOrdered(members []Detail) ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range members {
		if i > 0 {
			b.WriteByte(',')
		}
		key, _ := Marshal(m.Key)
		value, err := Marshal(m.Value)
		if err != nil {
			return nil, fmt.Errorf("encode %s: %w", m.Key, err)
		}
		b.Write(key)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// Marshal is json.Marshal without the escapes that only HTML needs.
func Marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// inputFailure is a CommandInputError.
func Input(message string, details ...Detail) *Failure {
	return &Failure{Type: "CommandInputError", Message: message, Details: details, Code: CodeUsage}
}

// Usage is a command line that makes no sense: exit code 2.
func Usage(format string, args ...any) *Failure {
	return Input(fmt.Sprintf(format, args...))
}
