package find

import (
	"errors"
	"io/fs"
	"maps"
	"slices"

	"bgtasks/lib/heal"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
)

// All reads the tasks that the filter lets through, oldest first (by
// createdAt, then id), and heals what needs it. Ids that are not there are
// passed over. A filter that can match open tasks only costs what runs, not
// what is kept.
func All(h *store.Home, f Filter) ([]*view.Task, error) {
	ids, marked, err := f.Candidates(h)
	if err != nil {
		return nil, err
	}
	f.IDs = nil // each of these passes
	tasks, err := Among(h, ids, marked, f)
	Sort(tasks, Order{})
	return tasks, err
}

// Marked reads the tasks that the filter lets through and that are not over, or were
// not when it began, in no order, and heals what needs it.
func Marked(h *store.Home, f Filter) ([]*view.Task, error) {
	marked, err := Markers(h)
	if err != nil {
		return nil, err
	}
	ids, few := f.named()
	if few {
		ids = slices.DeleteFunc(ids, func(id string) bool { return !marked[id] })
	} else {
		ids = slices.Collect(maps.Keys(marked))
	}
	return Among(h, ids, marked, f)
}

// Markers gives the ids of the tasks that are not over, or whose end may not be told yet.
func Markers(h *store.Home) (map[string]bool, error) {
	live, err := h.LiveIDs()
	set := make(map[string]bool, len(live))
	for _, id := range live {
		set[id] = true
	}
	return set, err
}

// Among reads those of the tasks with these ids that the filter lets through, in no order,
// and heals what needs it. Those that are not marked need no look at more than their
// records.
func Among(h *store.Home, ids []string, marked map[string]bool, f Filter) ([]*view.Task, error) {
	found := make([]*view.Task, len(ids))
	faults := make([]error, len(ids))
	view.Each(h, len(ids), func(r *view.Reader, i int) {
		r.Brief = f.Brief
		found[i], faults[i] = loadMatching(r, ids[i], marked[ids[i]], f)
	})
	return slices.DeleteFunc(found, func(t *view.Task) bool { return t == nil }), errors.Join(faults...)
}

// loadMatching gives nil for a task that has vanished or does not match.
func loadMatching(r *view.Reader, id string, marked bool, f Filter) (*view.Task, error) {
	known := view.Unmarked
	if marked {
		known = view.Thorough
	}
	t, err := heal.Read(r, id, known)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil || !f.Match(t) {
		return nil, err
	}
	if f.WithLogs {
		r.AddDetails(t)
	}
	if f.Brief {
		t.Spec, t.Current = nil, nil // the next task's are put in their place
	}
	return t, nil
}
