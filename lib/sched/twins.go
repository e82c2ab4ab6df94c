package sched

import (
	"slices"

	"bgtasks/lib/record"
)

// openTwin is the id of the newest open task of the same kind and dedupe key, ""
// if there is none.
func (x *index) openTwin(s *record.Spec) (id string) {
	if s.DedupeKey == "" {
		return ""
	}
	newest := int64(-1)
	for _, f := range x.openWith(dedupeDir, s.Kind, s.DedupeKey) {
		if n := f.spec.Schedule.Sequence; f.spec.DedupeKey == s.DedupeKey && n > newest {
			id, newest = f.spec.ID, n
		}
	}
	return id
}

// openWith gives the open tasks of a kind that are listed by a key, in the order of
// their ids.
func (x *index) openWith(list, kind, key string) (open []*facts) {
	ids, _ := namesIn(x.path(list, hash(kind, key)))
	slices.Sort(ids)
	for _, id := range ids {
		f, err := read(x.home, id)
		if err == nil && !f.terminal() && f.spec.Schedule != nil && f.spec.Kind == kind {
			open = append(open, f)
		}
	}
	return open
}

// victims are the dependencies of a task that supersedes others: on their trees.
func (x *index) victims(r *Request) (list []record.Dependency) {
	if !r.Supersede || r.Spec.SupersedeKey == "" {
		return nil
	}
	for _, f := range x.openWith(supersedeDir, r.Spec.Kind, r.Spec.SupersedeKey) {
		if f.spec.SupersedeKey == r.Spec.SupersedeKey {
			list = append(list, record.Dependency{When: record.AfterGone, ID: f.spec.ID, Run: f.spec.Run})
		}
	}
	return list
}
