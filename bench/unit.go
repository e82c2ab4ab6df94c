package main

import (
	"math"
	"strconv"
	"time"
)

// unit says how a number is to be read.
type unit string

// The units of the benchmark's figures.
const (
	seconds   unit = "s"
	byteCount unit = "B"
	perSecond unit = "1/s"
	byteRate  unit = "B/s"
	number    unit = "1"
	achieved  unit = "n" // a number of which more is better
)

// higherIsBetter tells for rates and achievements that more is better; of all else less is.
func (u unit) higherIsBetter() bool { return u == perSecond || u == byteRate || u == achieved }

// step is a multiple of a unit, from which on it is used.
type step struct {
	factor float64
	suffix string
}

var steps = map[unit][]step{
	seconds:   {{1, " s"}, {1e-3, " ms"}, {1e-6, " µs"}},
	byteCount: {{1e6, " MB"}, {1e3, " kB"}, {1, " B"}},
	byteRate:  {{1e9, " GB/s"}, {1e6, " MB/s"}, {1e3, " kB/s"}},
	perSecond: {{1, "/s"}},
	number:    {{1, ""}},
	achieved:  {{1, ""}},
}

// format writes a value with three digits and the multiple that suits it.
func (u unit) format(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "–"
	}
	multiples := steps[u]
	use := multiples[len(multiples)-1]
	for _, s := range multiples {
		if math.Abs(v) >= s.factor {
			use = s
			break
		}
	}
	return digits(v/use.factor) + use.suffix
}

// digits writes a number with three significant digits from 1 on, two below, and no exponent.
func digits(v float64) string {
	switch size := math.Abs(v); {
	case v == math.Trunc(v) && size < 1e6, size >= 100:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case size >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	default:
		return strconv.FormatFloat(v, 'f', 2, 64)
	}
}

// in gives a duration as a number of seconds.
func in(d time.Duration) float64 { return d.Seconds() }
