package stream

import (
	"fmt"

	"bgtasks/lib/events"
	"bgtasks/lib/find"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
)

// BootstrapOptions say what the first line of a subscription holds.
type BootstrapOptions struct {
	Limit     int  // the most snapshots, the newest tasks; negative for all
	Steps     int  // the newest steps of each
	Uncounted bool // no aggregate
}

// Bootstrap is what a subscription begins with: the tasks that its conditions
// let through as they were at the cursor, from where the events go on.
type Bootstrap struct {
	Type      string                 `json:"type"`
	Cursor    int64                  `json:"cursor"`
	Timestamp string                 `json:"timestamp"`
	Consumer  string                 `json:"consumer,omitempty"`
	First     bool                   `json:"first,omitempty"`  // the consumer has acknowledged nothing yet
	Reset     bool                   `json:"reset,omitempty"`  // events after the cursor asked for are gone
	Oldest    *int64                 `json:"oldest,omitempty"` // with reset: the cursor from which on they are kept
	Query     *query                 `json:"query"`
	Snapshots []*view.Task           `json:"snapshots"`
	Steps     map[string][]view.Step `json:"steps"`
	Aggregate *find.Aggregate        `json:"aggregate"` // of all that match; null if it is not wanted
}

// query repeats the conditions, in the words of a payload.
type query struct {
	IDs             []string `json:"ids,omitempty"`
	Kinds           []string `json:"kinds,omitempty"`
	Tags            []string `json:"tags,omitempty"`
	Channels        []string `json:"channels,omitempty"`
	Sessions        []string `json:"parentSessionIds,omitempty"`
	Queues          []string `json:"queues,omitempty"`
	DedupeKeys      []string `json:"dedupeKeys,omitempty"`
	ConcurrencyKeys []string `json:"concurrencyKeys,omitempty"`
	SupersedeKeys   []string `json:"supersedeKeys,omitempty"`
	States          []string `json:"states,omitempty"`
	Statuses        []string `json:"statuses,omitempty"`
	Events          []string `json:"events,omitempty"`
	Limit           *int     `json:"limit,omitempty"`
	Steps           int      `json:"steps,omitempty"`
}

func newQuery(s Subscription, o BootstrapOptions) *query {
	f := s.Filter
	q := &query{f.IDs, f.Kinds, f.Tags, f.Channels, f.Sessions, f.Queues, f.DedupeKeys, f.ConcurrencyKeys, f.SupersedeKeys,
		f.States, f.Statuses, s.Names, nil, o.Steps}
	if o.Limit >= 0 {
		q.Limit = &o.Limit
	}
	return q
}

// newBootstrap takes a cut through the home. Its tasks are the members of a
// subscription. With all, or if they are counted, these are all that the conditions let
// through, whatever the limit of the snapshots.
func newBootstrap(h *store.Home, s Subscription, o BootstrapOptions, all bool) (b *Bootstrap, cut *events.Cut, members []*view.Task, err error) {
	if o.Limit < 0 || all || !o.Uncounted {
		cut, err = events.TakeCut(h, s.Filter)
	} else {
		cut, err = events.TakeNewest(h, s.Filter, o.Limit)
	}
	if err != nil {
		return nil, nil, nil, fmt.Errorf("read the tasks: %w", err)
	}
	b = &Bootstrap{Type: "bootstrap", Cursor: cut.Cursor, Timestamp: Now(), Query: newQuery(s, o),
		Steps: map[string][]view.Step{}}
	if !o.Uncounted {
		b.Aggregate = find.Count(cut.Tasks)
	}
	members = cut.Tasks
	cut.Newest(o.Limit)
	cut.Details()
	if o.Steps > 0 {
		if b.Steps, err = cut.Steps(o.Steps); err != nil {
			return nil, nil, nil, fmt.Errorf("read the steps: %w", err)
		}
	}
	if b.Snapshots = cut.Tasks; b.Snapshots == nil {
		b.Snapshots = []*view.Task{}
	}
	cut.Tasks = nil
	return b, cut, members, nil
}
