package record

import (
	"slices"
	"time"
)

// DelayMs is how long to wait after this attempt failed, in milliseconds; u is
// the chance in the jitter, at least 0 and below 1.
func (b *Backoff) DelayMs(attempt int, u float64) int64 {
	least, most := float64(b.MinDelayMs), float64(max(b.MaxDelayMs, b.MinDelayMs))
	factor := float64(max(b.FactorMilli, 1000)) / 1000
	base := least
	for range attempt - 1 {
		if factor == 1 || base == 0 || base >= most {
			break
		}
		base *= factor
	}
	base = min(base, most)
	delay := base + base*float64(b.JitterMilli)/1000*(2*u-1)
	switch {
	case delay >= most:
		return max(b.MaxDelayMs, b.MinDelayMs)
	case delay <= least:
		return b.MinDelayMs
	}
	return int64(delay + 0.5)
}

// Again tells whether the attempt whose end this is, is followed by another: it
// failed by itself or nobody knows how, and attempts are left. What was ended on
// purpose is not tried again, unless by a watchdog whose action that is.
func (r *Retry) Again(end *State, onWatchdog string) bool {
	if end.State != Failed || end.Stop != nil || end.Attempt >= r.MaxAttempts {
		return false
	}
	switch end.Reason {
	case SelfExit, BySignal, Lost, LostReboot:
	case Watchdog:
		return onWatchdog == WatchdogRetry
	default:
		return false
	}
	return end.ExitCode == nil || !slices.Contains(r.NoRetry, *end.ExitCode)
}

// Retried makes a failed attempt's end that of one that is followed by another,
// delay milliseconds from now. bootMs is now by CLOCK_BOOTTIME, 0 where it is not
// that of the boot of s.Shim.
func (s *State) Retried(delay int64, now time.Time, bootMs int64) {
	s.State = Retrying
	s.RetryAt = now.Add(time.Duration(delay) * time.Millisecond)
	if bootMs > 0 {
		s.RetryDueBootMs = bootMs + delay
	}
}
