package shim

import (
	"math/rand/v2"
	"time"

	"bgtasks/lib/proc"
	"bgtasks/lib/record"
)

// goesOn tells, while the leader is not reaped yet, whether another attempt
// follows on its end. Then nothing of this one may be left.
func (s *Shim) goesOn() bool {
	if s.record.Attempt >= s.launch.Retry.MaxAttempts {
		return false
	}
	status := s.tree.peek()
	end := s.record
	end.State, end.Reason = s.verdict(status)
	noteStatus(&end, status)
	return s.launch.Retry.Again(&end, s.launch.OnWatchdog)
}

// tryAgain makes the recorded end one that another attempt follows. It is started
// by the dispatcher when it is due.
func (s *Shim) tryAgain() {
	now := time.Now()
	bootMs, _ := proc.BootMs()
	s.record.Retried(s.launch.Retry.Backoff.DelayMs(s.record.Attempt, rand.Float64()), now, bootMs)
}

// lastCall looks for a stop that was asked for while the attempt ended. It is kept
// for whoever looks next: now that the doorbell is gone, nobody will ring again.
func (s *Shim) lastCall() {
	if s.record.State != record.Retrying {
		return
	}
	for _, message := range s.bell.messages() {
		if stop, _, ok := record.ParseStop(message); ok {
			s.record.Stop = stop
			s.keepStop()
			return
		}
	}
}
