package view

import (
	"errors"
	"io/fs"
	"iter"
	"runtime"
	"slices"
	"strings"
	"time"

	"bgtasks/lib/pool"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// Filter chooses tasks: all of its members must match, of each list one entry
// is enough, except that a task must have all of Tags. Empty members match
// every task.
type Filter struct {
	IDs, Names, Kinds, Sessions, Queues        []string
	Tags                                       []string
	Channels                                   []string // implied or given
	DedupeKeys, ConcurrencyKeys, SupersedeKeys []string
	Statuses, States                           []string
	Since, Until                               time.Time // of createdAt, which is not before the one and before the other
	OpenOnly                                   bool
	Brief                                      bool // leave out Spec and Current, which are more than a third of a task
	WithLogs                                   bool // fill in LogBytes, LogDroppedBytes and what the task reported, which costs system calls
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
	ids, err := f.candidates(h, live)
	if err != nil {
		return nil, err
	}
	f.IDs = nil // each of these passes
	tasks, err := loadEach(h, ids, markers(live), f)
	Sort(tasks, Order{})
	return tasks, err
}

// LoadMarked reads the tasks that the filter lets through and that are not over, or were
// not when it began, in no order, and heals what needs it.
func LoadMarked(h *store.Home, f Filter) ([]*Task, error) {
	live, err := h.LiveIDs()
	if err != nil {
		return nil, err
	}
	marked, ids := markers(live), live
	if named, few := f.named(); few {
		ids = slices.DeleteFunc(named, func(id string) bool { return !marked[id] })
	}
	return loadEach(h, ids, marked, f)
}

// candidates lists what may match, live being the ids that have a marker.
func (f *Filter) candidates(h *store.Home, live []string) ([]string, error) {
	if ids, few := f.named(); few {
		return ids, nil
	}
	if f.wantsOpen() {
		return live, nil
	}
	return h.IDs()
}

// named gives the only ids that can match, if the conditions name them: as ids, or by
// the channels that are one task's each.
func (f *Filter) named() (ids []string, few bool) {
	ids = f.IDs
	if len(ids) == 0 {
		for _, channel := range f.Channels {
			id, own := strings.CutPrefix(channel, record.ChannelTask)
			if !own {
				return nil, false
			}
			ids = append(ids, id)
		}
	}
	few = len(ids) > 0
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	return slices.DeleteFunc(ids, func(id string) bool { return !record.ValidID(id) }), few
}

// changes tells whether a task that matches may cease to do so, or begin, but for its
// being replaced or removed.
func (f *Filter) changes() bool { return f.OpenOnly || len(f.States)+len(f.Statuses) > 0 }

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

// loadEach reads the tasks that the filter lets through.
func loadEach(h *store.Home, ids []string, marked map[string]bool, f Filter) ([]*Task, error) {
	found := make([]*Task, len(ids))
	faults := make([]error, len(ids))
	eachOf(h, len(ids), func(r *reader, i int) {
		r.brief = f.Brief
		found[i], faults[i] = r.loadMatching(ids[i], marked[ids[i]], f)
	})
	return slices.DeleteFunc(found, func(t *Task) bool { return t == nil }), errors.Join(faults...)
}

// eachOf does the work for 0 to n-1 on all processors.
func eachOf(h *store.Home, n int, work func(r *reader, i int)) {
	pool.Workers(n, runtime.GOMAXPROCS(0), func(numbers iter.Seq[int]) {
		r := newReader(h)
		defer r.readMany()()
		for i := range numbers {
			work(r, i)
		}
	})
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
		r.addDetails(t)
	}
	if f.Brief {
		t.Spec, t.Current = nil, nil // the next task's are put in their place
	}
	return t, nil
}

// Empty tells whether the filter lets every task through.
func (f *Filter) Empty() bool {
	return len(f.IDs)+len(f.Names)+len(f.Kinds)+len(f.Sessions)+len(f.Queues)+len(f.Tags)+len(f.Channels)+
		len(f.DedupeKeys)+len(f.ConcurrencyKeys)+len(f.SupersedeKeys)+len(f.Statuses)+len(f.States) == 0 &&
		f.Since.IsZero() && f.Until.IsZero() && !f.OpenOnly
}

// Match tells whether the filter lets the task through.
func (f *Filter) Match(t *Task) bool {
	return oneOf(f.IDs, t.ID) && oneOf(f.Names, t.Name) && oneOf(f.Kinds, t.Kind) &&
		oneOf(f.Sessions, t.ParentSessionID) && oneOf(f.Queues, t.Queue) &&
		oneOf(f.DedupeKeys, t.DedupeKey) && oneOf(f.ConcurrencyKeys, t.ConcurrencyKey) &&
		oneOf(f.SupersedeKeys, t.SupersedeKey) && anyOf(f.Channels, t.Channels) &&
		oneOf(f.Statuses, string(t.Status)) && oneOf(f.States, string(t.State)) &&
		!slices.ContainsFunc(f.Tags, func(tag string) bool { return !slices.Contains(t.Tags, tag) }) &&
		(!f.OpenOnly || t.Open()) && f.matchTime(t)
}

func (f *Filter) matchTime(t *Task) bool {
	if f.Since.IsZero() && f.Until.IsZero() {
		return true
	}
	return t.Spec != nil && !t.Spec.CreatedAt.Before(f.Since) && (f.Until.IsZero() || t.Spec.CreatedAt.Before(f.Until))
}

func oneOf(list []string, v string) bool { return len(list) == 0 || slices.Contains(list, v) }

func anyOf(list, of []string) bool {
	return len(list) == 0 || slices.ContainsFunc(of, func(v string) bool { return slices.Contains(list, v) })
}
