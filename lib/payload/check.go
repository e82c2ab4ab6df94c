package payload

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// Issue is one fault of a payload.
type Issue struct {
	Tag     string `json:"_tag"` // Missing, Type, Refinement or Unexpected
	Path    []any  `json:"path"` // names, and ints for places in arrays
	Message string `json:"message"`
}

// faults collects issues while a payload is looked at.
type faults struct {
	issues []Issue
	base   []any // the path of what is being looked at
	secret bool  // values must not be repeated
}

func (f *faults) add(tag string, path []any, message string) {
	f.issues = append(f.issues, Issue{tag, append(append([]any{}, f.base...), path...), message})
}

func (f *faults) refine(path []any, message string) { f.add("Refinement", path, message) }

// at looks at a part of the value.
func (f *faults) at(step any, look func()) {
	f.base = append(f.base, step)
	look()
	f.base = f.base[:len(f.base)-1]
}

func (f *faults) expected(tag, what string, t *Tree) {
	actual := t.actual()
	if f.secret {
		actual = "a secret " + t.Kind
	}
	f.add(tag, nil, "Expected "+what+", actual "+actual)
}

// check holds a value against a schema. It knows the keywords that ours use, and
// no others. A validator for all of JSON Schema stops at the first fault or
// tells places in prose only; a test holds the two together.
func (f *faults) check(s *Schema, t *Tree) {
	if !f.hasType(s, t) {
		return
	}
	switch t.Kind {
	case "object":
		f.checkObject(s, t)
	case "array":
		for i, item := range t.items {
			if s.Items != nil {
				f.at(i, func() { f.check(s.Items, item) })
			}
		}
	case "string":
		f.checkString(s, t)
	case "number":
		f.checkNumber(s, t)
	}
}

func (f *faults) hasType(s *Schema, t *Tree) bool {
	if len(s.Types) == 0 {
		return true
	}
	kind := t.Kind
	if kind == "number" && slices.Contains(s.Types, "integer") {
		kind = "integer"
	}
	if !slices.Contains(s.Types, kind) {
		f.expected("Type", strings.Join(s.Types, " or "), t)
		return false
	}
	return true
}

func (f *faults) checkObject(s *Schema, t *Tree) {
	secret := f.secret
	f.secret = secret || s.WriteOnly
	defer func() { f.secret = secret }()
	for _, name := range s.Properties.Names {
		if value := t.Member(name); value != nil {
			f.at(name, func() { f.check(s.Properties.Schemas[name], value) })
		} else if slices.Contains(s.Required, name) {
			f.add("Missing", []any{name}, "is missing")
		}
	}
	seen := map[string]bool{}
	for _, m := range t.members {
		if seen[m.name] {
			f.add("Unexpected", []any{m.name}, "is given twice")
		}
		seen[m.name] = true
		if s.Properties.Schemas[m.name] == nil {
			f.at(m.name, func() { f.checkAdditional(s, m) })
		}
	}
}

// checkAdditional looks at a member that is not among the properties: a value
// of a map, or a mistake.
func (f *faults) checkAdditional(s *Schema, m member) {
	if !s.Additional.refused {
		if s.Additional.schema != nil {
			f.check(s.Additional.schema, m.value)
		}
		return
	}
	message := "is unexpected, expected one of " + strings.Join(s.Properties.Names, ", ")
	if near := closest(m.name, s.Properties.Names); near != "" {
		message = "is unexpected, did you mean " + near + "? Expected one of " + strings.Join(s.Properties.Names, ", ")
	}
	f.add("Unexpected", nil, message)
}

func (f *faults) checkString(s *Schema, t *Tree) {
	switch {
	case len(s.Enum) > 0 && !slices.Contains(s.Enum, t.Str):
		f.expected("Type", alternatives(s.Enum), t)
	case s.MinLength != nil && utf8.RuneCountInString(t.Str) < *s.MinLength:
		f.expected("Refinement", "a string at least "+strconv.Itoa(*s.MinLength)+" character(s) long", t)
	case s.Pattern != "" && !matches(s.Pattern, t.Str):
		f.expected("Refinement", s.Comment, t)
	}
}

// matches tells whether s is within the language of a schema's pattern. There are
// few of these, and batches of a hundred thousand payloads.
func matches(pattern, s string) bool {
	compiled, known := patterns.Load(pattern)
	if !known {
		expression, err := regexp.Compile(pattern)
		if err != nil {
			return false
		}
		compiled, _ = patterns.LoadOrStore(pattern, expression)
	}
	return compiled.(*regexp.Regexp).MatchString(s)
}

var patterns sync.Map // of *regexp.Regexp, by the pattern

func alternatives(values []string) string {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = strconv.Quote(v)
	}
	return strings.Join(words, " | ")
}

func (f *faults) checkNumber(s *Schema, t *Tree) {
	n, err := t.num.Float64()
	integer := slices.Contains(s.Types, "integer")
	switch {
	case err != nil || integer && n != math.Trunc(n):
		f.expected("Refinement", "an integer", t)
	case s.ExclusiveMinimum != nil && n <= *s.ExclusiveMinimum:
		f.expected("Refinement", "a positive number", t)
	case s.Minimum != nil && n < *s.Minimum:
		f.expected("Refinement", "a number not below "+bound(*s.Minimum), t)
	case s.Maximum != nil && n > *s.Maximum:
		f.expected("Refinement", "a number not above "+bound(*s.Maximum), t)
	}
}

func bound(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }

// closest finds the name that differs from word by case, or by one letter too
// many, missing, wrong or swapped.
func closest(word string, names []string) string {
	for _, name := range names {
		if strings.EqualFold(name, word) || oneEdit(word, name) || oneEdit(name, word) {
			return name
		}
	}
	return ""
}

// CloseWords gives up to three names that a word may have been meant for: one
// that closest finds, else those that begin alike.
func CloseWords(word string, names []string) (near []string) {
	if name := closest(word, names); name != "" {
		return []string{name}
	}
	for _, name := range names {
		n := min(len(word), len(name), 3)
		if n == 3 && strings.EqualFold(word[:n], name[:n]) && len(near) < 3 {
			near = append(near, name)
		}
	}
	return near
}

// oneEdit tells whether b is a with one letter dropped, changed, or swapped
// with the next.
func oneEdit(a, b string) bool {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	a, b = a[i:], b[i:]
	switch {
	case len(a) == 0:
		return len(b) == 0
	case a[1:] == b:
		return true
	case len(b) > 0 && a[1:] == b[1:]:
		return true
	}
	return len(a) > 1 && len(b) > 1 && a[0] == b[1] && a[1] == b[0] && a[2:] == b[2:]
}
