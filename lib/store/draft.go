package store

import (
	"errors"
	"os"
	"path/filepath"

	"bgtasks/lib/fail"
	"bgtasks/lib/fsys"
)

// Draft is a task being built in tmp/, locked before anyone can see it.
type Draft struct {
	home *Home
	id   string
	dir  string // where it lies now
	lock *Lock
}

// Draft builds a task in tmp/, by Begin and Fill.
func (h *Home) Draft(id string, spec []byte, split bool) (*Draft, error) {
	d, err := h.Begin(id)
	if err != nil {
		return nil, err
	}
	if err := d.Fill(spec, split); err != nil {
		return nil, errors.Join(err, d.Discard())
	}
	return d, nil
}

// Fill creates the files of a task that starts at once: its FIFOs and its spec, which is
// synced. The names are not synced: if a power failure loses them, it loses the later
// rename into sight too, and then the task is absent (P1).
func (d *Draft) Fill(spec []byte, split bool) error {
	if err := MakeFIFOs(d.dir, split); err != nil {
		return err
	}
	if err := fail.Point("draft-spec"); err != nil {
		return err
	}
	return writeNew(filepath.Join(d.dir, SpecFile), spec, true)
}

// Begin begins a task: a directory in tmp/, with its held run.lock. A crash
// leaves it to Sweep.
func (h *Home) Begin(id string) (*Draft, error) {
	d := &Draft{home: h, id: id, dir: h.tmpName(id)}
	err := fail.Point("draft-dir")
	if err == nil {
		err = os.Mkdir(d.dir, 0o700)
	}
	if err != nil {
		return nil, err // there is nothing to discard
	}
	if err = fail.Point("draft-lock"); err == nil {
		d.lock, err = openLock(filepath.Join(d.dir, LockFile), os.O_CREATE|os.O_EXCL, tryLock)
	}
	if err != nil {
		return nil, errors.Join(err, d.Discard())
	}
	return d, nil
}

// Lock is the held run.lock, for the shim to inherit.
func (d *Draft) Lock() *Lock { return d.lock }

// Publish renames the draft to tasks/ID. The error is ErrExists when that id
// is taken; the draft is then unchanged.
func (d *Draft) Publish() error {
	if err := d.mark(); err != nil {
		return err
	}
	to := d.home.TaskDir(d.id)
	err := fail.Point("publish-rename")
	if err == nil {
		err = os.Rename(d.dir, to)
	}
	if isTaken(err) {
		return ErrExists
	}
	if err == nil {
		d.dir = to
	}
	return err
}

// PublishOver replaces the task of the same id, whose run.lock the caller holds, by the
// draft. If the system can (renameat2(2), RENAME_EXCHANGE), the two change places in one
// step, so that the id is always taken; elsewhere the id is free for an instant.
// PublishOver wakes the processes that wait for the old task, so that they find the new
// one. It returns the old task as a draft, to be discarded or restored.
func (d *Draft) PublishOver(held *Lock) (old *Draft, err error) {
	if err := d.mark(); err != nil {
		return nil, err
	}
	if err := fail.Point("publish-over-exchange"); err != nil {
		return nil, err
	}
	there, here := d.home.TaskDir(d.id), d.dir
	if err := exchange(here, there); err != nil {
		return nil, err
	}
	d.dir = there
	fail.Pass("publish-over-ring")
	Ring(filepath.Join(here, BellsDir), BellChange)
	return &Draft{home: d.home, id: d.id, dir: here, lock: held}, nil
}

// Dir is the directory of the draft: in tmp/, or in tasks/ once published.
func (d *Draft) Dir() string { return d.dir }

// Discard removes the draft, published or not, and releases its lock. It also removes the
// marker of a draft that could not be published.
func (d *Draft) Discard() error {
	var err error
	published := d.dir == d.home.TaskDir(d.id)
	if published {
		err = d.home.Remove(d.id)
	} else {
		err = fsys.RemoveAll(d.dir)
	}
	if d.lock != nil {
		err = errors.Join(err, d.lock.Unlock())
	}
	if !published {
		err = errors.Join(err, d.home.removeOrphan(d.id)) // a marker whose lock is held stays
	}
	return err
}

// mark makes the marker that says that the task is open, before the task can be seen,
// so that no open task lacks one. It is a second name of the lock where the file system
// knows such: only its name counts, and inodes are what a start costs on a disk.
func (d *Draft) mark() error {
	return d.home.markLike(filepath.Join(d.dir, LockFile), d.id)
}

// RemoveStop removes the requested stop when the run has ended.
func RemoveStop(taskDir string) error {
	if err := fail.Point("remove-stop"); err != nil {
		return err
	}
	return removeIfThere(filepath.Join(taskDir, StopFile))
}

// ID is the draft's id.
func (d *Draft) ID() string { return d.id }

// Restore undoes a PublishOver: the old task returns to its place, and its replacement
// becomes a draft in tmp/.
func (d *Draft) Restore(replacement *Draft) error {
	if err := fail.Point("restore-exchange"); err != nil {
		return err
	}
	if err := exchange(d.dir, replacement.dir); err != nil {
		return err
	}
	d.dir, replacement.dir = replacement.dir, d.dir
	return d.home.UnmarkLive(d.id)
}
