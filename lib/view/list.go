package view

import (
	"cmp"
	"errors"
	"io/fs"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// Filter chooses tasks: all of its members must match, of each list one entry
// is enough, except that a task must have all of Tags. Empty members match
// every task.
type Filter struct {
	IDs, Names, Kinds, Sessions []string
	Tags                        []string
	Statuses, States            []string
	OpenOnly                    bool
	WithLogs                    bool // fill in LogBytes and LogDroppedBytes, which costs system calls
}

// LoadAll reads the tasks that the filter lets through, oldest first (by
// createdAt, then id), and heals what needs it. Ids that are not there are
// passed over. A filter that can match open tasks only costs what runs, not
// what is kept.
func LoadAll(h *store.Home, f Filter) ([]*Task, error) {
	live, err := h.LiveIDs()
	if err != nil {
		return nil, err
	}
	ids := live
	switch {
	case len(f.IDs) > 0:
		ids = slices.DeleteFunc(slices.Compact(slices.Sorted(slices.Values(f.IDs))), func(id string) bool { return !record.ValidID(id) })
	case !f.wantsOpen():
		if ids, err = h.IDs(); err != nil {
			return nil, err
		}
	}
	tasks, err := loadEach(h, ids, markers(live), f)
	slices.SortFunc(tasks, func(a, b *Task) int {
		return cmp.Or(cmp.Compare(a.CreatedAt, b.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	return tasks, err
}

// wantsOpen tells whether only open tasks can match.
func (f *Filter) wantsOpen() bool {
	openStatus := func(s string) bool {
		return s == string(record.StatusStarting) || s == string(record.StatusQueued) || s == string(record.StatusRunning)
	}
	return f.OpenOnly || only(f.Statuses, openStatus) ||
		only(f.States, func(s string) bool { return !record.LifeState(s).Terminal() })
}

func only(list []string, want func(string) bool) bool {
	return len(list) > 0 && !slices.ContainsFunc(list, func(s string) bool { return !want(s) })
}

func markers(live []string) map[string]bool {
	set := make(map[string]bool, len(live))
	for _, id := range live {
		set[id] = true
	}
	return set
}

// loadEach reads the tasks on all processors. They are handed out one by one,
// so that a slow one delays no other.
func loadEach(h *store.Home, ids []string, marked map[string]bool, f Filter) ([]*Task, error) {
	found := make([]*Task, len(ids))
	faults := make([]error, len(ids))
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(ids)) {
		workers.Go(func() {
			r := newReader(h)
			for i := next.Add(1) - 1; int(i) < len(ids); i = next.Add(1) - 1 {
				found[i], faults[i] = r.loadMatching(ids[i], marked[ids[i]], f)
			}
		})
	}
	workers.Wait()
	return slices.DeleteFunc(found, func(t *Task) bool { return t == nil }), errors.Join(faults...)
}

// loadMatching gives nil for a task that has vanished or does not match.
func (r *reader) loadMatching(id string, marked bool, f Filter) (*Task, error) {
	known := unmarked
	if marked {
		known = thorough
	}
	t, err := r.load(id, known)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil || !f.Match(t) {
		return nil, err
	}
	if f.WithLogs {
		r.addLogs(t)
	}
	return t, nil
}

// Match tells whether the filter lets the task through.
func (f *Filter) Match(t *Task) bool {
	return oneOf(f.IDs, t.ID) && oneOf(f.Names, t.Name) && oneOf(f.Kinds, t.Kind) &&
		oneOf(f.Sessions, t.ParentSessionID) &&
		oneOf(f.Statuses, string(t.Status)) && oneOf(f.States, string(t.State)) &&
		!slices.ContainsFunc(f.Tags, func(tag string) bool { return !slices.Contains(t.Tags, tag) }) &&
		(!f.OpenOnly || t.Open())
}

func oneOf(list []string, v string) bool { return len(list) == 0 || slices.Contains(list, v) }
