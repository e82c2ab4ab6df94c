package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
)

// pendingFile opens a hidden temporary file beside path. Its directory is
// always that of path, never $TMPDIR: contents of the home stay in the home.
func pendingFile(path string) (*renameio.PendingFile, error) {
	return renameio.NewPendingFile(path, renameio.WithTempDir(filepath.Dir(path)), renameio.WithStaticPermissions(0o600))
}

// Replace replaces the file at path with data, atomically and with mode 0600:
// a reader sees the old contents or the new, and the new are on the disk when
// Replace returns. The directory entry is not synced; see SyncDir. A crash
// leaves at most a hidden temporary file beside path.
func Replace(path string, data []byte) error {
	f, err := pendingFile(path)
	if err != nil {
		return err
	}
	if _, err := f.Write(data); err != nil {
		return errors.Join(err, f.Cleanup())
	}
	if err := f.CloseAtomicallyReplace(); err != nil {
		return errors.Join(err, f.Cleanup())
	}
	return nil
}

// Reserve is room on the disk for one last version of a file, so that the end
// of a task can be recorded when the disk is full.
type Reserve struct{ f *renameio.PendingFile }

// reserveSize holds any state record: its variable parts are bounded.
const reserveSize = 4096

// NewReserve takes the room for a future Commit to path. A crash leaves a
// hidden temporary file.
func NewReserve(path string) (*Reserve, error) {
	f, err := pendingFile(path)
	if err != nil {
		return nil, err
	}
	if _, err := f.Write(make([]byte, reserveSize)); err != nil {
		return nil, errors.Join(err, f.Cleanup())
	}
	return &Reserve{f}, nil
}

// Commit replaces the file with data as Replace does, out of the reserved
// room. The reserve is used up.
func (r *Reserve) Commit(data []byte) error {
	return r.commit(data, r.f.CloseAtomicallyReplace)
}

// CommitUnsynced does the same without waiting for the disk. A reader sees the
// old contents or the new; after a power failure the file may be empty.
func (r *Reserve) CommitUnsynced(data []byte, path string) error {
	return r.commit(data, func() error {
		return errors.Join(os.Rename(r.f.Name(), path), r.f.Close())
	})
}

func (r *Reserve) commit(data []byte, replace func() error) error {
	_, err := r.f.WriteAt(data, 0)
	if err == nil {
		err = r.f.Truncate(int64(len(data)))
	}
	if err == nil {
		err = replace()
	}
	if err != nil {
		return errors.Join(err, r.f.Cleanup())
	}
	return nil
}

// Release gives the room back unused.
func (r *Reserve) Release() error { return r.f.Cleanup() }

// SyncDir makes the names in dir durable.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// writeNew writes a file that nobody can see yet, and syncs it.
func writeNew(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}

// readNames lists a directory, unsorted.
func readNames(dir string) ([]string, error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return d.Readdirnames(-1)
}

// removeIfThere removes a file; one that is gone already is no error.
func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
