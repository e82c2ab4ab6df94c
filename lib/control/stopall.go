package control

import (
	"context"
	"errors"
	"fmt"
	"time"

	"bgtasks/lib/find"
	"bgtasks/lib/heal"
	"bgtasks/lib/record"
	"bgtasks/lib/sched"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
	"bgtasks/lib/watch"
)

// Wanted names a task to end, and how to end it.
type Wanted struct {
	ID string
	StopOptions
}

// StopAll ends tasks as Stop does. It ends the waiting tasks first, all together, so
// that none of them starts in the place of an ended one; then the running tasks, at most
// atOnce at a time. It calls report for each task as soon as the task is gone or can't be
// stopped, with the index in the list and the results of Stop.
func StopAll(ctx context.Context, h *store.Home, list []Wanted, atOnce int, report func(i int, t *view.Task, err error)) {
	s := &stopper{ctx: ctx, home: h, list: list, report: report}
	rest := make([]int, len(list))
	for i := range rest {
		rest[i] = i
	}
	for len(rest) > 0 {
		rest = s.outlive(s.cancel(rest), atOnce)
	}
}

// stopper is one call of StopAll.
type stopper struct {
	ctx    context.Context
	home   *store.Home
	list   []Wanted
	report func(i int, t *view.Task, err error)

	watch *watch.Watcher
	runs  map[string]*stopping // those that are waited for
	next  time.Time            // the first of their deadlines
	back  []int                // those that turned out to wait, once more
}

// stopping is a task that is waited for.
type stopping struct {
	request
	indexes  []int
	deadline time.Time
	check    time.Time       // when to look who keeps its supervisor from answering; zero for no more
	hindered *heal.Hindrance // what the last such look found
	seen     *view.Task
}

// silence is how long a supervisor has until it is looked at whether it can answer at all,
// and the same again until that is believed.
const silence = 300 * time.Millisecond

// cancel ends those that wait, and gives the others.
func (s *stopper) cancel(indexes []int) (others []int) {
	ids := make([]string, len(indexes))
	for n, i := range indexes {
		ids[n] = s.list[i].ID
	}
	results := sched.Cancel(s.home, ids, func(n int, spec *record.Spec) (*record.Stop, error) {
		stop, _, err := s.list[indexes[n]].request(spec)
		return stop, err
	})
	var done []int
	for n, r := range results {
		switch {
		case r.Err != nil:
			s.report(indexes[n], nil, r.Err)
		case r.Done:
			done = append(done, indexes[n])
		default:
			others = append(others, indexes[n])
		}
	}
	if len(done) > 0 {
		_ = sched.Dispatch(s.home) // others may go on now; these are over
		s.show(done)
	}
	return others
}

// show reports on those that have ended, as they are now.
func (s *stopper) show(done []int) {
	f := find.Filter{WithLogs: true}
	for _, i := range done {
		f.IDs = append(f.IDs, s.list[i].ID)
	}
	tasks, err := find.All(s.home, f)
	byID := map[string]*view.Task{}
	for _, t := range tasks {
		byID[t.ID] = t
	}
	for _, i := range done {
		t, err := byID[s.list[i].ID], err
		if t == nil && err == nil {
			err = &view.NotFoundError{ID: s.list[i].ID}
		}
		s.report(i, t, err)
	}
}

// outlive asks the supervisors of the others to end them, and waits until they are
// gone. It gives those that wait to be started by then.
func (s *stopper) outlive(indexes []int, atOnce int) (back []int) {
	if len(indexes) == 0 {
		return nil
	}
	s.runs, s.back, s.next = map[string]*stopping{}, nil, time.Time{}
	var err error
	if s.watch, err = watch.New(s.home); err == nil {
		defer s.watch.Close()
	}
	for err == nil {
		for len(indexes) > 0 && len(s.runs) < max(atOnce, 1) {
			s.begin(indexes[0])
			indexes = indexes[1:]
		}
		if len(s.runs) == 0 {
			return s.back
		}
		err = s.step()
	}
	for _, r := range s.runs {
		indexes = append(indexes, r.indexes...)
	}
	for _, i := range indexes {
		s.report(i, nil, err)
	}
	return s.back
}

// step waits for news.
func (s *stopper) step() error {
	woken, err := s.watch.Wait(s.ctx, s.next)
	if errors.Is(err, watch.ErrTimeout) {
		s.expire()
		return nil
	}
	for _, id := range woken {
		s.look(id)
	}
	return err
}

// begin looks at a task, and waits for it unless nothing of it lives.
func (s *stopper) begin(i int) {
	id := s.list[i].ID
	if r := s.runs[id]; r != nil {
		r.indexes = append(r.indexes, i)
		return
	}
	t, err := heal.Load(s.home, id)
	switch {
	case err != nil:
		s.report(i, nil, err)
		return
	case t.TreeGone():
		forget(s.home, id)
		s.report(i, t, nil)
		return
	case unsupervised(t):
		s.report(i, t, abandoned(t))
		return
	}
	stop, number, err := s.list[i].request(t.Spec)
	if err == nil {
		err = s.watch.Add(id, false)
	}
	if err != nil {
		s.report(i, nil, err)
		return
	}
	deadline := time.Now().Add(time.Duration(stop.GraceMs)*time.Millisecond + patience)
	r := &stopping{request: request{stop: stop, number: number}, indexes: []int{i}, deadline: deadline, seen: t}
	r.check = time.Now().Add(silence)
	s.runs[id] = r
	s.wakeFor(r)
	s.look(id)
}

// look finds out how far a task has come. With each look that finds another shim, that
// one is told.
func (s *stopper) look(id string) {
	r := s.runs[id]
	for again := r != nil; again; {
		var t *view.Task
		err := s.home.Moved()
		if err == nil {
			t, err = heal.Load(s.home, id)
		}
		if err != nil {
			s.end(id, nil, err)
			return
		}
		r.seen = t
		switch {
		case t.TreeGone():
			forget(s.home, id)
			s.end(id, t, nil)
			return
		case unsupervised(t):
			s.end(id, t, abandoned(t))
			return
		case waiting(t) && !t.Supervised(): // it was put back: nobody is there to be told
			s.back = append(s.back, r.indexes...)
			s.drop(id)
			return
		case lost(t):
			err = unattended(t)
		default:
			if err = r.tell(s.home, t); err != nil {
				err = fmt.Errorf("ask %q to stop: %w", id, err)
			} else {
				err = refusal(s.home, t)
			}
		}
		if err == nil {
			again, err = s.watch.Mind(t)
		}
		if err != nil {
			s.end(id, t, err)
			return
		}
	}
}

// expire gives up those whose time is over, and those whose supervisor can't answer.
func (s *stopper) expire() {
	s.next = time.Time{}
	now := time.Now()
	for id, r := range s.runs {
		if !r.check.IsZero() && !now.Before(r.check) {
			r.lookAtHolder(s.home, now)
		}
		switch {
		case r.hindered != nil && r.check.IsZero():
			s.end(id, nil, &StopError{ID: id, Why: r.hindered.Words(), Hint: r.hindered.Hint()})
		case !now.Before(r.deadline):
			s.end(id, nil, s.overdue(r))
		default:
			s.wakeFor(r)
		}
	}
}

// lookAtHolder decides after two looks.
func (r *stopping) lookAtHolder(h *store.Home, now time.Time) {
	before := r.hindered
	r.hindered = heal.HindranceOf(h, r.seen)
	r.check = time.Time{}
	if before == nil && r.hindered != nil {
		r.check = now.Add(silence)
	}
}

// overdue says what is left when the time is over.
func (s *stopper) overdue(r *stopping) *StopError {
	if who := heal.HindranceOf(s.home, r.seen); who != nil {
		return &StopError{ID: r.seen.ID, Why: who.Words(), Hint: who.Hint()}
	}
	return &StopError{ID: r.seen.ID, Why: "its processes do not end", Left: left(s.home, r.seen)}
}

// wakeFor makes the next wait end in time for a task.
func (s *stopper) wakeFor(r *stopping) {
	at := r.deadline
	if !r.check.IsZero() && r.check.Before(at) {
		at = r.check
	}
	if s.next.IsZero() || at.Before(s.next) {
		s.next = at
	}
}

// end reports on a task that need not be waited for any more.
func (s *stopper) end(id string, t *view.Task, err error) {
	for _, i := range s.runs[id].indexes {
		s.report(i, t, err)
	}
	s.drop(id)
}

func (s *stopper) drop(id string) {
	delete(s.runs, id)
	s.watch.Remove(id)
}
