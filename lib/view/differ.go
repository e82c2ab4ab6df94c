package view

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strconv"

	"bgtasks/lib/record"
)

// Difference is a member of a start's payload in which a task is not as it was
// asked for.
type Difference struct {
	Member   string `json:"member"`
	Expected any    `json:"expected"` // as it was asked for
	Found    any    `json:"found"`
}

// Differences tells in what the task that have describes is another than want:
// in what is run, and under which conditions. Not compared are when it was to be
// started, its file mode creation mask, and the owner with his wish to be told:
// these say who asks. Of the environment the names are compared, because values
// are in no record (P11). want need not be complete: an id, a run and times may
// be missing.
func Differences(want, have *record.Spec) (list []Difference) {
	for _, m := range compared {
		expected, found := m.of(want), m.of(have)
		if !reflect.DeepEqual(expected, found) {
			list = append(list, Difference{m.name, expected, found})
		}
	}
	if want.ID != "" && want.ID != have.ID {
		list = append(list, Difference{"id", want.ID, have.ID})
	}
	return list
}

// compared are the members that Differences compares, in the payload's words.
// Lists are never nil, so that none and empty are the same.
var compared = []struct {
	name string
	of   func(*record.Spec) any
}{
	{"name", func(s *record.Spec) any { return s.Name }},
	{"command", func(s *record.Spec) any { return s.Command }},
	{"args", func(s *record.Spec) any { return ordered(s.Args) }},
	{"workdir", func(s *record.Spec) any { return s.Workdir }},
	{"env", func(s *record.Spec) any { return sorted(s.EnvNames) }},
	{"tags", func(s *record.Spec) any { return sorted(s.Tags) }},
	{"kind", func(s *record.Spec) any { return s.Kind }},
	{"metadata", func(s *record.Spec) any { return decoded(s.Metadata) }},
	{"stdin", func(s *record.Spec) any { return s.Stdin }},
	{"split", func(s *record.Spec) any { return s.Split }},
	{"tees", func(s *record.Spec) any { return ordered(s.Tees) }},
	{"logMax", func(s *record.Spec) any { return s.LogMax }},
	{"timeLimitMs", func(s *record.Spec) any { return s.TimeLimitMs }},
	{"killGraceMs", func(s *record.Spec) any { return s.KillGraceMs }},
	{"signal", func(s *record.Spec) any { return s.Signal }},
	{"leftovers", func(s *record.Spec) any { return s.Leftovers }},
	{"successExitCodes", func(s *record.Spec) any { return sorted(s.SuccessExitCodes) }},
	{"channels", func(s *record.Spec) any { return sorted(s.Channels) }},
	{"queue", func(s *record.Spec) any { return schedule(s).Queue }},
	{"priority", func(s *record.Spec) any { return schedule(s).Priority }},
	{"concurrencyKey", func(s *record.Spec) any { return s.ConcurrencyKey }},
	{"dedupeKey", func(s *record.Spec) any { return s.DedupeKey }},
	{"supersedeKey", func(s *record.Spec) any { return s.SupersedeKey }},
	{"after", func(s *record.Spec) any { return dependencies(s) }},
	{"maxAttempts", func(s *record.Spec) any { return max(s.Retry.MaxAttempts, 1) }},
	{"backoff", func(s *record.Spec) any { return backoff(s) }},
	{"noRetryExitCodes", func(s *record.Spec) any { return noRetry(s) }},
	{"watchdogMs", func(s *record.Spec) any { return s.WatchdogMs }},
	{"watchdogAction", func(s *record.Spec) any { return s.WatchdogAction }},
}

func ordered(list []string) []string { return append([]string{}, list...) }

func sorted[T string | int](list []T) []T {
	list = append([]T{}, list...)
	slices.Sort(list)
	return list
}

// decoded gives metadata as a value, so that the order of members and space
// between them make no difference.
func decoded(metadata []byte) (v any) {
	d := json.NewDecoder(bytes.NewReader(metadata))
	d.UseNumber()
	if d.Decode(&v) != nil {
		return nil
	}
	return v
}

func schedule(s *record.Spec) record.Schedule {
	if s.Schedule == nil {
		return record.Schedule{}
	}
	return *s.Schedule
}

// dependencies are those that were asked for.
func dependencies(s *record.Spec) []string {
	list := []string{}
	for _, d := range schedule(s).After {
		if d.When != record.AfterGone {
			list = append(list, d.When+":"+d.ID)
		}
	}
	return sorted(list)
}

// backoffWords is a Backoff as a payload says it.
type backoffWords struct {
	MinDelayMs int64   `json:"minDelayMs"`
	MaxDelayMs int64   `json:"maxDelayMs"`
	Factor     float64 `json:"factor"`
	Jitter     float64 `json:"jitter"`
}

// backoff is nil for a task without retries: that is not recorded.
func backoff(s *record.Spec) any {
	if s.Retry.MaxAttempts <= 1 {
		return nil
	}
	b := s.Retry.Backoff
	return backoffWords{b.MinDelayMs, b.MaxDelayMs, float64(b.FactorMilli) / 1000, float64(b.JitterMilli) / 1000}
}

func noRetry(s *record.Spec) []int {
	if s.Retry.MaxAttempts <= 1 {
		return []int{}
	}
	return sorted(s.Retry.NoRetry)
}

// DiffersError says that the open task that is the answer to a start is not as
// it was asked for.
type DiffersError struct {
	ID          string
	Differences []Difference
}

func (e *DiffersError) Error() string {
	text := "task " + strconv.Quote(e.ID) + " is there already, and differs"
	separator := ": "
	for _, d := range e.Differences {
		text += separator + d.Member + " expected " + inJSON(d.Expected) + ", found " + inJSON(d.Found)
		separator = "; "
	}
	return text
}

func inJSON(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return "?"
	}
	return string(bytes.TrimSpace(b.Bytes()))
}
