package sched

import (
	"errors"
	"io/fs"
	"time"

	"bgtasks/lib/fail"
	"bgtasks/lib/fsys"
	"bgtasks/lib/launch"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// quitter is a task that waits and is to be ended. Its lock keeps everybody else from
// it meanwhile.
type quitter struct {
	id      string
	index   int // in the caller's list, -1 for one that another has doomed
	because *quitter
	lock    *store.Lock
	facts   *facts
	waited  record.State // as the index knows it
	ending  *launch.Ending
	err     error // store.ErrLocked if someone else keeps the lock
}

// ended tells whether the end is recorded and journalled.
func (q *quitter) ended() bool { return q.ending != nil && q.ending.Err == nil }

// end says how it ends.
func (q *quitter) end(as record.LifeState, why record.Reason) *launch.Ending {
	return &launch.Ending{Spec: q.facts.spec, State: q.facts.state, As: as, Why: why}
}

// enders end tasks that wait, a portion at a time: what has to be done under the lock
// of the index, and what waits for the disk, is done for all of a portion in one go.
//
// Before an end is recorded there is a lookout for the task, so that what follows from
// it is not forgotten by a crash.
type enders struct {
	home     *store.Home
	patience time.Duration                                     // with all who have locks of the tasks
	why      func(*quitter) (ending *launch.Ending, err error) // how it ends, if it does; under its lock
	spread   bool                                              // those that the ends doom are ended too

	x    *index
	most int        // tasks in a portion
	set  []*quitter // of this portion
}

// endersPortion is how many tasks are in a portion, at most. Each holds two descriptors.
const endersPortion = 1024

// each ends those of the tasks that wait, and reports on each of them. Who has the
// lock of one is waited for while no other is held, or two who do this could wait for
// each other.
func (e *enders) each(ids []string, report func(*quitter)) {
	var late []*quitter
	e.most = store.AtOnce(endersPortion)
	for first := 0; first < len(ids); first += e.most {
		portion := make([]*quitter, min(e.most, len(ids)-first))
		for i := range portion {
			portion[i] = &quitter{id: ids[first+i], index: first + i}
		}
		e.end(portion, store.TryLock)
		for _, q := range portion {
			if e.patience > 0 && q.ending == nil && errors.Is(q.err, store.ErrLocked) {
				late = append(late, q)
			} else {
				report(q)
			}
		}
	}
	deadline := time.Now().Add(e.patience)
	for _, q := range late {
		e.end([]*quitter{q}, func(dir string) (*store.Lock, error) { return store.LockWithin(dir, time.Until(deadline)) })
		report(q)
	}
}

// end ends those of a portion that wait.
func (e *enders) end(portion []*quitter, lock func(dir string) (*store.Lock, error)) {
	e.x, e.set = newIndex(e.home), nil
	e.x.fates = map[string]*launch.Ending{}
	for _, q := range portion {
		if e.x.fates[q.id] == nil {
			e.take(q, lock)
		}
	}
	if e.spread {
		e.addDoomed()
	}
	if len(e.set) == 0 {
		return
	}
	if err := e.lookout(); err != nil {
		for _, q := range e.set {
			q.ending = nil
		}
		e.release(err)
		return
	}
	endings := make([]*launch.Ending, len(e.set))
	for i, q := range e.set {
		endings[i] = q.ending
	}
	launch.EndAll(e.home, endings)
	fail.Pass("end-waiting-entries")
	e.release(e.x.locked(e.leave))
}

// take locks a task that waits, and finds out whether and how it ends. The lock of any
// other is not touched: taken for nothing it would look like a supervisor's.
func (e *enders) take(q *quitter, lock func(dir string) (*store.Lock, error)) {
	dir := e.home.TaskDir(q.id)
	f, err := read(e.home, q.id)
	if q.err = err; err != nil || !f.waits() {
		return
	}
	held, err := lock(dir)
	if q.err = err; err != nil {
		return
	}
	if q.facts, q.err = read(e.home, q.id); q.err == nil && q.facts.waits() {
		q.waited = *q.facts.state
		q.ending, q.err = e.why(q)
	}
	if q.ending == nil {
		q.err = errors.Join(q.err, store.GiveBack(dir, held))
		return
	}
	q.lock = held
	if q.because != nil {
		q.ending.Because = q.because.ending
	}
	e.set = append(e.set, q)
	e.x.fates[q.id] = q.ending
}

// addDoomed adds those that the ends of the others doom, each behind the one that does,
// as long as there is room. The others are found by the next dispatch.
func (e *enders) addDoomed() {
	for i := 0; i < len(e.set); i++ {
		q := e.set[i]
		waiters, _ := namesIn(e.x.path(afterDir, q.id))
		for _, id := range waiters {
			if len(e.set) >= e.most {
				return
			}
			f, err := read(e.home, id)
			if e.x.fates[id] == nil && err == nil && f.waits() && e.x.doomed(f) {
				e.take(&quitter{id: id, index: -1, because: q}, store.TryLock)
			}
		}
	}
}

// doomed tells whether a task waits for something that can't come any more.
func (x *index) doomed(f *facts) bool {
	all, _, err := x.judgeDependencies(x.listed(f), never)
	return err == nil && all == never
}

// lookout makes sure that the ends are noticed. Where there is no index, or no longer,
// there is one from now on.
func (e *enders) lookout() error {
	mark := func() error {
		for _, q := range e.set {
			if fsys.Exists(e.x.path(newDir, q.id)) {
				if err := e.home.Append(enqueuedEvent(q.facts.spec, &q.waited)); err != nil {
					return err
				}
				e.x.unmarkNew(q.id)
			}
			if err := e.x.lookout(q.id); err != nil {
				return err
			}
		}
		return nil
	}
	err := e.x.locked(mark)
	if errors.Is(err, fs.ErrNotExist) {
		if err = e.x.make(); err == nil {
			err = e.x.locked(mark)
		}
	}
	return err
}

// leave does what follows from the ends, as far as that is not for a dispatch.
func (e *enders) leave() error {
	e.x.lock.Foretell(store.Undone)
	for _, q := range e.set {
		if !q.ended() {
			continue
		}
		left, err := e.x.settle(q.id, &facts{spec: q.facts.spec, state: &q.waited})
		if err == nil && !left {
			err = removeFile(e.x.path(store.ClaimsDir, q.id))
		}
		q.err = errors.Join(q.err, err)
	}
	return nil
}

// release gives the locks back. err is about all.
func (e *enders) release(err error) {
	for _, q := range e.set {
		if q.ending != nil {
			q.err = errors.Join(q.err, q.ending.Err)
		}
		q.err = errors.Join(q.err, err, store.GiveBack(e.home.TaskDir(q.id), q.lock))
	}
}
