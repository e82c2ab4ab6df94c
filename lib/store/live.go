package store

import (
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"bgtasks/lib/fail"
	"bgtasks/lib/fsys"
)

// Orphans lists the markers in live/ that mark nothing: their start was cut
// short before the task could be seen. A marker whose task is being built is
// none; that draft is locked, and is looked for before the task is, because it
// becomes the task. Nor is one whose lock is held: its supervisor lives, and others have
// removed the task.
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

func (h *Home) orphaned(id string) bool {
	if h.beingBuilt(id) || h.Exists(id) {
		return false
	}
	held, err := fileHeld(filepath.Join(h.LiveDir(), id))
	return err == nil && !held
}

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

// RemoveOrphans removes what Orphans lists.
func (h *Home) RemoveOrphans() error {
	orphans, err := h.Orphans()
	for _, id := range orphans {
		if err := h.removeOrphan(id); err != nil {
			return err
		}
	}
	return err
}

// removeOrphan removes the marker of an id if it marks nothing. A task of that id
// that is started at the same instant gets its marker back.
func (h *Home) removeOrphan(id string) error {
	if !h.MarkedLive(id) || !h.orphaned(id) {
		return nil
	}
	if err := h.UnmarkLive(id); err != nil || h.orphaned(id) {
		return err
	}
	return h.MarkLive(id)
}

// MarkLive marks an existing task.
func (h *Home) MarkLive(id string) error { return h.markLike("", id) }

// markLike makes the marker as another name of the file like, if that can be.
func (h *Home) markLike(like, id string) error {
	if err := fail.Point("mark-live"); err != nil {
		return err
	}
	path := filepath.Join(h.LiveDir(), id)
	if like != "" && unix.Link(like, path) == nil {
		return nil
	}
	f, err := fsys.Open(path, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// UnmarkLive removes the marker. It is the last step of the end of a run, so a marker
// together with a terminal state shows that the end was interrupted.
func (h *Home) UnmarkLive(id string) error {
	if err := fail.Point("unmark-live"); err != nil {
		return err
	}
	return removeIfThere(filepath.Join(h.LiveDir(), id))
}
