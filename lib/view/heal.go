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
	if s.held || s.away != nil {
		return false
	}
	w := s.sound()
	if w == nil {
		return false
	}
	v, _, err := w.judge()
	s.unknown = w.unknown
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
	if s.salvaged && !s.salvageable(v) {
		v = leave
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
	err := store.RenewLock(dir) // whoever held another is gone, as keeper has seen
	if err != nil {
		return err
	}
	lock, err := store.TryLock(dir)
	if err != nil {
		return err
	}
	fail.Pass("heal-locked")
	settled, missed, late := false, false, false
	var s *snapshot
	defer func() { r.release(id, lock, s, settled || late, settled || missed) }()
	if s, err = r.records(id); err != nil {
		return err
	}
	r.readStop(s)
	out := holdOutputs(dir, s.split())
	defer out.release()
	r.lookAround(s)
	s.output, s.lost = out.use, out.lost
	if r.keeper(s) != nil {
		return store.ErrLocked
	}
	if s = s.sound(); s == nil {
		return nil
	}
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
	case adopt, adoptRest:
		return r.adopt(s, v, f, lock)
	case finishEnd:
		err = r.finishEnd(s)
	default:
		err = r.recordEnd(s, v, f, out)
	}
	if err == nil && s.terminal() && s.output == fifoHeld && s.state.Leader != nil {
		// Here rather than at the next look: meanwhile nobody would hold the output.
		missed, err = true, r.adopt(s, adoptRest, f, lock)
	}
	settled = err == nil && !missed
	return err
}

// adopt hands the run to a new supervisor.
func (r *reader) adopt(s *snapshot, v verdict, f *finding, lock *store.Lock) error {
	a := r.adoption(s, v, f)
	if v == adopt {
		// A journal that can't be written must not cost the task its supervisor.
		_ = r.journalStart(s, &a.Leader)
	}
	return launch.Adopt(r.home, lock, s.spec, s.attempt(), a)
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
	if kick && s != nil {
		_ = launch.Kick(r.home, ring && s.waiting())
	}
}

// adoption says what the next shim must know of the run.
func (r *reader) adoption(s *snapshot, v verdict, f *finding) record.Adoption {
	a := record.Adoption{Leader: record.Process(f.who), Guessed: s.guessed(), Over: v == adoptRest, OutputLost: s.lost}
	if s.state != nil {
		a.Cgroup, a.TeeMissed = s.state.Cgroup, s.state.TeeMissed
		a.LogStart, a.ErrorsStart, a.Cause = s.state.LogStart, s.state.ErrorsStart, s.state.Reason
		a.OutputLost = a.OutputLost || s.state.OutputEnd == record.OutputUnknown
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
// end sees the output too. FIFOs that nobody else holds are let go before that: who
// looks at the end would take this process for a survivor of the tree.
func (r *reader) recordEnd(s *snapshot, v verdict, f *finding, out *outputs) error {
	if v != lostReboot {
		r.drain(s, out)
	}
	dir := r.home.TaskDir(s.id)
	r.settleLogs(s)
	fail.Pass("heal-record")
	end := endState(s, v, f, time.Now())
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

// drain moves what the FIFOs hold into the logs. It is done as well as it can be:
// that a log can't be written must not keep the end from being recorded.
func (r *reader) drain(s *snapshot, out *outputs) {
	for i, stem := range []string{store.OutputStem, store.ErrorsStem}[:len(out.fds)] {
		fail.Pass("heal-drain")
		if out.fds[i] < 0 {
			continue
		}
		ended, _ := drain(out.fds[i], func() (*seglog.Writer, error) { return r.openLog(s, stem) })
		if !ended {
			continue
		}
		if syscall.Close(out.fds[i]); i == 0 {
			s.output = fifoIdle
		}
		out.fds[i] = -1
	}
}

func (r *reader) openLog(s *snapshot, stem string) (*seglog.Writer, error) {
	return seglog.Open(seglog.Options{
		Dir: r.home.TaskDir(s.id), Stem: stem, Max: s.spec.LogMax, Now: time.Now, Replace: store.Replace,
	})
}

// settleLogs makes the logs say what they lack: what a power failure took, or
// somebody who removed a file while there was no supervisor. A log without a time
// index lacks nothing.
func (r *reader) settleLogs(s *snapshot) {
	for _, stem := range []string{store.OutputStem, store.ErrorsStem} {
		if !exists(filepath.Join(r.home.TaskDir(s.id), stem+".idx")) {
			continue
		}
		if log, err := r.openLog(s, stem); err == nil {
			log.Close()
		}
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
	if err := r.home.AppendDue(s.id); err != nil {
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
	r.lookAround(s)
	s.output = lookAtFIFO(filepath.Join(r.home.TaskDir(s.id), store.OutFIFO))
	s.lost = s.output != fifoHeld
}

func (r *reader) lookAround(s *snapshot) {
	s.marked = exists(filepath.Join(r.home.LiveDir(), s.id))
}

// assume gives the state that a healer would have recorded, for a home that
// this user can't write to or a disk that is full. The snapshot's lock was seen
// free before its records were read, so nobody is about to write another.
func (s *snapshot) assume() {
	if s.fault != nil {
		return
	}
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
