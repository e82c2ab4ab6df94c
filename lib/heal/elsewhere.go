package heal

import (
	"fmt"

	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
)

// ElsewhereError says that what is left of a run can't be seen from here, because it is
// of another namespace than this process, as in another container. The lock and the pipes
// of a task are of the kernel, and tell everywhere.
type ElsewhereError struct{ There, Here record.Process }

func (e *ElsewhereError) Error() string {
	what, there, here := "pid", e.There.PIDNS, e.Here.PIDNS
	if there == here {
		what, there, here = "time", e.There.TimeNS, e.Here.TimeNS
	}
	return fmt.Sprintf("its processes are of %s namespace %d, this is %d, as in another container", what, there, here)
}

func (e *ElsewhereError) Unwrap() error { return proc.ErrElsewhere }

// unseen tells whether a process is one that can't be seen from here, and notes why. Who
// has taken the home over since it was started has said that it is gone.
func (s *patient) unseen(p *record.Process) bool {
	if p == nil || !proc.Identity(*p).Elsewhere() || s.abandoned(proc.Identity(*p)) {
		return false
	}
	self, err := proc.Self()
	if s.Unknown = err; err == nil {
		s.Unknown = &ElsewhereError{There: *p, Here: record.Process(self)}
	}
	return true
}

// abandoned tells whether a process of another namespace was started before the home was
// taken over, and nobody has its output open: that the kernel knows better than a person.
// The clock of another time namespace can't be compared.
func (s *patient) abandoned(p proc.Identity) bool {
	if !p.Elsewhere() || s.Output == view.FIFOHeld {
		return false
	}
	owner := store.At(s.Home).Owner()
	return owner != nil && owner.Taker.BootID == p.BootID && owner.Taker.TimeNS == p.TimeNS && owner.Taker.StartTicks > p.StartTicks
}
