package payload

import (
	"bytes"
	"fmt"
	"strconv"
	"unicode/utf16"
)

// unpaired finds the strings and names of members in which half of a surrogate pair
// stands alone, such as "\ud800". There is no such character, and what decodes JSON
// would put another in its place: a command would get an argument that nobody gave.
func (t *Tree) unpaired(path []any, found func(path []any)) {
	if !bytes.Contains(t.Text, []byte(`\u`)) {
		return
	}
	switch t.Kind {
	case "string":
		if halfPair(t.Text) {
			found(path)
		}
	case "array":
		for i, item := range t.items {
			item.unpaired(append(path, i), found)
		}
	case "object":
		for _, m := range t.members {
			at := append(path, m.name)
			if halfPair(m.text) {
				found(at)
			}
			m.value.unpaired(at, found)
		}
	}
}

// halfPair tells whether the text of a JSON string has an escape of one half of a
// pair without the other (RFC 8259, section 7).
func halfPair(text []byte) bool {
	for i := 0; i+1 < len(text); i++ {
		if text[i] != '\\' {
			continue
		}
		i++ // to what is escaped, which may be a backslash
		first, ok := escaped(text[i:])
		if !ok || !utf16.IsSurrogate(first) {
			continue
		}
		if len(text) < i+7 || text[i+5] != '\\' {
			return true
		}
		second, ok := escaped(text[i+6:])
		if !ok || utf16.DecodeRune(first, second) == '\uFFFD' {
			return true
		}
		i += 10
	}
	return false
}

// escaped reads "uXXXX".
func escaped(text []byte) (rune, bool) {
	if len(text) < 5 || text[0] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(text[1:5]), 16, 16)
	return rune(n), err == nil
}

// wantUnicode is what is said of a string with half of a pair.
const wantUnicode = "a string of Unicode characters, without half of a surrogate pair"

// checkUnicode finds strings anywhere in a payload that are none.
func (f *faults) checkUnicode(t *Tree) {
	t.unpaired(nil, func(path []any) { f.refine(path, "Expected "+wantUnicode) })
}

// UnicodeError is the first such place of a value that is given as a flag.
func (t *Tree) UnicodeError() (err error) {
	t.unpaired(nil, func(path []any) {
		if err == nil {
			err = fmt.Errorf("expected %s, at %s", wantUnicode, pathText(path))
		}
	})
	return err
}

func pathText(path []any) string {
	if len(path) == 0 {
		return "its beginning"
	}
	var b bytes.Buffer
	for i, step := range path {
		if i > 0 {
			b.WriteByte('.')
		}
		fmt.Fprint(&b, step)
	}
	return b.String()
}
