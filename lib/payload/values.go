package payload

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"bgtasks/lib/proc"
)

// Duration is a span of time as a flag: 90 (seconds), 90s, 1h30m, 2d, 1.5h.
type Duration time.Duration

// UnmarshalText reads a duration.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := ParseDuration(string(text))
	*d = Duration(v)
	return err
}

// Milliseconds of the duration, rounded up so that what is longer than nothing
// stays so.
func (d Duration) Milliseconds() int64 {
	return (int64(d) + int64(time.Millisecond) - 1) / int64(time.Millisecond)
}

type unit struct {
	name  string
	scale float64
}

var timeUnits = []unit{
	{"ms", float64(time.Millisecond)}, {"us", float64(time.Microsecond)}, {"µs", float64(time.Microsecond)}, {"ns", 1},
	{"s", float64(time.Second)}, {"m", float64(time.Minute)}, {"h", float64(time.Hour)}, {"d", 24 * float64(time.Hour)},
}

// ParseDuration reads a number of seconds, or numbers with units from ns to d
// in a row. Negative spans are refused.
func ParseDuration(s string) (time.Duration, error) {
	bad := fmt.Errorf("expected a duration such as 90, 90s, 1h30m or 2d, got %q", s)
	var total float64
	for rest := s; ; {
		number, tail := splitNumber(rest)
		value, err := strconv.ParseFloat(number, 64)
		if err != nil {
			return 0, bad
		}
		if tail == "" && rest == s {
			tail = "s"
		}
		scale, tail, ok := cutUnit(tail, timeUnits)
		if !ok {
			return 0, bad
		}
		total += value * scale
		if total >= math.MaxInt64 {
			return 0, bad
		}
		if tail == "" {
			return time.Duration(total), nil
		}
		rest = tail
	}
}

// splitNumber cuts a decimal number without a sign off the front.
func splitNumber(s string) (number, tail string) {
	i := strings.IndexFunc(s, func(r rune) bool { return (r < '0' || r > '9') && r != '.' })
	if i < 0 {
		i = len(s)
	}
	return s[:i], s[i:]
}

func cutUnit(s string, units []unit) (scale float64, tail string, ok bool) {
	for _, u := range units {
		if tail, ok := strings.CutPrefix(s, u.name); ok {
			return u.scale, tail, true
		}
	}
	return 0, s, false
}

// Size is a number of bytes, as a flag or in a payload: 1048576, 10M, 10MiB
// (binary units both), 10MB (a power of ten).
type Size int64

// UnmarshalText reads a size.
func (z *Size) UnmarshalText(text []byte) error {
	v, err := ParseSize(string(text))
	*z = Size(v)
	return err
}

// UnmarshalJSON reads a size written as a number or as a string.
func (z *Size) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] != '"' {
		n, err := integer[int64](data)
		*z = Size(n)
		return err
	}
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	return z.UnmarshalText([]byte(text))
}

var sizeUnits = []unit{
	{"kib", 1 << 10}, {"mib", 1 << 20}, {"gib", 1 << 30}, {"tib", 1 << 40},
	{"kb", 1e3}, {"mb", 1e6}, {"gb", 1e9}, {"tb", 1e12},
	{"k", 1 << 10}, {"m", 1 << 20}, {"g", 1 << 30}, {"t", 1 << 40}, {"b", 1},
}

// ParseSize reads a number of bytes with an optional unit, in either case.
func ParseSize(s string) (int64, error) {
	bad := fmt.Errorf("expected a size such as 1048576, 10M, 10MiB or 10MB, got %q", s)
	number, tail := splitNumber(s)
	value, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return 0, bad
	}
	if tail != "" {
		scale, rest, ok := cutUnit(strings.ToLower(tail), sizeUnits)
		if !ok || rest != "" {
			return 0, bad
		}
		value *= scale
	}
	if value >= math.MaxInt64 {
		return 0, bad
	}
	return int64(value), nil
}

// Signal is a signal's name without "SIG", as a flag: TERM, SIGTERM, term, 15.
type Signal string

// UnmarshalText reads a signal's name or number.
func (s *Signal) UnmarshalText(text []byte) error {
	sig, err := proc.ParseSignal(string(text))
	if err != nil {
		return err
	}
	*s = Signal(proc.SignalName(sig))
	return nil
}

// Moment is a point in time as a flag: a duration before now, RFC 3339, or a
// date with or without a time, which without a zone are the caller's.
type Moment time.Time

var momentLayouts = []string{time.RFC3339, "2006-01-02", "2006-01-02 15:04", "2006-01-02 15:04:05",
	"2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02 15:04:05Z07:00"}

// UnmarshalText reads a moment.
func (m *Moment) UnmarshalText(text []byte) error {
	for _, layout := range momentLayouts {
		if t, err := time.ParseInLocation(layout, string(text), time.Local); err == nil {
			*m = Moment(t)
			return nil
		}
	}
	ago, err := ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("expected how long ago, such as 90s or 2h, or a time such as 2006-01-02 or 2006-01-02T15:04:05Z, got %q", text)
	}
	*m = Moment(time.Now().Add(-ago))
	return nil
}

// Codes is a list of exit codes as a flag: 1,3,64.
type Codes []int

// UnmarshalText reads the list.
func (c *Codes) UnmarshalText(text []byte) error {
	*c = nil
	for word := range strings.SplitSeq(string(text), ",") {
		n, err := strconv.Atoi(strings.TrimSpace(word))
		if err != nil || n < 0 || n > 255 {
			return fmt.Errorf("expected exit codes from 0 to 255 with commas between them, got %q", text)
		}
		*c = append(*c, n)
	}
	return nil
}
