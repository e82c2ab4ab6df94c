package sched

import (
	"os"
	"path/filepath"
	"slices"

	"bgtasks/lib/proc"
	"bgtasks/lib/record"
)

// openTwin is the newest task of the same kind and dedupe key, but for the task except,
// that is open or of which something lives on; nil if there is none. It is so by its
// records.
func (x *index) openTwin(s *record.Spec, except string) (twin *facts) {
	if s.DedupeKey == "" {
		return nil
	}
	for _, f := range x.openWith(dedupeDir, s.Kind, s.DedupeKey) {
		if f.spec.DedupeKey == s.DedupeKey && f.spec.ID != except && (twin == nil || f.spec.Schedule.Sequence > twin.spec.Schedule.Sequence) {
			twin = f
		}
	}
	return twin
}

// doubtful tells whether an open task may be over: it has no supervisor, or that is
// gone and someone who heals it has its lock.
func (x *index) doubtful(f *facts) bool {
	switch {
	case f.terminal():
		return true
	case f.waits():
		return !f.held && f.sick(x.home)
	case !f.held || f.state == nil || f.state.Shim == nil:
		return !f.held
	}
	presence, err := proc.Identity(*f.state.Shim).Presence()
	return err == nil && presence != proc.Alive
}

// openWith gives the tasks of a kind that are listed by a key, in the order of their
// ids: those that are open, and those of which something lives on.
func (x *index) openWith(list, kind, key string) (open []*facts) {
	ids, _ := namesIn(x.path(list, hash(kind, key)))
	slices.Sort(ids)
	for _, id := range ids {
		f, err := look(x.home, id)
		if err == nil && (!f.terminal() || f.lingers(x.home)) && f.spec.Schedule != nil && f.spec.Kind == kind {
			open = append(open, f)
		}
	}
	return open
}

// victims are the dependencies of a task that supersedes others: on their trees.
func (x *index) victims(s *record.Spec) (list []record.Dependency) {
	if !s.Supersedes() {
		return nil
	}
	for _, f := range x.openWith(supersedeDir, s.Kind, s.SupersedeKey) {
		if f.spec.SupersedeKey == s.SupersedeKey && f.spec.ID != s.ID {
			list = append(list, record.Dependency{When: record.AfterGone, ID: f.spec.ID, Run: f.spec.Run})
		}
	}
	return list
}

// enterKeys lists an open task by its dedupe and supersede keys.
func (x *index) enterKeys(s *record.Spec) error {
	for _, list := range keyLists(s) {
		if err := x.enter(list, s.ID); err != nil {
			return err
		}
	}
	return nil
}

// leaveKeys takes it off these lists.
func (x *index) leaveKeys(s *record.Spec) error {
	for _, list := range keyLists(s) {
		if err := removeFile(x.path(list, s.ID)); err != nil {
			return err
		}
		if os.Remove(x.path(list)) == nil { // it was the last with this key
			_ = os.Remove(filepath.Dir(x.path(list)))
		}
	}
	return nil
}

// keyLists are the directories that list the open tasks with the keys of s.
func keyLists(s *record.Spec) (lists []string) {
	if s.DedupeKey != "" {
		lists = append(lists, dedupeDir+"/"+hash(s.Kind, s.DedupeKey))
	}
	if s.SupersedeKey != "" {
		lists = append(lists, supersedeDir+"/"+hash(s.Kind, s.SupersedeKey))
	}
	return lists
}
