package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"bgtasks/lib/fsys"
)

// Names within a consumer's directory.
const (
	CursorFile = "cursor.json" // what was acknowledged last; absent before the first time
	readerLock = "reader.lock" // held by the one that reads
	ackLock    = "ack.lock"    // held for one acknowledgement
)

// Consumers lists the known consumers, in no order.
func (h *Home) Consumers() ([]string, error) { return listIDs(h.ConsumersDir()) }

// AddConsumer creates a consumer. A known consumer is left unchanged.
func (h *Home) AddConsumer(name string) error {
	for _, dir := range []string{h.ConsumersDir(), h.ConsumerDir(name)} {
		if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		if err := CheckDir(dir); err != nil {
			return err
		}
	}
	return nil
}

// ReadAs takes the lock of the one reader that a known consumer may have. The
// error is ErrLocked if there is one already, and wraps fs.ErrNotExist if the
// consumer is not known.
func (h *Home) ReadAs(name string) (*Lock, error) {
	return h.consumerLock(name, readerLock, tryLockAt)
}

// BeingRead reports whether a process reads as this consumer.
func (h *Home) BeingRead(name string) (bool, error) {
	return fileHeld(filepath.Join(h.ConsumerDir(name), readerLock))
}

// LockAcks takes the lock under which a known consumer's acknowledgements are
// recorded, and waits for it. The error is a *HeldError if who holds it is stopped.
func (h *Home) LockAcks(name string) (*Lock, error) {
	return h.consumerLock(name, ackLock, lockPatiently)
}

// StaleAcks lists the hidden temporary files that acknowledgements of a consumer
// left in its directory as they were killed.
func StaleAcks(consumerDir string) ([]string, error) { return hidden(consumerDir, isOld) }

// SweepAcks removes these files, however young. The caller holds the lock of LockAcks, so
// no process is writing one.
func SweepAcks(consumerDir string) error {
	stale, err := hidden(consumerDir, func(string) bool { return true })
	for _, path := range stale {
		err = errors.Join(err, removeIfThere(path))
	}
	return err
}

// consumerLock takes a lock in the directory as it is seen then: one that was
// forgotten meanwhile is no longer there.
func (h *Home) consumerLock(name, file string, take func(path string) (*Lock, error)) (*Lock, error) {
	path := filepath.Join(h.ConsumerDir(name), file)
	lock, err := take(path)
	if err == nil && !fsys.IsAt(lock.f, path) {
		return nil, errors.Join(&fs.PathError{Op: "lock", Path: path, Err: fs.ErrNotExist}, lock.Unlock())
	}
	return lock, err
}

// ForgetConsumer removes a known consumer in one step. The caller holds its
// reader's lock. A crash leaves the rest in tmp/.
func (h *Home) ForgetConsumer(name string) error {
	away := h.tmpName(name)
	if err := os.Rename(h.ConsumerDir(name), away); err != nil {
		return err
	}
	return fsys.RemoveAll(away)
}
