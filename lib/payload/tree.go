package payload

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// Tree is a JSON value with what encoding/json's own values lack: the order of
// members, repeated ones, and the text of each part.
type Tree struct {
	Kind    string // "object", "array", "string", "number", "boolean" or "null"
	members []member
	items   []*Tree
	Str     string
	num     json.Number
	Text    []byte
}

type member struct {
	name  string
	text  []byte // of the name
	value *Tree
}

// ParseTree reads one JSON value and nothing after it. The error says line and
// column.
func ParseTree(data []byte) (*Tree, error) {
	var whole json.RawMessage
	if err := json.Unmarshal(data, &whole); err != nil {
		return nil, place(data, err)
	}
	if at := invalidUTF8(data); at >= 0 {
		line, column := position(data, at)
		return nil, fmt.Errorf("line %d, column %d: the text is not valid UTF-8", line, column)
	}
	p := &treeParser{data: data, dec: json.NewDecoder(bytes.NewReader(data))}
	p.dec.UseNumber()
	return p.value()
}

// place adds line and column to a syntax error.
func place(data []byte, err error) error {
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		return err
	}
	// The offset counts the byte at fault as read, unless there was none.
	at := int(syntax.Offset) - 1
	if syntax.Offset >= int64(len(data)) && syntax.Error() == "unexpected end of JSON input" {
		at = len(data)
	}
	line, column := position(data, max(at, 0))
	return fmt.Errorf("line %d, column %d: %w", line, column, err)
}

// position is the line and the column of a byte, both from 1.
func position(data []byte, at int) (line, column int) {
	before := data[:at]
	return bytes.Count(before, []byte("\n")) + 1, utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:]) + 1
}

// invalidUTF8 is where the first byte stands that is no UTF-8; -1 for none.
func invalidUTF8(data []byte) int {
	for at := 0; at < len(data); {
		r, size := utf8.DecodeRune(data[at:])
		if r == utf8.RuneError && size == 1 {
			return at
		}
		at += size
	}
	return -1
}

// treeParser builds a tree. The text was checked before, nesting included, so
// the tokens always come as expected.
type treeParser struct {
	data []byte
	dec  *json.Decoder
}

func (p *treeParser) value() (*Tree, error) {
	start := p.dec.InputOffset()
	token, err := p.dec.Token()
	if err != nil {
		return nil, err
	}
	t := &Tree{}
	switch v := token.(type) {
	case json.Delim:
		if v == '{' {
			err = p.object(t)
		} else {
			err = p.array(t)
		}
	case string:
		t.Kind, t.Str = "string", v
	case json.Number:
		t.Kind, t.num = "number", v
	case bool:
		t.Kind = "boolean"
	default:
		t.Kind = "null"
	}
	t.Text = bytes.TrimLeft(p.data[start:p.dec.InputOffset()], ",: \t\r\n")
	return t, err
}

func (p *treeParser) object(t *Tree) error {
	t.Kind = "object"
	for p.dec.More() {
		start := p.dec.InputOffset()
		name, err := p.dec.Token()
		if err != nil {
			return err
		}
		text := p.data[start:p.dec.InputOffset()]
		value, err := p.value()
		if err != nil {
			return err
		}
		t.members = append(t.members, member{name.(string), text, value})
	}
	return p.close()
}

func (p *treeParser) array(t *Tree) error {
	t.Kind = "array"
	for p.dec.More() {
		item, err := p.value()
		if err != nil {
			return err
		}
		t.items = append(t.items, item)
	}
	return p.close()
}

func (p *treeParser) close() error {
	_, err := p.dec.Token()
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Member finds a member by name; of repeated ones the last, as encoding/json
// does.
func (t *Tree) Member(name string) *Tree {
	for i := len(t.members) - 1; i >= 0; i-- {
		if t.members[i].name == name {
			return t.members[i].value
		}
	}
	return nil
}

// maxActual is how much of a faulty value a message repeats.
const maxActual = 200

// actual is the value's text for a message.
func (t *Tree) actual() string {
	var b bytes.Buffer
	if err := json.Compact(&b, t.Text); err != nil {
		return t.Kind
	}
	return CutText(b.String(), maxActual)
}

// CutText shortens s to at most n characters.
func CutText(s string, n int) string {
	for i := range s {
		if n--; n < 0 {
			return s[:i] + "…"
		}
	}
	return s
}
