package record

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// object appends the members of one JSON object in the order of the calls.
type object struct {
	buf   []byte
	first bool
}

func openObject(b []byte) object { return object{buf: append(b, '{'), first: true} }

func (o *object) close() []byte { return append(o.buf, '}') }

func (o *object) key(name string) {
	if !o.first {
		o.buf = append(o.buf, ',')
	}
	o.first = false
	o.buf = AppendString(o.buf, name)
	o.buf = append(o.buf, ':')
}

func (o *object) null(name string) {
	o.key(name)
	o.buf = append(o.buf, "null"...)
}

func (o *object) bool(name string, v bool) {
	o.key(name)
	o.buf = strconv.AppendBool(o.buf, v)
}

func (o *object) int(name string, v int64) {
	o.key(name)
	o.buf = strconv.AppendInt(o.buf, v, 10)
}

func (o *object) str(name, v string) {
	o.key(name)
	o.buf = AppendString(o.buf, v)
}

func (o *object) time(name string, t time.Time) {
	o.key(name)
	o.buf = append(o.buf, '"')
	o.buf = AppendTime(o.buf, t)
	o.buf = append(o.buf, '"')
}

func (o *object) optInt(name string, v int64) {
	if v != 0 {
		o.int(name, v)
	}
}

func (o *object) optStr(name, v string) {
	if v != "" {
		o.str(name, v)
	}
}

func (o *object) optTime(name string, t time.Time) {
	if !t.IsZero() {
		o.time(name, t)
	}
}

// raw writes v as it is: it must be valid JSON already.
func (o *object) raw(name string, v []byte) {
	if len(v) > 0 {
		o.key(name)
		o.buf = append(o.buf, v...)
	}
}

// strs writes a list; a nil list is written as [], never as null.
func (o *object) strs(name string, list []string) {
	o.key(name)
	o.buf = append(o.buf, '[')
	for i, s := range list {
		if i > 0 {
			o.buf = append(o.buf, ',')
		}
		o.buf = AppendString(o.buf, s)
	}
	o.buf = append(o.buf, ']')
}

func (o *object) optStrs(name string, list []string) {
	if len(list) > 0 {
		o.strs(name, list)
	}
}

// object writes a nested object with the members that fill appends.
func (o *object) object(name string, fill func(*object)) {
	o.key(name)
	inner := openObject(o.buf)
	fill(&inner)
	o.buf = inner.close()
}

func (o *object) process(name string, p *Process) {
	if p == nil {
		return
	}
	o.object(name, func(in *object) {
		in.str("bootId", p.BootID)
		in.int("pid", int64(p.PID))
		in.key("startTicks")
		in.buf = strconv.AppendUint(in.buf, p.StartTicks, 10)
		in.optInt("pidNamespace", int64(p.PIDNS))
		in.optInt("timeNamespace", int64(p.TimeNS))
	})
}

func (o *object) usage(name string, u *Usage) {
	if u == nil {
		return
	}
	o.object(name, func(in *object) {
		in.int("userMs", u.UserMs)
		in.int("systemMs", u.SystemMs)
		in.int("maxRssKb", u.MaxRSSKB)
	})
}

func (o *object) stop(name string, s *Stop) {
	if s != nil {
		o.object(name, s.appendFields)
	}
}

// member takes the first member off the rest of an object whose values are strings
// or numbers. After a fault there is no rest.
func member(text string) (name, value, rest string) {
	name, rest = unquote(text)
	rest = strings.TrimPrefix(rest, ":")
	if strings.HasPrefix(rest, `"`) {
		value, rest = unquote(rest)
		return name, value, rest
	}
	end := 0
	for end < len(rest) && rest[end] != ',' && rest[end] != '}' {
		end++
	}
	return name, rest[:end], rest[end:]
}

// unquote takes off a string that AppendString wrote. That of package strconv would
// be a hundredth of the shim.
func unquote(text string) (value, rest string) {
	if !strings.HasPrefix(text, `"`) {
		return "", ""
	}
	var b []byte
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			return string(b), text[i+1:]
		case c != '\\' || i+1 == len(text):
			b = append(b, c)
		case text[i+1] == 'u' && i+6 <= len(text):
			r, _ := strconv.ParseUint(text[i+2:i+6], 16, 16)
			b = utf8.AppendRune(b, rune(r))
			i += 5
		default:
			i++
			b = append(b, unescaped(text[i]))
		}
	}
	return "", ""
}

// unescaped is what a backslash and c stand for.
func unescaped(c byte) byte {
	if i := strings.IndexByte("bfnrt", c); i >= 0 {
		return "\b\f\n\r\t"[i]
	}
	return c
}

const hex = "0123456789abcdef"

// AppendString appends s as a JSON string, byte for byte as encoding/json
// writes it with HTML escaping off.
func AppendString(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			if c >= 0x20 && c != '"' && c != '\\' && c != 0x7f {
				i++
				continue
			}
			b = append(b, s[start:i]...)
			b = appendEscaped(b, c)
			i++
			start = i
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 || r == '\u2028' || r == '\u2029' {
			b = append(b, s[start:i]...)
			b = append(b, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
			i += size
			start = i
			continue
		}
		i += size
	}
	b = append(b, s[start:]...)
	return append(b, '"')
}

func appendEscaped(b []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\b':
		return append(b, '\\', 'b')
	case '\f':
		return append(b, '\\', 'f')
	case '\n':
		return append(b, '\\', 'n')
	case '\r':
		return append(b, '\\', 'r')
	case '\t':
		return append(b, '\\', 't')
	case 0x7f:
		return append(b, c)
	}
	return append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
}

func (o *object) ints(name string, list []int) {
	if len(list) == 0 {
		return
	}
	o.key(name)
	o.buf = append(o.buf, '[')
	for i, n := range list {
		if i > 0 {
			o.buf = append(o.buf, ',')
		}
		o.buf = strconv.AppendInt(o.buf, int64(n), 10)
	}
	o.buf = append(o.buf, ']')
}
