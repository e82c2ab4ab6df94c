package shim

import (
	"math/rand/v2"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"bgtasks/lib/proc"
	"bgtasks/lib/record"
)

// goesOn tells, while the leader is not reaped yet, whether another attempt
// follows on its end. Then nothing of this one may be left.
func (s *Shim) goesOn() bool {
	if s.state.Attempt >= s.launch.Retry.MaxAttempts {
		return false
	}
	status := s.tree.peek()
	end := s.state
	end.State, end.Reason = s.verdict(status)
	noteStatus(&end, status)
	return s.launch.Retry.Again(&end, s.launch.OnWatchdog)
}

// tryAgain makes the recorded end one that another attempt follows. It is started
// by the dispatcher when it is due.
func (s *Shim) tryAgain() {
	now := time.Now()
	bootMs, _ := proc.BootMs()
	s.state.Retried(s.launch.Retry.Backoff.DelayMs(s.state.Attempt, rand.Float64()), now, bootMs)
}

// lastCall looks for a stop that was asked for while the attempt ended. It is kept
// for whoever looks next: now that the doorbell is gone, nobody will ring again.
func (s *Shim) lastCall() {
	if s.state.State != record.Retrying {
		return
	}
	n, err := unix.Read(s.ctl, s.message[:])
	if err != nil || n <= 0 {
		return
	}
	if stop := firstStop(string(s.message[:n])); stop != nil {
		s.state.Stop = stop
		s.keepStop()
	}
}

func firstStop(text string) *record.Stop {
	for text != "" {
		var message string
		message, text, _ = strings.Cut(text, "\n")
		if stop, _, ok := record.ParseStop(message); ok {
			return stop
		}
	}
	return nil
}
