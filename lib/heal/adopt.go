package heal

import (
	"errors"
	"syscall"
	"time"

	"bgtasks/lib/launch"
	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
)

// adopt hands the run to a new supervisor.
func (r healer) adopt(s *patient, v verdict, f *finding, lock *store.Lock) error {
	a := r.adoption(s, v, f)
	if v == adopt {
		// A journal that can't be written must not cost the task its supervisor.
		_ = r.journalStart(s, &a.Leader)
	}
	return launch.Adopt(r.Home, lock, s.Spec, s.Attempt(), a)
}

// adoption says what the next shim must know of the run.
func (r healer) adoption(s *patient, v verdict, f *finding) record.Adoption {
	a := record.Adoption{Leader: record.Process(f.who), Guessed: s.Guessed(), Over: v == adoptRest, OutputLost: s.lost}
	if s.State != nil {
		a.Cgroup, a.TeeMissed = s.State.Cgroup, s.State.TeeMissed
		a.LogStart, a.ErrorsStart, a.Cause = s.State.LogStart, s.State.ErrorsStart, s.State.Reason
		a.OutputLost = a.OutputLost || s.State.OutputEnd == record.OutputUnknown
	}
	if !s.Begun() {
		a.LogStart, a.ErrorsStart = lastEnds(r.Home, s.ID)
	}
	if s.State != nil && s.State.Leader != nil {
		a.Leader = *s.State.Leader
	}
	if s.State != nil && !s.State.StartedAt.IsZero() {
		a.StartedMs = s.State.StartedAt.UnixMilli()
	}
	stop := s.Stop
	if s.State != nil && s.State.Stop != nil {
		stop = s.State.Stop
	}
	if number, err := stopSignal(stop); err == nil && !a.Over {
		a.StopMs, a.Stop, a.StopNumber = stop.RequestedAt.UnixMilli(), *stop, int(number)
		a.GraceLeftMs = stop.GraceMs
		if s.State != nil && s.State.Stop != nil {
			a.GraceLeftMs = graceLeft(stop, time.Now())
		}
	}
	return a
}

// lastEnds is where in the logs the attempt before this one ended, for one whose
// supervisor was killed before it could say where it begins.
func lastEnds(h *store.Home, id string) (output, errors int64) {
	past, _ := view.PastAttempts(h, id)
	for _, s := range past {
		output, errors = max(output, s.LogEnd), max(errors, s.ErrorsEnd)
	}
	return output, errors
}

// graceLeft is what is left of the grace of a stop that some supervisor has
// begun. A wall clock that was set in between makes it nothing or all, no more.
func graceLeft(stop *record.Stop, now time.Time) int64 {
	gone := now.Sub(stop.RequestedAt).Milliseconds()
	return stop.GraceMs - min(max(gone, 0), stop.GraceMs)
}

func stopSignal(stop *record.Stop) (syscall.Signal, error) {
	if stop == nil {
		return 0, errNoStop
	}
	return proc.ParseSignal(stop.Signal)
}

var errNoStop = errors.New("no stop was asked for")
