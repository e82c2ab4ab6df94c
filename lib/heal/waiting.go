package heal

import (
	"errors"
	"path/filepath"
	"time"

	"bgtasks/lib/fail"
	"bgtasks/lib/launch"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// starter is who was to start the attempt, as long as it has not begun.
func (s *patient) starter() *record.Process {
	if s.State != nil && s.State.ClaimedBy != nil {
		return s.State.ClaimedBy
	}
	return &s.Spec.StartedBy
}

// unbegun tells whether whoever was to start an attempt of a scheduled task was
// killed before a supervisor had the lock: each writes itself into it.
func (s *patient) unbegun() bool {
	if s.Spec.Schedule == nil || s.Begun() {
		return false
	}
	last := store.Holder(store.At(s.Home).TaskDir(s.ID))
	return last != nil && *last == *s.starter()
}

// wait does what is to be done about a task that waits.
func (r healer) wait(s *patient, v verdict) error {
	switch v {
	case cancel:
		end := *s.State
		end.Stop = s.Stop
		cause := s.Stop.Cause
		if cause == "" {
			cause = record.Stopped
		}
		return launch.End(r.Home, s.Spec, &end, record.Cancelled, cause)
	case finishRetry:
		return r.finishRetry(s)
	}
	return r.unclaim(s)
}

// finishRetry resumes where whoever recorded that another attempt follows was cut
// short. The FIFOs are removed last, so they tell.
func (r healer) finishRetry(s *patient) error {
	done, err := journalled(r.Home, s.State.UpdatedAt, s.ID, s.State.Run, s.State.Attempt, record.EventRetried)
	if err == nil && !done {
		err = r.journalEnd(s)
	}
	if err != nil {
		return err
	}
	return r.tidyRetry(s)
}

// tidyRetry does the steps after the journal of an attempt that is followed by
// another: its environment and the marker in live/ stay, and so does a stop that
// was asked for meanwhile.
func (r healer) tidyRetry(s *patient) error {
	fail.Pass("heal-tidy-retry")
	dir := r.Home.TaskDir(s.ID)
	err := store.RemoveFIFOs(dir)
	if group, none := s.Cgroup(); none == nil {
		group.Remove()
	}
	store.Ring(filepath.Join(dir, store.BellsDir), store.BellChange)
	return err
}

// unclaim makes a task wait again that was to be started by one who was killed
// first. The journal comes before the record: cut short in between, the event is
// written twice rather than not at all.
func (r healer) unclaim(s *patient) error {
	state := &record.State{Run: s.Spec.Run, Attempt: s.Attempt(), State: record.Queued, UpdatedAt: time.Now()}
	fail.Pass("heal-unclaim")
	err := r.Home.Append(&record.Event{
		Name: record.EventEnqueued, Time: state.UpdatedAt, TaskID: s.ID, Labels: s.Spec.EventLabels(), State: state,
	})
	if err != nil {
		return err
	}
	dir := r.Home.TaskDir(s.ID)
	err = store.Replace(filepath.Join(dir, store.StateFile), append(state.AppendJSON(nil), '\n'))
	return errors.Join(err, store.RemoveFIFOs(dir))
}
