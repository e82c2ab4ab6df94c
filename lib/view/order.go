package view

import (
	"slices"
	"strings"
)

// Order says how tasks are sorted: by one of Orders, or the other way round.
type Order struct {
	By   string // "" for "created"
	Desc bool
}

// Orders are the times to sort by, the default first.
var Orders = []string{"created", "updated", "scheduled", "started", "exited"}

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
func Sort(tasks []*Task, o Order) {
	type keyed struct {
		key string
		*Task
	}
	list := make([]keyed, len(tasks))
	for i, t := range tasks {
		list[i] = keyed{o.key(t), t}
	}
	slices.SortFunc(list, func(a, b keyed) int {
		c := strings.Compare(a.key, b.key)
		if c != 0 && (a.key == "" || b.key == "") {
			return -c
		}
		if c == 0 && !o.ByCreation() {
			c = strings.Compare(a.CreatedAt, b.CreatedAt)
		}
		if c == 0 {
			c = strings.Compare(a.ID, b.ID)
		}
		if o.Desc {
			return -c
		}
		return c
	})
	for i := range list {
		tasks[i] = list[i].Task
	}
}

// key is the time to sort by: RFC 3339 with milliseconds, in UTC, sorts as text.
func (o Order) key(t *Task) string {
	switch o.By {
	case "updated":
		return t.UpdatedAt
	case "scheduled":
		return t.ScheduledAt
	case "started":
		return t.StartedAt
	case "exited":
		return t.ExitedAt
	}
	return t.CreatedAt
}

// Page cuts out a page: at most limit tasks after the first offset ones. A
// negative limit is none.
func Page(tasks []*Task, offset, limit int) []*Task {
	tasks = tasks[min(max(offset, 0), len(tasks)):]
	if limit >= 0 && limit < len(tasks) {
		tasks = tasks[:limit]
	}
	return tasks
}
