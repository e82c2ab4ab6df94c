package sched

import (
	"errors"
	"io/fs"
	"slices"

	"bgtasks/lib/fail"
	"bgtasks/lib/fsys"
	"bgtasks/lib/record"
	"bgtasks/lib/view"
)

// verdict is what can be said of a dependency, the worse the higher.
type verdict int

const (
	met       verdict = iota
	pending           // it can still be met
	never             // it can't be
	forgotten         // its task was removed or replaced: nobody knows any more how it ended
)

// judgeDependency looks at the task that d is about.
func (x *index) judgeDependency(d record.Dependency) (verdict, error) {
	if q := x.fates[d.ID]; q != nil && q.facts.spec.Run == d.Run && q.ending.Err == nil {
		return afterEnd(d.When, q.ending.As), nil
	}
	f, err := look(x.home, d.ID)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return afterEnd(d.When, ""), nil
	case unreadable(err):
		return min(afterEnd(d.When, ""), never), nil
	case err != nil:
		return pending, err
	case f.spec.Run > d.Run:
		return afterEnd(d.When, view.EndOfRun(x.home, d.ID, d.Run)), nil
	case !f.terminal(), d.When == record.AfterGone && f.held:
		return pending, nil
	}
	return afterEnd(d.When, f.state.State), nil
}

// afterEnd is the verdict once the run is over; state is how it ended, "" if nobody
// knows.
func afterEnd(when string, state record.LifeState) verdict {
	switch {
	case when == record.AfterAny, when == record.AfterGone:
		return met
	case state == "":
		return forgotten
	case (when == record.AfterOK) == (state == record.Succeeded):
		return met
	}
	return never
}

// judgeDependencies gives those of the list that are not met, and the worst verdict.
// What is forgotten counts as the caller says.
func (x *index) judgeDependencies(list []record.Dependency, lost verdict) (all verdict, open []record.Dependency, err error) {
	for _, d := range list {
		v, err := x.judgeDependency(d)
		if err != nil {
			return pending, nil, err
		}
		if v == forgotten {
			v = lost
		}
		if v != met {
			open = append(open, d)
		}
		all = max(all, v)
	}
	return all, open, nil
}

// dependencies are what the task waits for, as its records say. Those of a task that
// was started once are met.
func (f *facts) dependencies() []record.Dependency {
	if f.state.State != record.Queued || f.state.Attempt > 1 {
		return nil
	}
	return f.spec.Schedule.After
}

// listed are those of which the index says that they are not known to be met. One
// that was met once stays so, whatever becomes of its task: it is in no list.
func (x *index) listed(f *facts) (list []record.Dependency) {
	for _, d := range f.dependencies() {
		if fsys.Exists(x.entryOf(d, f.spec.ID)) {
			list = append(list, d)
		}
	}
	return list
}

// awaitedIn is the directory of those who wait for a task by such a dependency: who
// has superseded it is looked for in every dispatch while it runs, and must be found
// without a look at all the others.
func awaitedIn(d record.Dependency) string {
	if d.When == record.AfterGone {
		return goneDir
	}
	return afterDir
}

func (x *index) entryOf(d record.Dependency, waiter string) string {
	return x.path(awaitedIn(d), d.ID, waiter)
}

// await enters a task as one that waits for the ends of others, and makes sure
// that these are noticed: a task that waits itself, or was claimed, is found by
// that, unless it is to be ended.
func (x *index) await(id string, others []record.Dependency) error {
	for _, d := range others {
		fail.Pass("after-enter")
		if err := x.enter(awaitedIn(d)+"/"+d.ID, id); err != nil {
			return err
		}
		f, err := look(x.home, d.ID)
		if err == nil && f.waits() && d.When != record.AfterGone {
			continue
		}
		if err := x.lookout(d.ID); err != nil {
			return err
		}
	}
	return nil
}

// waiter is a task that waits for others, as it was found once in a section: it may
// wait for ten thousand of them.
type waiter struct {
	*facts
	err  error
	met  int              // so many of its dependencies, from the first on, are in no list any more
	with map[string][]int // the places of its dependencies, by id
}

// waiter gives it.
func (x *index) waiter(id string) *waiter {
	w := x.waiters[id]
	if w == nil {
		w = &waiter{with: map[string][]int{}}
		w.facts, w.err = look(x.home, id)
		if w.err == nil && w.waits() {
			for i, d := range w.dependencies() {
				w.with[d.ID] = append(w.with[d.ID], i)
			}
		}
		x.waiters[id] = w
	}
	return w
}

// elsewhere tells whether it waits for another one than id. What is not listed now is
// not again in this section.
func (x *index) elsewhere(w *waiter, id string) bool {
	list := w.dependencies()
	for i := w.met; i < len(list); i++ {
		switch {
		case list[i].ID != id && fsys.Exists(x.entryOf(list[i], w.spec.ID)):
			return true
		case i == w.met:
			w.met++
		}
	}
	return false
}

// decideWaiter looks at one in dir who waits for a task that has ended. still tells
// that its entry is needed: it goes on waiting, or is to be ended first.
func (x *index) decideWaiter(dir, id, name string) (still bool, err error) {
	entry := x.path(dir, id, name)
	w := x.waiter(name)
	switch {
	case errors.Is(w.err, fs.ErrNotExist), unreadable(w.err), w.err == nil && !w.waits():
		return false, removeFile(entry)
	case w.err != nil:
		return false, w.err
	}
	worst := met
	for _, i := range w.with[id] {
		v, err := x.judgeDependency(w.dependencies()[i])
		if err != nil {
			return false, err
		}
		worst = max(worst, v)
	}
	switch {
	case worst == pending:
		return true, nil
	case worst != met: // what is forgotten, but still listed, was never met
		x.todo.doomed = append(x.todo.doomed, name)
		return true, nil
	case !x.elsewhere(w, id):
		if err := x.placeFree(w.facts); err != nil {
			return false, err
		}
	}
	return false, removeFile(entry)
}

// superseding names an open task that was started in the place of id, "" if there
// is none.
func (x *index) superseding(id string) string {
	waiters, err := namesIn(x.path(goneDir, id))
	if err != nil {
		return ""
	}
	for _, waiter := range waiters {
		if x.supersedes(waiter, id) {
			return waiter
		}
	}
	return ""
}

// supersedes tells whether waiter waits until the tree of id is gone.
func (x *index) supersedes(name, id string) bool {
	w := x.waiter(name)
	return w.err == nil && w.waits() && slices.ContainsFunc(w.with[id], func(i int) bool {
		return w.dependencies()[i].When == record.AfterGone
	})
}

// victim is a task that another one has taken the place of, and that is to end.
type victim struct{ id, by string }

// pursue makes sure that a victim that runs has been asked to end: whoever
// superseded it may have been killed before it could. What was asked for is in its
// state once its supervisor has heard of it.
func (x *index) pursue(f *facts) error {
	if f.state == nil || f.state.Stop != nil {
		return nil
	}
	if by := x.superseding(f.spec.ID); by != "" {
		x.todo.victims = append(x.todo.victims, victim{f.spec.ID, by})
	}
	return nil
}
