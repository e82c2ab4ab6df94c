package view

import (
	"errors"
	"math/rand/v2"
	"path/filepath"
	"time"

	"bgtasks/lib/fail"
	"bgtasks/lib/launch"
	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// waiting tells whether the task is to be started later, by the scheduler: nobody
// has to hold its lock.
func (s *snapshot) waiting() bool {
	return s.state != nil && (s.state.State == record.Queued || s.state.State == record.Retrying)
}

// begun tells whether a supervisor has said a word of this attempt.
func (s *snapshot) begun() bool { return s.state != nil && s.state.State != record.Claimed }

// starter is who was to start the attempt, as long as it has not begun.
func (s *snapshot) starter() *record.Process {
	if s.state != nil && s.state.ClaimedBy != nil {
		return s.state.ClaimedBy
	}
	return &s.spec.StartedBy
}

// unbegun tells whether whoever was to start an attempt of a scheduled task was
// killed before a supervisor had the lock: each writes itself into it.
func (s *snapshot) unbegun() bool {
	if s.spec.Schedule == nil || s.begun() {
		return false
	}
	last := store.Holder(store.At(s.home).TaskDir(s.id))
	return last != nil && *last == *s.starter()
}

// attempt is the number of the attempt that the records are about.
func (s *snapshot) attempt() int {
	if s.state == nil {
		return 1
	}
	return max(s.state.Attempt, 1)
}

// again tells whether another attempt follows on this end. begun is what its
// supervisor was ending it for without having been asked to.
func (s *snapshot) again(end *record.State, begun record.Reason) bool {
	onPurpose := begun == record.TimeLimit || begun == record.Watchdog && s.spec.WatchdogAction != record.WatchdogRetry
	return s.spec.Schedule != nil && !onPurpose && s.spec.Retry.Again(end, s.spec.WatchdogAction)
}

// retry makes that end one of an attempt that is followed by another.
func (s *snapshot) retry(end *record.State, now time.Time) {
	var bootMs int64
	if boot, err := proc.BootID(); err == nil && end.Shim != nil && end.Shim.BootID == boot {
		bootMs, _ = proc.BootMs()
	}
	end.Retried(s.spec.Retry.Backoff.DelayMs(end.Attempt, rand.Float64()), now, bootMs)
}

// mustEndFirst tells whether an attempt that nobody saw the end of would be
// followed by another, but for someone of its tree who lives. A supervisor then
// has to end that one first.
func (s *snapshot) mustEndFirst(v verdict, f *finding) bool {
	if v != recordExit && v != recordLost || !f.leader || !f.sameBoot {
		return false
	}
	end := endState(s, v, f, time.Now())
	if end.Leftovers == 0 {
		return false
	}
	var begun record.Reason
	if s.state != nil {
		begun = s.state.Reason
	}
	return s.again(end, begun)
}

// wait does what is to be done about a task that waits.
func (r *reader) wait(s *snapshot, v verdict) error {
	switch v {
	case cancel:
		end := *s.state
		end.Stop = s.stop
		cause := s.stop.Cause
		if cause == "" {
			cause = record.Stopped
		}
		return launch.End(r.home, s.spec, &end, record.Cancelled, cause)
	case finishRetry:
		return r.finishRetry(s)
	}
	return r.unclaim(s)
}

// finishRetry resumes where whoever recorded that another attempt follows was cut
// short. The FIFOs are removed last, so they tell.
func (r *reader) finishRetry(s *snapshot) error {
	done, err := journalled(r.home, s.state.UpdatedAt, s.id, s.state.Run, s.state.Attempt, record.EventRetried)
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
func (r *reader) tidyRetry(s *snapshot) error {
	fail.Pass("heal-tidy-retry")
	dir := r.home.TaskDir(s.id)
	err := store.RemoveFIFOs(dir)
	if group, none := s.cgroup(); none == nil {
		group.Remove()
	}
	store.Ring(filepath.Join(dir, store.BellsDir), store.BellChange)
	return err
}

// unclaim makes a task wait again that was to be started by one who was killed
// first. The journal comes before the record: cut short in between, the event is
// written twice rather than not at all.
func (r *reader) unclaim(s *snapshot) error {
	state := &record.State{Run: s.spec.Run, Attempt: s.attempt(), State: record.Queued, UpdatedAt: time.Now()}
	fail.Pass("heal-unclaim")
	err := r.home.Append(&record.Event{
		Name: record.EventEnqueued, Time: state.UpdatedAt, TaskID: s.id, Labels: s.spec.EventLabels(), State: state,
	})
	if err != nil {
		return err
	}
	dir := r.home.TaskDir(s.id)
	err = store.Replace(filepath.Join(dir, store.StateFile), append(state.AppendJSON(nil), '\n'))
	return errors.Join(err, store.RemoveFIFOs(dir))
}
