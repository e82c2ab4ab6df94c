package view

import (
	"path/filepath"

	"bgtasks/lib/fsys"
	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// A supervisor holds the lock of the file that was run.lock when it began. If that file
// was removed or replaced since, the one that lies there is free, or there is none, and
// yet the supervisor lives. It is then known by its identity, never by its pid alone.

// Keeper is the supervisor of a run whose lock looks free, or nil. The lock of a task
// that is over in order, or waits, is free by right.
func (r *Reader) Keeper(s *Snapshot) *record.Process {
	if s.Waiting() || s.Terminal() && s.State.Leftovers == 0 && !s.Marked {
		return nil
	}
	if s.State != nil && s.State.Shim != nil && Supervises(*s.State.Shim) {
		return s.State.Shim
	}
	if store.IsRegular(filepath.Join(r.Home.TaskDir(s.ID), store.LockFile)) {
		return nil
	}
	if p := r.Home.MarkerHolder(s.ID); p != nil && Supervises(*p) {
		return p
	}
	return markedShim(s.ID, r.Home.Path())
}

// Supervises tells whether a process lives and is a supervisor: one that is done
// becomes the dispatcher.
func Supervises(p record.Process) bool {
	if presence, err := proc.Identity(p).Presence(); err != nil || presence != proc.Alive {
		return false
	}
	st, err := proc.ReadStat(p.PID)
	return err == nil && st.Comm == record.ShimName
}

// markedShim looks for the supervisor among all processes: it has the marks of its task.
func markedShim(id, home string) *record.Process {
	for _, m := range MarkedBy(id, home) {
		if m.Comm == record.ShimName {
			p := record.Process(m.Identity)
			return &p
		}
	}
	return nil
}

// MarkedBy lists the processes with the marks of any run of a task, the oldest first. The
// home may have been reached by another path when they were started.
func MarkedBy(id, home string) (list []proc.Member) {
	place, err := fsys.PlaceOf(home)
	found, _ := proc.Marked([]string{record.MarkTask + "=" + id})
	for _, m := range found {
		values, _ := proc.ReadEnviron(m.Identity, []string{record.MarkHome})
		if said := values[record.MarkHome]; said == home || err == nil && said != "" && place.Is(said) {
			list = append(list, m)
		}
	}
	return list
}

// Living lists the processes of a task whose records can't be read, or that was removed:
// those that have the marks of any of its runs. Its supervisor is none: one that holds no
// lock is about to go.
func Living(h *store.Home, id string) (pids []int) {
	for _, m := range MarkedBy(id, h.Path()) {
		if m.Comm != record.ShimName {
			pids = append(pids, m.PID)
		}
	}
	return pids
}
