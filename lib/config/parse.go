package config

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// members are those of the file, with the place of each value. Those of a section come
// with its name and a point before theirs.
func (c *Config) members() []member {
	r, j := &c.Retention, &c.Journal
	return []member{
		{name: "v"}, {name: "retention"}, {name: "journal"},
		{name: "retention.successTtlMs", into: &r.SuccessTTL},
		{name: "retention.failedTtlMs", into: &r.FailedTTL},
		{name: "retention.cancelledTtlMs", into: &r.CancelledTTL},
		{name: "retention.keepLatestSuccessesPerKind", into: &r.KeepSuccesses},
		{name: "retention.keepLatestFailuresPerKind", into: &r.KeepFailures},
		{name: "retention.maxFinishedTasks", into: &r.MaxFinished},
		{name: "retention.maxBytes", into: &r.MaxBytes},
		{name: "retention.stepLimitPerTask", into: &r.StepLimit},
		{name: "journal.maxBytes", into: &j.MaxBytes},
		{name: "journal.maxAgeMs", into: &j.MaxAge},
	}
}

type member struct {
	name  string
	into  any // *int, *int64 or *time.Duration; nil for one that holds no setting
	given bool
}

// parser reads an object of integers and of objects of integers, each known and there
// once. That is all that the file can be; a parser for all of JSON would cost every
// supervisor memory.
type parser struct {
	rest    string
	members []member
	field   string // what err is about
	err     error  // the first
}

// parse reads the whole file. field is what an error is about.
func (c *Config) parse(text string) (field string, err error) {
	p := &parser{rest: text, members: c.members()}
	if p.object("") && p.next() != "" {
		p.fail("", "more than one value")
	}
	return p.field, p.err
}

// fail notes what is wrong with a field. It is false.
func (p *parser) fail(field, why string) bool {
	p.field, p.err = strings.TrimSuffix(field, "."), errors.New(why)
	return false
}

// next is the next byte that is no space; "" at the end.
func (p *parser) next() string {
	p.rest = strings.TrimLeft(p.rest, " \t\r\n")
	return p.rest[:min(len(p.rest), 1)]
}

func (p *parser) skip(c string) bool {
	found := p.next() == c
	if found {
		p.rest = p.rest[1:]
	}
	return found
}

func (p *parser) object(section string) bool {
	if !p.skip("{") {
		return p.fail(section, "expected an object")
	}
	for first := true; !p.skip("}"); first = false {
		if !first && !p.skip(",") {
			return p.fail(section, "not JSON: expected , or }")
		}
		if !p.member(section) {
			return false
		}
	}
	return true
}

func (p *parser) member(section string) bool {
	if !p.skip(`"`) {
		return p.fail(section, "not JSON: expected a name")
	}
	word, rest, _ := strings.Cut(p.rest, `"`)
	p.rest = rest
	m := p.named(section + word)
	switch {
	case m == nil && section == "":
		return p.fail(word, "not known; expected v, retention or journal")
	case m == nil:
		return p.fail(section+word, "not known; see bg-state(5)")
	case m.given:
		return p.fail(m.name, "given twice")
	case !p.skip(":"):
		return p.fail(m.name, "not JSON: expected a colon")
	}
	m.given = true
	if m.into == nil && m.name != "v" {
		return p.object(m.name + ".")
	}
	return p.value(m)
}

func (p *parser) named(name string) *member {
	for i := range p.members {
		if m := &p.members[i]; m.name == name {
			return m
		}
	}
	return nil
}

// value reads an integer.
func (p *parser) value(m *member) bool {
	p.next()
	end := strings.IndexAny(p.rest, ",}] \t\r\n")
	if end < 0 {
		end = len(p.rest)
	}
	text := p.rest[:end]
	p.rest = p.rest[end:]
	if m.name == "v" {
		return text == "1" || p.fail(m.name, "expected 1, got "+text)
	}
	digits := strings.TrimLeft(text, "0123456789") == "" && text != "" && (text[0] != '0' || text == "0")
	if !digits {
		return text == "-0" || p.fail(m.name, "expected an integer, 0 or more, got "+text)
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n > Largest {
		return p.fail(m.name, "expected at most "+strconv.FormatInt(Largest, 10)+", got "+text)
	}
	switch into := m.into.(type) {
	case *time.Duration:
		*into = time.Duration(n) * time.Millisecond
	case *int64:
		*into = n
	case *int:
		*into = int(min(n, 1<<31-1))
	}
	return true
}
