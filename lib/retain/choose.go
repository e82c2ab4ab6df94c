package retain

import (
	"cmp"
	"slices"
	"time"

	"bgtasks/lib/config"
	"bgtasks/lib/record"
)

// Why says which rule picked a task.
type Why string

// The rules, in the order in which they pick.
const (
	Asked  Why = "asked" // no rule: somebody named it
	ByAge  Why = "age"   // its end is longer ago than the time to live of its state
	ByKind Why = "kind"  // there are enough newer ones that ended alike, of its kind
	ByNum  Why = "count" // there are enough newer finished tasks
	BySize Why = "size"  // newer finished tasks take the room
)

// finished is a task that may be removed.
type finished struct {
	id, kind string
	state    record.LifeState
	run      int
	ended    time.Time // or if nobody saw that, when it was recorded
	bytes    int64     // of its files; 0 unless there is a rule about size
}

// pick is a task that a rule picked.
type pick struct {
	*finished
	why Why
}

// choose picks the tasks to remove, the oldest first. The rules are those of the
// times to live, then the caps: each counts what the ones before it leave. A cap
// protects nothing from an earlier rule.
func choose(tasks []*finished, rules config.Retention, now time.Time) (picks []pick) {
	newest := slices.Clone(tasks)
	slices.SortFunc(newest, func(a, b *finished) int {
		return cmp.Or(b.ended.Compare(a.ended), cmp.Compare(b.id, a.id))
	})
	caps := counters{rules: rules, ofKind: map[string]int{}}
	for _, t := range newest {
		if why := caps.judge(t, now); why != "" {
			picks = append(picks, pick{t, why})
		}
	}
	slices.Reverse(picks)
	return picks
}

// counters count what is kept while tasks are looked at, the newest first.
type counters struct {
	rules  config.Retention
	ofKind map[string]int // those of a kind that ended alike
	number int
	bytes  int64
	full   bool // one was too large, and what is older goes with it
}

// judge gives the rule by which a task goes, "" if it is kept.
func (c *counters) judge(t *finished, now time.Time) Why {
	if ttl := c.ttl(t.state); ttl > 0 && t.ended.Before(now.Add(-ttl)) {
		return ByAge
	}
	alike := string(outcome(t.state)) + "\x00" + t.kind
	switch {
	case reached(c.keep(t.state), c.ofKind[alike]):
		return ByKind
	case reached(c.rules.MaxFinished, c.number):
		return ByNum
	case c.full || c.rules.MaxBytes > 0 && c.bytes+t.bytes > c.rules.MaxBytes:
		c.full = true
		return BySize
	}
	c.ofKind[alike]++
	c.number++
	c.bytes += t.bytes
	return ""
}

func reached(limit, have int) bool { return limit > 0 && have >= limit }

// outcome takes a time-out for a failure.
func outcome(s record.LifeState) record.LifeState {
	if s == record.TimedOut {
		return record.Failed
	}
	return s
}

func (c *counters) ttl(s record.LifeState) time.Duration {
	switch outcome(s) {
	case record.Succeeded:
		return c.rules.SuccessTTL
	case record.Failed:
		return c.rules.FailedTTL
	}
	return c.rules.CancelledTTL
}

// keep is the cap for a kind; there is none for cancelled tasks.
func (c *counters) keep(s record.LifeState) int {
	switch outcome(s) {
	case record.Succeeded:
		return c.rules.KeepSuccesses
	case record.Failed:
		return c.rules.KeepFailures
	}
	return 0
}
