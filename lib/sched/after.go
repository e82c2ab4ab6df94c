package sched

import (
	"errors"
	"io/fs"
	"slices"

	"bgtasks/lib/fsys"
	"bgtasks/lib/record"
)

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
