package find

import (
	"slices"
	"strings"

	"bgtasks/lib/view"
)

// Order says how tasks are sorted: by one of Orders, or the other way round.
type Order struct {
	By   string // "" for "created"
	Desc bool
}

// Orders are the times to sort by, the default first.
var Orders = []string{"created", "updated", "scheduled", "started", "exited"}

// ByRun is the order in which the newest runs were asked for: a task that was run again
// comes as if it were new. It is none of Orders.
const ByRun = "run"

// ByCreation tells whether no other time is looked at.
func (o Order) ByCreation() bool { return o.By == "" || o.By == Orders[0] }

// ParseOrder reads "started", "started-desc", "started_desc" or "started_asc".
func ParseOrder(s string) (o Order, ok bool) {
	by, direction, cut := strings.Cut(strings.Replace(s, "_", "-", 1), "-")
	o = Order{by, direction == "desc"}
	return o, slices.Contains(Orders, by) && (!cut || direction == "asc" || direction == "desc")
}

// Sort puts tasks in an order. Those that lack its time come last in either
// direction; those of one time come by createdAt, then id, so that a page
// follows on the one before.
func Sort(tasks []*view.Task, o Order) {
	sortBy(tasks, o, func(t *view.Task) keyed { return keyed{o.key(t), placeOf(t)} })
}

func placeOf(t *view.Task) Outline { return Outline{t.ID, t.CreatedAt} }

// keyed is what is compared of an item.
type keyed struct {
	key string
	Outline
}

func sortBy[T any](items []T, o Order, keyOf func(T) keyed) {
	type place struct {
		keyed
		item T
	}
	places := make([]place, len(items))
	for i, item := range items {
		places[i] = place{keyOf(item), item}
	}
	slices.SortFunc(places, func(a, b place) int { return o.compare(&a.keyed, &b.keyed) })
	for i := range places {
		items[i] = places[i].item
	}
}

func (o Order) compare(a, b *keyed) int {
	c := strings.Compare(a.key, b.key)
	if c != 0 && (a.key == "" || b.key == "") {
		return -c
	}
	if c == 0 {
		c = strings.Compare(a.CreatedAt, b.CreatedAt)
	}
	if c == 0 {
		c = strings.Compare(a.ID, b.ID)
	}
	if o.Desc {
		return -c
	}
	return c
}

// key is the time to sort by: RFC 3339 with milliseconds, in UTC, sorts as text.
func (o Order) key(t *view.Task) string {
	switch o.By {
	case "updated":
		return t.UpdatedAt
	case "scheduled":
		return t.ScheduledAt
	case "started":
		return t.StartedAt
	case "exited":
		return t.ExitedAt
	case ByRun:
		return runSince(t)
	}
	return t.CreatedAt
}

// runSince is about when the newest run was asked for. A run of a task that was run before
// has no time of its own in the view but that of its start; until that it is the newest.
func runSince(t *view.Task) string {
	switch {
	case t.RestartCount == 0:
		return t.CreatedAt
	case t.StartedAt == "":
		return t.UpdatedAt
	}
	return t.StartedAt
}

// Page cuts out a page: at most limit items after the first offset ones. A
// negative limit is none.
func Page[T any](items []T, offset, limit int) []T {
	items = items[min(max(offset, 0), len(items)):]
	if limit >= 0 && limit < len(items) {
		items = items[:limit]
	}
	return items
}
