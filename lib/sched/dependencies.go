package sched

import (
	"errors"
	"io/fs"

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
	if end := x.fates[d.ID]; end != nil && end.Spec.Run == d.Run && end.Err == nil {
		return afterEnd(d.When, end.As), nil
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

// known is a *DependencyError if the task that d is about was removed, or another run
// took its place, since the dependency was made.
func (x *index) known(d record.Dependency) error {
	if d.When == record.AfterGone {
		return nil
	}
	if !x.home.Exists(d.ID) {
		return missing(d.ID, fs.ErrNotExist)
	}
	v, err := x.judgeDependency(d)
	if v == forgotten {
		err = &DependencyError{d.ID, "another run has just taken the place of the one that was there"}
	}
	return err
}

func missing(id string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return &DependencyError{id, "there is no such task"}
	}
	return &DependencyError{id, err.Error()}
}
