package launch

import (
	"fmt"
	"time"

	"bgtasks/lib/fail"
	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// Adopt hands a run whose supervisor was killed to a new shim. The caller holds the
// task's run.lock, which the shim inherits. It has seen that the leader of this attempt
// lives, or that the run's end is recorded and processes of its tree are left. Adopt
// starts no process of the task itself.
func Adopt(h *store.Home, held *store.Lock, s *record.Spec, attempt int, a record.Adoption) error {
	if err := fail.Point("adopt-launch"); err != nil {
		return fmt.Errorf("adopt %q: %w", s.ID, err)
	}
	l := orders(h, s, attempt)
	l.Adopt = a
	l.TimeLimitMs = remaining(s.TimeLimitMs, a)
	// Started by another task, it says whose it is; it has no mark of the run's own processes.
	x := handover{id: s.ID, dir: "/", patience: adoptPatience,
		env: []string{record.MarkTask + "=" + s.ID, record.MarkHome + "=" + h.Path()}}
	report, err := x.deliver(held, l.AppendBlock(nil))
	if err == nil && report.PID == 0 {
		err = reportError(s, "", report)
	}
	if err != nil {
		return fmt.Errorf("adopt %q: %w", s.ID, err)
	}
	return nil
}

// remaining is what is left of a time limit, at least a millisecond. The age of
// the leader does not depend on the wall clock where the system tells it.
func remaining(limitMs int64, a record.Adoption) int64 {
	if limitMs == 0 {
		return 0
	}
	age, err := proc.Age(proc.Identity(a.Leader))
	if err != nil {
		age = time.Since(time.UnixMilli(a.StartedMs))
	}
	return max(limitMs-age.Milliseconds(), 1)
}
