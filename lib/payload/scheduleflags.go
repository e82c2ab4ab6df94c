package payload

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"

	"bgtasks/lib/fault"
	"bgtasks/lib/record"
)

// Count is how often, as a flag: 0 or more.
type Count int

// UnmarshalText reads a count.
func (n *Count) UnmarshalText(text []byte) error {
	v, err := strconv.ParseUint(string(text), 10, 31)
	if err != nil {
		return fmt.Errorf("expected how often, 0 or more, got %q", text)
	}
	*n = Count(v)
	return nil
}

// Decode reads the flag's value, which may begin with a minus sign: to the
// parser that is a flag.
func (p *Priority) Decode(ctx *kong.DecodeContext) error {
	token := ctx.Scan.Pop()
	if token.IsEOL() {
		return fmt.Errorf("a value is missing")
	}
	v, err := strconv.Atoi(token.String())
	if err != nil || v < record.MinPriority || v > record.MaxPriority {
		return fmt.Errorf("expected a number from %d to %d, got %q", record.MinPriority, record.MaxPriority, token)
	}
	*p = Priority(v)
	return nil
}

// Span is a shortest and a longest time as a flag: 1s..60s. One time alone is
// both.
type Span struct{ Min, Max Duration }

// UnmarshalText reads a span.
func (s *Span) UnmarshalText(text []byte) error {
	low, high, both := strings.Cut(string(text), "..")
	if !both {
		high = low
	}
	bad := fmt.Errorf("expected a shortest and a longest time such as 1s..60s, got %q", text)
	if s.Min.UnmarshalText([]byte(low)) != nil || s.Max.UnmarshalText([]byte(high)) != nil || s.Min > s.Max {
		return bad
	}
	return nil
}

// UnmarshalText reads a factor.
func (n *Factor) UnmarshalText(text []byte) (err error) {
	*n, err = between[Factor](text, 1, MaxFactor)
	return err
}

// UnmarshalText reads a share.
func (n *Share) UnmarshalText(text []byte) (err error) {
	*n, err = between[Share](text, 0, 1)
	return err
}

func between[T ~float64](text []byte, low, high float64) (T, error) {
	v, err := parseNumber(text)
	if err != nil || math.IsNaN(v) || v < low || v > high {
		return 0, fmt.Errorf("expected a number from %s to %s, got %q", bound(low), bound(high), text)
	}
	return T(v), nil
}

// parseNumber reads a decimal number: of all that Go takes for one, what JSON does.
func parseNumber(text []byte) (float64, error) {
	if strings.ContainsAny(string(text), "_xX") {
		return 0, strconv.ErrSyntax
	}
	return strconv.ParseFloat(string(text), 64)
}

// OneOf refuses a flag's value that is none of the words; none given is right.
func OneOf(flag, value string, words []string) error {
	if value == "" || slices.Contains(words, value) {
		return nil
	}
	return fault.Usage("%s: expected one of %s, got %q", flag, fault.CommaList(words), value)
}

// ParseAfter reads dependencies as sbatch(1) takes them: afterok:ID, or
// afterok:ID:ID for several tasks.
func ParseAfter(flag string, words []string) (list []AfterEntry, err error) {
	var all []string
	for _, word := range words {
		all = append(all, strings.Split(word, ",")...)
	}
	for _, word := range all {
		when, ids, _ := strings.Cut(word, ":")
		if !slices.Contains(record.AfterWords, when) {
			return nil, fault.Usage("%s: expected WHEN:ID with one of %s, got %q", flag, fault.CommaList(record.AfterWords), word)
		}
		for id := range strings.SplitSeq(ids, ":") {
			if id == "" {
				return nil, fault.Usage("%s: expected an id after each %q, got %q", flag, ":", word)
			}
			list = append(list, AfterEntry{AfterWord(when), TaskID(id)})
		}
	}
	return list, nil
}

// CheckFlags is the usage error for what the schema can't say about what
// text flags have filled; flags gives their names by the members'.
func (p *Start) CheckFlags(flags map[string]string) error {
	f := &faults{}
	p.checkStrings(f)
	p.checkLimits(f)
	checkKey(f, p.Kind, "kind")
	checkLength(f, len(p.Tags), MaxWords, "tags")
	p.SchedulePayload.check(f, p.ID, p.Kind)
	if len(f.issues) == 0 {
		return nil
	}
	issue := f.issues[0]
	text := strings.Replace(issue.Message, ", actual ", ", got ", 1)
	for member, flag := range flags {
		text = replaceWord(text, member, flag)
	}
	return fault.Usage("%s: %s", flags[memberOf(issue.Path)], fault.LowerFirst(text))
}

// memberOf names the member at fault: the innermost that has a name.
func memberOf(path []any) (name string) {
	for _, step := range path {
		if s, ok := step.(string); ok {
			name = s
		}
	}
	return name
}

func replaceWord(text, word, with string) string {
	words := strings.Split(text, " ")
	for i, w := range words {
		if bare := strings.TrimRight(w, ","); bare == word {
			words[i] = with + w[len(bare):]
		}
	}
	return strings.Join(words, " ")
}
