package view

import (
	"fmt"

	"bgtasks/lib/proc"
	"bgtasks/lib/record"
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

// unseen tells whether a process is one that can't be seen from here, and notes why.
func (s *snapshot) unseen(p *record.Process) bool {
	if p == nil || !proc.Identity(*p).Elsewhere() {
		return false
	}
	self, err := proc.Self()
	if s.unknown = err; err == nil {
		s.unknown = &ElsewhereError{There: *p, Here: record.Process(self)}
	}
	return true
}
