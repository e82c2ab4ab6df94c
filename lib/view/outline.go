package view

import (
	"errors"
	"slices"

	"bgtasks/lib/codec"
	"bgtasks/lib/store"
)

// Outline is what gives a task its place among others.
type Outline struct{ ID, CreatedAt string }

// Outlines lists all tasks as LoadAll does, in the order of their creation or the
// other way round, for those who want to know no more: the state of a task that has
// ended is half of the work of reading it.
func Outlines(h *store.Home, newestFirst bool) ([]Outline, error) {
	live, err := h.LiveIDs()
	if err != nil {
		return nil, err
	}
	ids, err := h.IDs()
	if err != nil {
		return nil, err
	}
	marked := markers(live)
	list := make([]Outline, len(ids))
	faults := make([]error, len(ids))
	eachOf(h, len(ids), func(r *reader, i int) {
		r.brief = true
		list[i], faults[i] = r.outline(ids[i], marked[ids[i]])
	})
	list = slices.DeleteFunc(list, func(o Outline) bool { return o.ID == "" })
	sortBy(list, Order{Desc: newestFirst}, func(o Outline) keyed { return keyed{o.CreatedAt, o} })
	return list, errors.Join(faults...)
}

// outline looks at the whole task if its spec alone does not tell. It is zero for one
// that has vanished.
func (r *reader) outline(id string, marked bool) (Outline, error) {
	if !marked && r.folder != nil {
		if o, ok := r.outlineOfSpec(id); ok {
			return o, nil
		}
	}
	t, err := r.loadMatching(id, marked, Filter{})
	if t == nil {
		return Outline{}, err
	}
	return t.outline(), nil
}

func (r *reader) outlineOfSpec(id string) (o Outline, ok bool) {
	data, err := r.file(id, store.SpecFile)
	if err != nil {
		return Outline{}, false
	}
	named, created, err := codec.ParseOutline(data)
	if err != nil || named != id || created.IsZero() {
		return Outline{}, false
	}
	return Outline{id, timeOf(created)}, true
}
