package find

import (
	"maps"
	"slices"
	"strings"
	"time"

	"bgtasks/lib/record"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
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

// Candidates lists what may match, and the markers as they were before that.
func (f *Filter) Candidates(h *store.Home) (ids []string, marked map[string]bool, err error) {
	if marked, err = Markers(h); err != nil {
		return nil, nil, err
	}
	if ids, few := f.named(); few {
		return ids, marked, nil
	}
	if f.wantsOpen() {
		return slices.Collect(maps.Keys(marked)), marked, nil
	}
	ids, err = h.IDs()
	return ids, marked, err
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

// Changes tells whether a task that matches may cease to do so, or begin, but for its
// being replaced or removed.
func (f *Filter) Changes() bool { return f.OpenOnly || len(f.States)+len(f.Statuses) > 0 }

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

// Empty tells whether the filter lets every task through.
func (f *Filter) Empty() bool {
	return len(f.IDs)+len(f.Names)+len(f.Kinds)+len(f.Sessions)+len(f.Queues)+len(f.Tags)+len(f.Channels)+
		len(f.DedupeKeys)+len(f.ConcurrencyKeys)+len(f.SupersedeKeys)+len(f.Statuses)+len(f.States) == 0 &&
		f.Since.IsZero() && f.Until.IsZero() && !f.OpenOnly
}

// Match tells whether the filter lets the task through.
func (f *Filter) Match(t *view.Task) bool {
	return oneOf(f.IDs, t.ID) && oneOf(f.Names, t.Name) && oneOf(f.Kinds, t.Kind) &&
		oneOf(f.Sessions, t.ParentSessionID) && oneOf(f.Queues, t.Queue) &&
		oneOf(f.DedupeKeys, t.DedupeKey) && oneOf(f.ConcurrencyKeys, t.ConcurrencyKey) &&
		oneOf(f.SupersedeKeys, t.SupersedeKey) && anyOf(f.Channels, t.Channels) &&
		oneOf(f.Statuses, string(t.Status)) && oneOf(f.States, string(t.State)) &&
		!slices.ContainsFunc(f.Tags, func(tag string) bool { return !slices.Contains(t.Tags, tag) }) &&
		(!f.OpenOnly || t.Open()) && f.matchTime(t)
}

func (f *Filter) matchTime(t *view.Task) bool {
	if f.Since.IsZero() && f.Until.IsZero() {
		return true
	}
	return t.Spec != nil && !t.Spec.CreatedAt.Before(f.Since) && (f.Until.IsZero() || t.Spec.CreatedAt.Before(f.Until))
}

func oneOf(list []string, v string) bool { return len(list) == 0 || slices.Contains(list, v) }

func anyOf(list, of []string) bool {
	return len(list) == 0 || slices.ContainsFunc(of, func(v string) bool { return slices.Contains(list, v) })
}
