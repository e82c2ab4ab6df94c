package record

import (
	"math"
	"testing"
)

func TestBackoffDelay(t *testing.T) {
	odd := Backoff{MinDelayMs: 100, MaxDelayMs: 5000, FactorMilli: 1500, JitterMilli: 250}
	flat := Backoff{MinDelayMs: 10, MaxDelayMs: 1000, FactorMilli: 1000}
	vast := Backoff{MinDelayMs: 1, MaxDelayMs: math.MaxInt64, FactorMilli: math.MaxInt64, JitterMilli: 1000}
	for _, c := range []struct {
		name    string
		b       Backoff
		attempt int
		u       float64
		want    int64
	}{
		{"first", DefaultBackoff, 1, 0.5, 1000},
		{"second", DefaultBackoff, 2, 0.5, 2000},
		{"sixth", DefaultBackoff, 6, 0.5, 32_000},
		{"capped", DefaultBackoff, 7, 0.5, 60_000},
		{"a long series", DefaultBackoff, math.MaxInt, 0.5, 60_000},
		{"jitter up", DefaultBackoff, 2, 0.75, 2100},
		{"jitter down", DefaultBackoff, 2, 0, 1800},
		{"never below the least", DefaultBackoff, 1, 0, 1000},
		{"never above the most", DefaultBackoff, 9, 0.999, 60_000},
		{"a factor with a fraction", odd, 3, 0.5, 225},
		{"rounded up", odd, 4, 0.5, 338}, // 337.5
		{"jitter of a quarter", odd, 3, 0, 169},
		{"always the same", flat, math.MaxInt, 0.9, 10},
		{"no least", Backoff{MaxDelayMs: 5, FactorMilli: 2000}, 1 << 40, 0.5, 0},
		{"no overflow", vast, 3, 0.99, math.MaxInt64},
		{"most below least", Backoff{MinDelayMs: 7, MaxDelayMs: 3, FactorMilli: 2000}, 5, 0.5, 7},
		{"none at all", Backoff{}, 5, 0.5, 0},
	} {
		if got := c.b.DelayMs(c.attempt, c.u); got != c.want {
			t.Errorf("%s: DelayMs(%d, %v) = %d, want %d", c.name, c.attempt, c.u, got, c.want)
		}
	}
}

func TestAgain(t *testing.T) {
	code := func(n int) *int { return &n }
	retry := Retry{MaxAttempts: 3, NoRetry: []int{2}}
	for _, c := range []struct {
		name     string
		end      State
		watchdog string
		want     bool
	}{
		{"failed", State{Attempt: 1, State: Failed, Reason: SelfExit, ExitCode: code(1)}, "", true},
		{"last attempt", State{Attempt: 3, State: Failed, Reason: SelfExit, ExitCode: code(1)}, "", false},
		{"succeeded", State{Attempt: 1, State: Succeeded, Reason: SelfExit, ExitCode: code(0)}, "", false},
		{"a code that is final", State{Attempt: 1, State: Failed, Reason: SelfExit, ExitCode: code(2)}, "", false},
		{"a signal", State{Attempt: 2, State: Failed, Reason: BySignal}, "", true},
		{"lost", State{Attempt: 1, State: Failed, Reason: Lost}, "", true},
		{"lost by a reboot", State{Attempt: 1, State: Failed, Reason: LostReboot}, "", true},
		{"lost after a stop", State{Attempt: 1, State: Failed, Reason: Lost, Stop: &Stop{}}, "", false},
		{"stopped", State{Attempt: 1, State: Cancelled, Reason: Stopped}, "", false},
		{"out of time", State{Attempt: 1, State: TimedOut, Reason: TimeLimit}, "", false},
		{"not executable", State{Attempt: 1, State: Failed, Reason: SpawnError}, "", false},
		{"stopped by the watchdog", State{Attempt: 1, State: Failed, Reason: Watchdog}, WatchdogStop, false},
		{"retried by the watchdog", State{Attempt: 1, State: Failed, Reason: Watchdog}, WatchdogRetry, true},
	} {
		if got := retry.Again(&c.end, c.watchdog); got != c.want {
			t.Errorf("%s: Again = %v, want %v", c.name, got, c.want)
		}
	}
}
