package find

import (
	"bgtasks/lib/record"
	"bgtasks/lib/view"
)

// Aggregate counts tasks. Every state and every status is there, with zeros;
// of the kinds those that occur. Unreadable tasks count in Total and Unreadable
// alone: where they stand nobody can say.
type Aggregate struct {
	Total      int                      `json:"total"`
	ByState    map[record.LifeState]int `json:"byState"`
	ByStatus   map[record.Status]int    `json:"byStatus"`
	ByKind     map[string]int           `json:"byKind"`
	Unreadable int                      `json:"unreadable,omitempty"`
}

// Count makes the aggregate of tasks.
func Count(tasks []*view.Task) *Aggregate {
	a := &Aggregate{ByState: map[record.LifeState]int{}, ByStatus: map[record.Status]int{}, ByKind: map[string]int{}}
	for _, s := range record.LifeStates {
		a.ByState[s] = 0
	}
	for _, s := range record.Statuses {
		a.ByStatus[s] = 0
	}
	for _, t := range tasks {
		a.add(t)
	}
	return a
}

func (a *Aggregate) add(t *view.Task) {
	a.Total++
	if t.Unreadable != nil || t.State == "" {
		a.Unreadable++
		return
	}
	a.ByState[t.State]++
	a.ByStatus[t.Status]++
	a.ByKind[t.Kind]++
}
