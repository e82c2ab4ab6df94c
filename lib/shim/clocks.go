package shim

import (
	"math"
	"time"
)

// A clock is something that a supervisor does at a time.
type clock int

const (
	armClock     clock = iota // set up the signal handlers
	restClock                 // take the output that rests
	lookClock                 // look at the tree again
	graceClock                // kill what is left of the tree
	limitClock                // end the run at its time limit
	silenceClock              // act on the silence of the task
	keepClock                 // try again to write the record of the end
	dueClock                  // journal what reports have left
	clockCount
)

// clocks are the times of all clocks, zero for one that does not run. Nothing else ever
// wakes a supervisor to which nothing happens.
type clocks [clockCount]time.Time

// hasten sets a clock unless it strikes earlier.
func (c *clocks) hasten(k clock, at time.Time) {
	if c[k].IsZero() || at.Before(c[k]) {
		c[k] = at
	}
}

func (c *clocks) stop(list ...clock) {
	for _, k := range list {
		c[k] = time.Time{}
	}
}

func (c *clocks) runs(k clock) bool { return !c[k].IsZero() }

// never is how long it is until a clock strikes that does not run.
const never = time.Duration(math.MaxInt64)

// next is the clock that strikes first, and how long it is until then.
func (c *clocks) next(now time.Time) (first clock, left time.Duration) {
	left = never
	for k, at := range c {
		if wait := at.Sub(now); !at.IsZero() && wait < left {
			first, left = clock(k), wait
		}
	}
	return first, left
}

// timeout is that time in milliseconds for poll(2), rounded up; -1 for never.
func (c *clocks) timeout(now time.Time) int {
	_, left := c.next(now)
	if left == never {
		return -1
	}
	return int(min((max(left, 0)+time.Millisecond-1)/time.Millisecond, 1<<30))
}
