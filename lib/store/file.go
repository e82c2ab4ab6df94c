package store

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"bgtasks/lib/fail"
	"bgtasks/lib/fsys"
)

// pending is a hidden temporary file that is to take the place of another. It
// lies in that one's directory, never in $TMPDIR: contents of the home stay in
// the home. The usual libraries for this always sync, keep no room and would be
// a fortieth of the shim.
type pending struct {
	f    *os.File
	path string // whose place it will take
}

func newPending(path string) (*pending, error) {
	if err := fail.Point("replace-create"); err != nil {
		return nil, err
	}
	f, err := fsys.Open(besides(path), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	return &pending{f, path}, nil
}

// reopen opens the file again after a replace that failed.
func (p *pending) reopen() error {
	if p.f.Fd() != ^uintptr(0) {
		return nil
	}
	f, err := fsys.Open(p.f.Name(), os.O_RDWR, 0)
	if err == nil {
		p.f = f
	}
	return err
}

// replace makes the file visible under its final name.
func (p *pending) replace() error {
	err := p.f.Close()
	if err == nil {
		err = fail.Point("replace-rename")
	}
	if err == nil {
		err = renameOver(p.f.Name(), p.path)
	}
	return err
}

// replaceSynced does so with its contents on the disk. Without the sync a
// power failure may leave an empty file in the place of the old one.
func (p *pending) replaceSynced() error {
	err := fail.Point("replace-sync")
	if err == nil {
		err = p.f.Sync()
	}
	if err != nil {
		return err
	}
	return p.replace()
}

// discard removes the file. Closing it twice does no harm.
func (p *pending) discard() error {
	p.f.Close()
	return os.Remove(p.f.Name())
}

// Replace replaces the file at path with data, atomically and with mode 0600:
// a reader sees the old contents or the new, and the new are on the disk when
// Replace returns. The directory entry is not synced; see SyncDir. A crash
// leaves at most a hidden temporary file beside path.
func Replace(path string, data []byte) error {
	return replaceFile(path, data, (*pending).replaceSynced)
}

// ReplaceUnsynced does the same without waiting for the disk: after a power
// failure the file may be empty.
func ReplaceUnsynced(path string, data []byte) error {
	return replaceFile(path, data, (*pending).replace)
}

func replaceFile(path string, data []byte, replace func(*pending) error) error {
	p, err := newPending(path)
	if err != nil {
		return err
	}
	err = fail.Point("replace-write")
	if err == nil {
		_, err = p.f.Write(data)
	}
	if err == nil {
		err = replace(p)
	}
	if err != nil {
		return errors.Join(err, p.discard())
	}
	return nil
}

// Reserve is room on the disk for one last version of a file, so that the end
// of a task can be recorded when the disk is full.
type Reserve struct{ p *pending }

// reserveSize holds any state record: its variable parts are bounded.
const reserveSize = 4096

var zeros [reserveSize]byte

// NewReserve takes the room for a future Commit to path. A crash leaves a
// hidden temporary file.
func NewReserve(path string) (*Reserve, error) {
	p, err := newPending(path)
	if err != nil {
		return nil, err
	}
	err = fail.Point("reserve-write")
	if err == nil {
		_, err = p.f.Write(zeros[:])
	}
	if err != nil {
		return nil, errors.Join(err, p.discard())
	}
	return &Reserve{p}, nil
}

// Commit replaces the file with data as Replace does, out of the reserved
// room. The reserve is used up, unless there was an error: then Commit can be
// called again.
func (r *Reserve) Commit(data []byte) error { return r.commit(data, r.p.replaceSynced) }

// CommitUnsynced does the same without waiting for the disk. A reader sees the
// old contents or the new; after a power failure the file may be empty.
func (r *Reserve) CommitUnsynced(data []byte) error { return r.commit(data, r.p.replace) }

func (r *Reserve) commit(data []byte, replace func() error) error {
	err := errors.Join(fail.Point("commit-write"), r.p.reopen())
	if err == nil {
		_, err = r.p.f.WriteAt(data, 0)
	}
	if err == nil {
		err = r.p.f.Truncate(int64(len(data)))
	}
	if err == nil {
		err = replace()
	}
	return err
}

// Release releases the room unused.
func (r *Reserve) Release() error { return r.p.discard() }

// SyncDir makes the names in dir durable.
func SyncDir(dir string) error {
	if err := fail.Point("sync-dir"); err != nil {
		return err
	}
	d, err := fsys.Open(dir, os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// SyncAll syncs everything that was written to the home: one wait for many files.
func (h *Home) SyncAll() error {
	if err := fail.Point("sync-all"); err != nil {
		return err
	}
	return syncFileSystem(h.TasksDir())
}

// writeNew writes a file that nobody can see yet.
func writeNew(path string, data []byte, sync bool) error {
	f, err := fsys.Open(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	err = fail.Point("write-new")
	if err == nil {
		_, err = f.Write(data)
	}
	if err == nil && sync {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// removeIfThere removes a file; one that is gone already is no error.
func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// isTaken tells whether a rename failed because its destination is there.
func isTaken(err error) bool {
	return errors.Is(err, syscall.ENOTEMPTY) || errors.Is(err, syscall.EEXIST) || errors.Is(err, syscall.ENOTDIR)
}

// besides names a hidden file in the place of path, for one that is to become it or
// that was in its place.
func besides(path string) string {
	return filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+"."+strconv.FormatUint(rand.Uint64(), 36))
}

// renameOver is rename(2), also where a directory is in the way.
func renameOver(from, to string) error {
	err := fsys.Rename(from, to)
	if !errors.Is(err, unix.EISDIR) && !errors.Is(err, unix.EEXIST) && !errors.Is(err, unix.ENOTEMPTY) {
		return err
	}
	if err := putAside(to); err != nil {
		return err
	}
	return fsys.Rename(from, to)
}

// putAside gives what is at path a hidden name. What it held may be of use to
// somebody, so it is swept when it is old.
func putAside(path string) error {
	err := fsys.Rename(path, besides(path))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
