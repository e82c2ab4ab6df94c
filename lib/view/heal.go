package view

import (
	"errors"
	"io/fs"
	"path/filepath"
	"syscall"
	"time"

	"bgtasks/lib/fail"
	"bgtasks/lib/launch"
	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/seglog"
	"bgtasks/lib/store"
)

// wantsHealing tells whether there is something for a healer to do: the lock
// is free, and the facts call for more than leaving the task alone. It is asked
// before the lock is taken, because a lock taken for nothing would for that
// moment look like a supervisor's, and keep a restart from its task.
func (s *snapshot) wantsHealing() bool {
	if s.fault != nil || s.held {
		return false
	}
	v, _, err := s.judge()
	return err == nil && v != leave && v != cannotKnow
}

// judge looks at the processes too, and decides.
func (s *snapshot) judge() (verdict, *finding, error) {
	f, err := examine(s)
	if err != nil {
		return cannotKnow, nil, err
	}
	v := decide(f.facts)
	if s.mustEndFirst(v, f) {
		v = adopt
	}
	return v, f, nil
}

// heal does what DESIGN §7 asks of any verb that meets an open run with a free
// lock, or an ended one whose last steps were cut short. One of several healers
// gets the lock; the others return at once with store.ErrLocked, or later find
// the work done. A healer that is killed leaves the lock free and the work to
// the next: each step can be done again. before is what called for it.
func (r *reader) heal(before *snapshot) error {
	id, dir := before.id, r.home.TaskDir(before.id)
	lock, err := store.TryLock(dir)
	if err != nil {
		return err
	}
	fail.Pass("heal-locked")
	settled, missed, late := false, false, false
	var s *snapshot
	defer func() { r.release(id, lock, s, settled || late, settled || missed) }()
	if s, err = r.records(id); err != nil || s.fault != nil {
		return err
	}
	r.readStop(s)
	r.look(s)
	v, f, err := s.judge()
	if err != nil {
		return err
	}
	if v != unclaim {
		note(lock) // an unclaim is known by who held it last
	}
	switch v {
	case leave, cannotKnow:
		missed, late = s.waiting(), before.open() != s.open() || before.marked != s.marked
		return nil
	case cancel, finishRetry, unclaim:
		err = r.wait(s, v)
		settled = err == nil
		return err
	case finishEnd:
		err = r.finishEnd(s)
		settled = err == nil
		return err
	case adopt, adoptRest:
		a := r.adoption(s, v, f)
		if v == adopt {
			// A journal that can't be written must not cost the task its supervisor.
			_ = r.journalStart(s, &a.Leader)
		}
		return launch.Adopt(r.home, lock, s.spec, s.attempt(), a)
	}
	err = r.recordEnd(s, v, f)
	settled = err == nil
	return err
}

// note tells those who wait for the lock whose end to watch for: a healer may be
// killed like a shim. Without it they still have their bells.
func note(lock *store.Lock) {
	if self, err := proc.Self(); err == nil {
		_ = store.WriteHolder(lock.File(), record.Process(self))
	}
}

// release frees the lock, unless an adopting shim has it by now. Who waits until
// nobody supervises an ended task was woken under the lock, and is again, also if
// another healer had ended it before we had the lock: our lock kept him waiting. After
// anything else nobody is: a waiter that tries in vain would wake itself. Then
// the next of those that wait can be started, for which a reader has no right: the
// dispatcher is told, and if it can't be, whoever uses the home next tells it. So it
// is if a dispatch may have missed the task because of us: it waits, and was healed
// by another before we had the lock.
func (r *reader) release(id string, lock *store.Lock, s *snapshot, ring, kick bool) {
	if ring {
		store.GiveBack(r.home.TaskDir(id), lock)
	} else {
		lock.Unlock()
	}
	if kick {
		_ = launch.Kick(r.home, ring && s.waiting())
	}
}

// adoption says what the next shim must know of the run.
func (r *reader) adoption(s *snapshot, v verdict, f *finding) record.Adoption {
	a := record.Adoption{Leader: record.Process(f.who), Guessed: s.guessed(), Over: v == adoptRest}
	if s.state != nil {
		a.Cgroup, a.TeeMissed = s.state.Cgroup, s.state.TeeMissed
		a.LogStart, a.ErrorsStart, a.Cause = s.state.LogStart, s.state.ErrorsStart, s.state.Reason
	}
	if !s.begun() {
		a.LogStart, a.ErrorsStart = r.lastEnds(s.id)
	}
	if s.state != nil && s.state.Leader != nil {
		a.Leader = *s.state.Leader
	}
	if s.state != nil && !s.state.StartedAt.IsZero() {
		a.StartedMs = s.state.StartedAt.UnixMilli()
	}
	stop := s.stop
	if s.state != nil && s.state.Stop != nil {
		stop = s.state.Stop
	}
	if number, err := stopSignal(stop); err == nil && !a.Over {
		a.StopMs, a.Stop, a.StopNumber = stop.RequestedAt.UnixMilli(), *stop, int(number)
		a.GraceLeftMs = stop.GraceMs
		if s.state != nil && s.state.Stop != nil {
			a.GraceLeftMs = graceLeft(stop, time.Now())
		}
	}
	return a
}

// lastEnds is where in the logs the attempt before this one ended, for one whose
// supervisor was killed before it could say where it begins.
func (r *reader) lastEnds(id string) (output, errors int64) {
	past, _ := pastAttempts(r, id)
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

var errNoStop = errors.New("no stop was asked for")

func stopSignal(stop *record.Stop) (syscall.Signal, error) {
	if stop == nil {
		return 0, errNoStop
	}
	return proc.ParseSignal(stop.Signal)
}

// recordEnd writes the terminal state and does what follows from it. What the
// dead shim had not read is taken into the log first, so that whoever sees the
// end sees the output too.
func (r *reader) recordEnd(s *snapshot, v verdict, f *finding) error {
	if v != lostReboot {
		drainInto(r.home.TaskDir(s.id), s.spec)
	}
	fail.Pass("heal-record")
	end := endState(s, v, f, time.Now())
	dir := r.home.TaskDir(s.id)
	end.LogEnd = logEnd(dir, store.OutputStem)
	if s.spec.Split {
		end.ErrorsEnd = logEnd(dir, store.ErrorsStem)
	}
	if err := store.Replace(filepath.Join(dir, store.StateFile), append(end.AppendJSON(nil), '\n')); err != nil {
		return err
	}
	if err := store.SyncDir(dir); err != nil {
		return err
	}
	s.state = end
	if err := r.journalEnd(s); err != nil {
		return err
	}
	if s.waiting() {
		return r.tidyRetry(s)
	}
	return r.tidy(s)
}

// drainInto moves what the FIFOs hold into the logs. It is done as well as it
// can be: that a log can't be written must not keep the end from being
// recorded.
func drainInto(dir string, spec *record.Spec) {
	drainOne(dir, store.OutFIFO, store.OutputStem, spec.LogMax)
	if spec.Split {
		drainOne(dir, store.ErrFIFO, store.ErrorsStem, spec.LogMax)
	}
}

func drainOne(dir, fifo, stem string, limit int64) {
	fail.Pass("heal-drain")
	var log *seglog.Writer
	drain(filepath.Join(dir, fifo), func(p []byte) {
		if log == nil {
			log, _ = seglog.Open(seglog.Options{Dir: dir, Stem: stem, Max: limit, Now: time.Now, Replace: store.Replace})
		}
		if log != nil {
			log.Write(p)
		}
	})
	if log != nil {
		log.Sync()
		log.Close()
	}
}

// logEnd is where a log ends now; 0 if it can't be read.
func logEnd(dir, stem string) int64 {
	log, err := seglog.OpenReader(dir, stem)
	if err != nil {
		return 0
	}
	defer log.Close()
	end, _ := log.End()
	return end
}

// finishEnd resumes where whoever recorded the end was cut short.
func (r *reader) finishEnd(s *snapshot) error {
	if s.marked {
		done, err := journalled(r.home, s.state.UpdatedAt, s.id, s.state.Run, s.state.Attempt, record.EndEvent(s.state))
		if err == nil && !done {
			err = r.journalEnd(s)
		}
		if err != nil {
			return err
		}
	}
	return r.tidy(s)
}

// journalStart makes up for the started event of a run whose supervisor was
// killed before it could write one, or never found room for it (P10). Where the
// journal no longer reaches back that far, the event counts as written.
func (r *reader) journalStart(s *snapshot, leader *record.Process) error {
	if leader == nil {
		return nil
	}
	at := startOf(s, leader)
	said, known, err := journalledSince(r.home, at, s.id, s.spec.Run, s.attempt(), record.EventStarted)
	if said || !known {
		return err
	}
	then := &record.State{Run: s.spec.Run, Attempt: s.attempt(), State: record.Running, Leader: leader}
	return r.home.Append(&record.Event{
		Name: record.EventStarted, Time: at, TaskID: s.id, Labels: s.spec.EventLabels(), State: then,
	})
}

// startOf is when the run's program was executed: as recorded, or by the age of
// its leader.
func startOf(s *snapshot, leader *record.Process) time.Time {
	if s.state != nil && !s.state.StartedAt.IsZero() {
		return s.state.StartedAt
	}
	age, err := proc.Age(proc.Identity(*leader))
	if err != nil {
		age = 0
	}
	return time.Now().Add(-age)
}

func (r *reader) journalEnd(s *snapshot) error {
	if err := fail.Point("heal-journal"); err != nil {
		return err
	}
	if err := r.journalStart(s, s.state.Leader); err != nil {
		return err
	}
	return r.home.Append(&record.Event{
		Name:   record.EndEvent(s.state),
		Time:   s.state.UpdatedAt,
		TaskID: s.id,
		Labels: s.spec.EventLabels(),
		State:  s.state,
	})
}

// tidy does the steps after the journal: forget the stop, remove the FIFOs,
// then the marker that says that all this is to be done, and wake those who
// wait. FIFOs that a survivor of the tree holds stay: its output is still to be
// had.
func (r *reader) tidy(s *snapshot) error {
	fail.Pass("heal-tidy")
	dir := r.home.TaskDir(s.id)
	err := errors.Join(store.RemoveStop(dir), store.RemoveEnv(dir))
	if s.output != fifoHeld && s.kin == 0 {
		err = errors.Join(err, store.RemoveFIFOs(dir))
		if group, err := s.cgroup(); err == nil {
			group.Remove()
		}
	}
	err = errors.Join(err, r.home.UnmarkLive(s.id))
	fail.Pass("heal-ring")
	store.Ring(filepath.Join(dir, store.BellsDir), store.BellLog)
	store.Ring(filepath.Join(dir, store.BellsDir), store.BellChange)
	return err
}

// look fills in what a snapshot says beyond its records.
func (r *reader) look(s *snapshot) {
	dir := r.home.TaskDir(s.id)
	s.marked = exists(filepath.Join(r.home.LiveDir(), s.id))
	s.output = lookAtFIFO(filepath.Join(dir, store.OutFIFO))
}

// assume gives the state that a healer would have recorded, for a home that
// this user can't write to or a disk that is full. The snapshot's lock was seen
// free before its records were read, so nobody is about to write another.
func (s *snapshot) assume() {
	switch v, f, _ := s.judge(); v {
	case recordExit, recordLost, lostReboot:
		s.state = endState(s, v, f, time.Now())
	}
}

// hopeless tells whether an error of heal means that this process can't heal,
// rather than that another does.
func hopeless(err error) bool {
	return err != nil && !errors.Is(err, store.ErrLocked) && !errors.Is(err, fs.ErrNotExist)
}
