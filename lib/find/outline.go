package find

import (
	"errors"
	"slices"

	"bgtasks/lib/codec"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
)

// Outline is what gives a task its place among others.
type Outline struct{ ID, CreatedAt string }

// Outlines lists all tasks as All does, in the order of their creation or the
// other way round, for those who want to know no more: the state of a task that has
// ended is half of the work of reading it.
func Outlines(h *store.Home, newestFirst bool) ([]Outline, error) {
	marked, err := Markers(h)
	if err != nil {
		return nil, err
	}
	ids, err := h.IDs()
	if err != nil {
		return nil, err
	}
	list := make([]Outline, len(ids))
	faults := make([]error, len(ids))
	view.Each(h, len(ids), func(r *view.Reader, i int) {
		r.Brief = true
		list[i], faults[i] = outlineOf(r, ids[i], marked[ids[i]])
	})
	list = slices.DeleteFunc(list, func(o Outline) bool { return o.ID == "" })
	sortBy(list, Order{Desc: newestFirst}, func(o Outline) keyed { return keyed{o.CreatedAt, o} })
	return list, errors.Join(faults...)
}

// outline looks at the whole task if its spec alone does not tell. It is zero for one
// that has vanished.
func outlineOf(r *view.Reader, id string, marked bool) (Outline, error) {
	if !marked {
		if o, ok := outlineOfSpec(r, id); ok {
			return o, nil
		}
	}
	t, err := loadMatching(r, id, marked, Filter{})
	if t == nil {
		return Outline{}, err
	}
	return placeOf(t), nil
}

func outlineOfSpec(r *view.Reader, id string) (o Outline, ok bool) {
	data, err := r.SpecText(id)
	if err != nil {
		return Outline{}, false
	}
	named, created, err := codec.ParseOutline(data)
	if err != nil || named != id || created.IsZero() {
		return Outline{}, false
	}
	return Outline{id, view.TimeOf(created)}, true
}
