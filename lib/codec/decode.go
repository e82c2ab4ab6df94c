package codec

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"
	"unicode/utf8"
	"unsafe"

	"github.com/tidwall/gjson"

	"bgtasks/lib/record"
)

// maxDepth bounds the nesting of a record: gjson validates by recursion, and a
// file of a million brackets must not exhaust the stack. Metadata of MaxMetadata
// bytes fits whatever it holds.
const maxDepth = record.MaxMetadata + 8

var (
	errNotObject  = errors.New("not a JSON object")
	errNotUTF8    = errors.New("not UTF-8")
	errNoVersion  = errors.New("no version")
	errIncomplete = errors.New("incomplete")
)

// members tells for each member of a record how it is decoded. Members that
// are not in the table are ignored: a later version of layout 1 may add some. It
// is no map: those are made anew whenever a program starts, whether it reads
// records or not.
type members[T any] []struct {
	key    string
	decode func(d *decoder, into *T, v gjson.Result)
}

// decoder keeps the first thing that was wrong, so that the tables need no
// error handling of their own.
type decoder struct {
	key     string
	version int64
	err     error
}

// decode decodes a member, and tells where to look for the next one first: a record
// is written in the order of its table.
func (table members[T]) decode(d *decoder, from int, key string, into *T, v gjson.Result) (next int) {
	for n := range table {
		i := from + n
		if i >= len(table) {
			i -= len(table)
		}
		if table[i].key == key {
			table[i].decode(d, into, v)
			return i + 1
		}
	}
	return from
}

// decodeRecord decodes a whole record: one JSON object that holds its version.
func decodeRecord[T any](data []byte, table members[T], into *T) error {
	next := 0
	return decodeWith(data, func(d *decoder, key string, v gjson.Result) {
		next = table.decode(d, next, key, into, v)
	})
}

// decodeWith calls decode with each member of a record but its version.
func decodeWith(data []byte, decode func(d *decoder, key string, v gjson.Result)) error {
	if err := validate(data); err != nil {
		return err
	}
	return decodeText(string(data), decode)
}

// decodeInPlace does not copy the data: what decode is given is good until they are overwritten.
func decodeInPlace(data []byte, decode func(d *decoder, key string, v gjson.Result)) error {
	if err := validate(data); err != nil {
		return err
	}
	return decodeText(unsafe.String(unsafe.SliceData(data), len(data)), decode)
}

func validate(data []byte) error {
	if tooDeep(data) || !gjson.ValidBytes(data) {
		return errNotObject
	}
	if !utf8.Valid(data) {
		return errNotUTF8
	}
	return nil
}

func decodeText(text string, decode func(d *decoder, key string, v gjson.Result)) error {
	root := gjson.Parse(text)
	if !root.IsObject() {
		return errNotObject
	}
	d := &decoder{}
	d.eachMember(root, func(key string, v gjson.Result) {
		if key == "v" {
			d.version = d.integer(v)
			return
		}
		decode(d, key, v)
	})
	switch {
	case d.err != nil:
		return d.err
	case d.version == 0:
		return errNoVersion
	case d.version != record.Version:
		return fmt.Errorf("version %d is not known", d.version)
	}
	return nil
}

// eachMember calls decode with the members of an object until one is wrong.
func (d *decoder) eachMember(object gjson.Result, decode func(key string, v gjson.Result)) {
	object.ForEach(func(key, v gjson.Result) bool {
		d.key = key.Str
		decode(key.Str, v)
		return d.err == nil
	})
}

func decodeMembers[T any](d *decoder, object gjson.Result, table members[T], into *T) {
	next := 0
	d.eachMember(object, func(key string, v gjson.Result) { next = table.decode(d, next, key, into, v) })
}

// nested decodes a member that is an object of its own.
func nested[T any](d *decoder, v gjson.Result, table members[T]) *T {
	into := new(T)
	if !v.IsObject() {
		d.fail("an object")
		return into
	}
	decodeMembers(d, v, table, into)
	return into
}

func (d *decoder) fail(want string) {
	if d.err == nil {
		d.err = fmt.Errorf("member %q is not %s", d.key, want)
	}
}

func (d *decoder) str(v gjson.Result) string {
	if v.Type != gjson.String {
		d.fail("a string")
	}
	return v.Str
}

// base64 decodes a string of bytes that are no UTF-8.
func (d *decoder) base64(v gjson.Result) string {
	raw, err := base64.StdEncoding.DecodeString(d.str(v))
	if err != nil {
		d.fail("base64")
	}
	return string(raw)
}

func (d *decoder) base64s(v gjson.Result) (list []string) {
	d.each(v, func(item gjson.Result) { list = append(list, d.base64(item)) })
	return list
}

func (d *decoder) flag(v gjson.Result) bool {
	if !v.IsBool() {
		d.fail("true or false")
	}
	return v.Type == gjson.True
}

func (d *decoder) integer(v gjson.Result) int64 {
	n, err := strconv.ParseInt(v.Raw, 10, 64)
	if v.Type != gjson.Number || err != nil {
		d.fail("an integer")
	}
	return n
}

// milli gives a number in thousandths.
func (d *decoder) milli(v gjson.Result) int64 {
	if v.Type != gjson.Number {
		d.fail("a number")
	}
	return int64(math.Round(v.Num * 1000))
}

func (d *decoder) number(v gjson.Result) int { return int(d.integer(v)) }

func (d *decoder) unsigned(v gjson.Result) uint64 {
	n, err := strconv.ParseUint(v.Raw, 10, 64)
	if v.Type != gjson.Number || err != nil {
		d.fail("a non-negative integer")
	}
	return n
}

func (d *decoder) time(v gjson.Result) time.Time {
	t, err := time.Parse(time.RFC3339, v.Str)
	if v.Type != gjson.String || err != nil {
		d.fail("a time")
	}
	return t.UTC()
}

// each calls put with every element of a list.
func (d *decoder) each(v gjson.Result, put func(gjson.Result)) {
	if !v.IsArray() {
		d.fail("a list")
		return
	}
	v.ForEach(func(_, element gjson.Result) bool {
		put(element)
		return d.err == nil
	})
}

func (d *decoder) strs(v gjson.Result) (list []string) {
	d.each(v, func(e gjson.Result) { list = append(list, d.str(e)) })
	return list
}

func (d *decoder) numbers(v gjson.Result) (list []int) {
	d.each(v, func(e gjson.Result) { list = append(list, d.number(e)) })
	return list
}

// object gives the bytes of a member that is an object, as they are.
func (d *decoder) object(v gjson.Result) []byte {
	if !v.IsObject() {
		d.fail("an object")
	}
	return []byte(v.Raw)
}

// tooDeep tells whether brackets nest deeper than a record's can. Short input
// can't, and is not looked at.
func tooDeep(data []byte) bool {
	if len(data) <= maxDepth {
		return false
	}
	depth, quoted := 0, false
	for i := 0; i < len(data) && depth <= maxDepth; i++ {
		switch c := data[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
		}
	}
	return depth > maxDepth
}
