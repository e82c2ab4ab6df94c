package store

import (
	"errors"
	"os"
	"path/filepath"
	"time"

	"bgtasks/lib/fail"
	"bgtasks/lib/fsys"
)

// LockReports takes the lock under which what the task in taskDir says about
// itself is recorded, and waits for whoever has it: it is held for one report. The
// error is a *HeldError if that one is stopped. The lock is that of the directory
// as it was seen then.
func LockReports(taskDir string) (*Lock, error) {
	if err := CheckDir(taskDir); err != nil {
		return nil, err
	}
	path := filepath.Join(taskDir, ReportLock)
	for {
		if err := fail.Point("report-lock"); err != nil {
			return nil, err
		}
		lock, err := lockPatiently(path)
		if err != nil || fsys.IsAt(lock.f, path) {
			return lock, err
		}
		if err := lock.Unlock(); err != nil {
			return nil, err
		}
	}
}

// Prepared is a new version of a file that nobody can see yet.
type Prepared struct{ p *pending }

// Prepare writes data beside the file at path, whose place it takes with
// Commit; with sync it is on the disk then. A crash leaves a hidden temporary
// file.
func Prepare(path string, data []byte, sync bool) (*Prepared, error) {
	p, err := newPending(path)
	if err != nil {
		return nil, err
	}
	if err = fail.Point("prepare-write"); err == nil {
		_, err = p.f.Write(data)
	}
	if err == nil && sync {
		err = p.f.Sync()
	}
	if err != nil {
		return nil, errors.Join(err, p.discard())
	}
	return &Prepared{p}, nil
}

// Date gives the new version a time of modification.
func (p *Prepared) Date(at time.Time) error { return os.Chtimes(p.p.f.Name(), at, at) }

// Commit replaces the file, atomically. On an error the old one is in its place.
func (p *Prepared) Commit() error { return p.p.replace() }

// Discard takes back what was not committed, or could not be.
func (p *Prepared) Discard() error { return p.p.discard() }
