package shim

import (
	"testing"
	"time"
)

func TestClocksStrikeInOrder(t *testing.T) {
	now := time.Now()
	var c clocks
	if got := c.timeout(now); got != -1 {
		t.Errorf("without a clock: timeout = %d, want -1", got)
	}
	c[limitClock] = now.Add(3 * time.Second)
	c[graceClock] = now.Add(1500 * time.Microsecond)
	c.hasten(graceClock, now.Add(time.Hour)) // the sooner one counts
	if k, left := c.next(now); k != graceClock || left != 1500*time.Microsecond {
		t.Errorf("next = %v in %v, want %v in 1.5ms", k, left, graceClock)
	}
	if got := c.timeout(now); got != 2 {
		t.Errorf("timeout = %d, want 2, rounded up", got)
	}
	c.hasten(graceClock, now)
	if k, left := c.next(now.Add(time.Second)); k != graceClock || left > 0 || c.timeout(now.Add(time.Second)) != 0 {
		t.Errorf("after its time: next = %v in %v, want %v at once", k, left, graceClock)
	}
	c.stop(graceClock)
	if k, _ := c.next(now); k != limitClock || c.runs(graceClock) {
		t.Errorf("after a stop: next = %v, want %v", k, limitClock)
	}
}
