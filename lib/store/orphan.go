package store

import (
	"strings"

	"bgtasks/lib/fsys"
)

// Orphans lists the markers in live/ that mark nothing: their start was cut
// short before the task could be seen. A marker whose task is being built is
// none; that draft is locked, and is looked for before the task is, because it
// becomes the task.
func (h *Home) Orphans() ([]string, error) {
	ids, err := h.LiveIDs()
	if err != nil {
		return nil, err
	}
	var orphans []string
	for _, id := range ids {
		if h.orphaned(id) {
			orphans = append(orphans, id)
		}
	}
	return orphans, nil
}

func (h *Home) orphaned(id string) bool { return !h.beingBuilt(id) && !h.Exists(id) }

// beingBuilt tells whether a locked draft of a task with this id is in tmp/.
func (h *Home) beingBuilt(id string) bool {
	names, err := fsys.Names(h.TmpDir())
	if err != nil {
		return true
	}
	for _, name := range names {
		if !strings.HasPrefix(name, id+".") {
			continue
		}
		if held, err := LockHeld(h.TmpDir() + "/" + name); err != nil || held {
			return true
		}
	}
	return false
}

// RemoveOrphans removes what Orphans lists. A task of such an id that is
// started at the same instant gets its marker back.
func (h *Home) RemoveOrphans() error {
	orphans, err := h.Orphans()
	for _, id := range orphans {
		if err := h.UnmarkLive(id); err != nil {
			return err
		}
		if !h.orphaned(id) {
			if err := h.MarkLive(id); err != nil {
				return err
			}
		}
	}
	return err
}

// ProbeLocks asks about a lock on the file at path, and takes none. The error
// tells that the system or the file system has no such locks.
func ProbeLocks(path string) error {
	f, err := fsys.Open(path, 0, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = lockHeld(f)
	return err
}
