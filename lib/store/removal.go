package store

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"bgtasks/lib/fail"
	"bgtasks/lib/fsys"
	"bgtasks/lib/record"
)

const (
	// goneSuffix ends the name in tmp/ of a task that was taken out of sight, and whose
	// removal may not be in the journal.
	goneSuffix = ".gone"

	// removedFile is the line of the journal about the removal, in the task's directory,
	// so that another one can write it.
	removedFile = "removed.ndjson"
)

// UntoldError says that a task was removed, and that its removal could not be journalled
// yet: the next sweep does it, unless the disk had no room for the line then.
type UntoldError struct {
	ID  string
	Err error
}

func (e *UntoldError) Error() string {
	return "task \"" + e.ID + "\" was removed, but the journal can't tell of it: " + e.Err.Error()
}

func (e *UntoldError) Unwrap() error { return e.Err }

// RemoveTold removes a task of which the caller holds the run.lock, and journals that:
// both under the lock of the journal, so that what anyone reads of the tasks agrees with
// the journal's end. The error is *UntoldError if the task is gone all the same, as on a
// full disk, where its files are what makes room for the line. A crash in between leaves
// the task in tmp/, and the line to the next sweep.
func (h *Home) RemoveTold(e *record.Event) error {
	id := e.TaskID
	note := filepath.Join(h.TaskDir(id), removedFile)
	_ = os.WriteFile(note, e.AppendJSON(nil), 0o600) // there may be no room
	var away string
	err := h.AppendAfter(func() (err error) {
		away, err = h.withdraw(id, goneSuffix)
		return err
	}, e)
	if away == "" {
		return errors.Join(err, removeIfThere(note))
	}
	fail.Pass("remove-ring")
	Ring(filepath.Join(away, BellsDir), BellChange)
	if err != nil {
		empty(away)
		if err := h.Append(e); err != nil {
			return &UntoldError{id, err}
		}
	}
	return bury(away)
}

// withdraw takes a task out of sight in one step, and gives where it lies then.
func (h *Home) withdraw(id, suffix string) (away string, err error) {
	if err := fail.Point("remove-rename"); err != nil {
		return "", err
	}
	// The marker first: once the name is free, a marker is another task's.
	if err := h.UnmarkLive(id); err != nil {
		return "", err
	}
	away = h.tmpName(id) + suffix
	if err := os.Rename(h.TaskDir(id), away); err != nil {
		return "", err
	}
	fail.Pass("remove-renamed")
	return away, nil
}

// empty deletes what a removed task has beside the line that is to be journalled and the
// lock that tells that somebody is about it.
func empty(away string) {
	names, _ := fsys.Names(away)
	for _, name := range names {
		if name != removedFile && name != LockFile {
			_ = fsys.RemoveAll(filepath.Join(away, name))
		}
	}
}

// bury deletes a task whose removal was journalled.
func bury(away string) error {
	return errors.Join(removeIfThere(filepath.Join(away, removedFile)), fsys.RemoveAll(away))
}

// tellGone finishes the removals that were cut short: each is journalled, and what is
// left of the task deleted. One that somebody is about is passed over.
func (h *Home) tellGone() (err error) {
	names, _ := fsys.Names(h.TmpDir())
	for _, name := range names {
		if strings.HasSuffix(name, goneSuffix) {
			err = errors.Join(err, h.tellOne(filepath.Join(h.TmpDir(), name)))
		}
	}
	return err
}

func (h *Home) tellOne(away string) error {
	lock, err := TryLock(away)
	switch {
	case errors.Is(err, ErrLocked):
		return nil
	case err == nil:
		defer lock.Unlock()
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	line, err := fsys.ReadFile(filepath.Join(away, removedFile))
	if err == nil && len(line) > 1 && bytes.IndexByte(line, '\n') == len(line)-1 {
		journal := h.Hurried().Journal()
		defer journal.Close()
		if _, err := journal.Append(line); err != nil {
			return err
		}
		Ring(h.JournalBells(), BellChange)
	}
	return bury(away)
}

// Remove moves a task out of sight in one step, wakes the processes that wait for it, and
// then deletes it. The caller holds its run.lock or knows that no process can. A crash
// leaves the rest in tmp/.
func (h *Home) Remove(id string) error {
	away, err := h.withdraw(id, "")
	if err != nil {
		return err
	}
	Ring(filepath.Join(away, BellsDir), BellChange)
	return fsys.RemoveAll(away)
}
