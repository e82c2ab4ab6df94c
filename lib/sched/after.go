package sched

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"bgtasks/lib/fail"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
)

// verdict is what can be said of a dependency.
type verdict int

const (
	met     verdict = iota
	pending         // it can still be met
	never           // it can't be
)

// judgeDependency looks at the task that d is about. The end of a run that nobody
// knows any more, because its task was removed or replaced, is an end like any
// other, and neither a success nor a failure.
func (x *index) judgeDependency(d record.Dependency) (verdict, error) {
	f, err := look(x.home, d.ID)
	switch {
	case errors.Is(err, fs.ErrNotExist), unreadable(err):
		return afterEnd(d.When, ""), nil
	case err != nil:
		return pending, err
	case f.spec.Run > d.Run:
		return afterEnd(d.When, x.pastEnd(d)), nil
	case !f.terminal(), d.When == record.AfterGone && f.held:
		return pending, nil
	}
	return afterEnd(d.When, f.state.State), nil
}

// afterEnd is the verdict once the run is over; state is how it ended, "" if nobody
// knows.
func afterEnd(when string, state record.LifeState) verdict {
	ok := state == record.Succeeded
	switch {
	case when == record.AfterAny, when == record.AfterGone,
		when == record.AfterOK && ok, when == record.AfterNotOK && !ok && state != "":
		return met
	}
	return never
}

// pastEnd is how an earlier run ended, as the list of attempts tells.
func (x *index) pastEnd(d record.Dependency) (end record.LifeState) {
	raw, err := os.ReadFile(filepath.Join(x.home.TaskDir(d.ID), store.AttemptsFile))
	if err != nil {
		return ""
	}
	for line := range bytes.SplitSeq(raw, []byte("\n")) {
		if s, err := view.ParseAttempt(line); err == nil && s.Run == d.Run && s.State.Terminal() {
			end = s.State
		}
	}
	return end
}

// judgeDependencies gives the verdict over all that a task waits for, and the ids
// of those that are pending. Those of a task that was started once are met.
func (x *index) judgeDependencies(f *facts) (all verdict, ids []string, err error) {
	if f.state.State != record.Queued || f.state.Attempt > 1 {
		return met, nil, nil
	}
	for _, d := range f.spec.Schedule.After {
		v, err := x.judgeDependency(d)
		switch {
		case err != nil:
			return pending, nil, err
		case v == never:
			return never, nil, nil
		case v == pending:
			ids = append(ids, d.ID)
		}
	}
	if len(ids) > 0 {
		return pending, ids, nil
	}
	return met, nil, nil
}

// await enters a task as one that waits for the ends of others, and makes sure
// that these are noticed: a task that waits itself, or was claimed, is found by
// that.
func (x *index) await(id string, others []string) error {
	for _, other := range others {
		fail.Pass("after-enter")
		if err := x.enter(afterDir+"/"+other, id); err != nil {
			return err
		}
		f, err := look(x.home, other)
		if err == nil && f.waits() && !x.supersedes(id, other) {
			continue
		}
		if err := x.lookout(other); err != nil {
			return err
		}
	}
	return nil
}

// decideWaiter looks at one who waits for a task that has ended. still tells that
// it goes on waiting for it.
func (x *index) decideWaiter(id, waiter string) (still bool, err error) {
	entry := x.path(afterDir, id, waiter)
	f, err := look(x.home, waiter)
	switch {
	case errors.Is(err, fs.ErrNotExist), unreadable(err), err == nil && !f.waits():
		return false, removeFile(entry)
	case err != nil:
		return false, err
	}
	awaited, err := x.place(f)
	if err != nil {
		return false, err
	}
	if slices.Contains(awaited, id) {
		return true, nil
	}
	return false, removeFile(entry)
}

// superseding names an open task that was started in the place of id, "" if there
// is none.
func (x *index) superseding(id string) string {
	waiters, err := namesIn(x.path(afterDir, id))
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
func (x *index) supersedes(waiter, id string) bool {
	f, err := read(x.home, waiter)
	return err == nil && f.waits() && slices.ContainsFunc(f.spec.Schedule.After, func(d record.Dependency) bool {
		return d.ID == id && d.When == record.AfterGone
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
