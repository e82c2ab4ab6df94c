package launch

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"bgtasks/lib/store"
)

// publish makes the draft visible, in the place of an ended task if its id is
// taken by one, which must be the one that the caller knows by its spec. That one is
// given back.
func publish(h *store.Home, draft *store.Draft, known os.FileInfo) (replaced *store.Draft, err error) {
	id := draft.ID()
	if !h.Exists(id) {
		err := draft.Publish()
		if errors.Is(err, store.ErrExists) {
			return nil, &ExistsError{ID: id}
		}
		return nil, err
	}
	held, err := LockEnded(h, id)
	if err != nil {
		return nil, err
	}
	if h.MarkedLive(id) {
		return nil, errors.Join(&ExistsError{ID: id}, Missed(h, id, held))
	}
	if !sameFile(SpecAt(h, id), known) {
		return nil, errors.Join(ErrMoved, store.GiveBack(h.TaskDir(id), held))
	}
	replaced, err = draft.PublishOver(held)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("replace task %q: %w", id, err), store.GiveBack(h.TaskDir(id), held))
	}
	return replaced, nil
}

// SpecAt describes the spec.json of a task, whatever its contents; nil if there is
// none. Every run has a file of its own.
func SpecAt(h *store.Home, id string) os.FileInfo {
	info, err := os.Lstat(filepath.Join(h.TaskDir(id), store.SpecFile))
	if err != nil {
		return nil
	}
	return info
}

// sameFile tells whether there is the same file twice, or none. The number of an
// inode alone may be that of one that is gone.
func sameFile(a, b os.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return os.SameFile(a, b) && a.ModTime().Equal(b.ModTime())
}

// patience is how long a start waits for the lock of an ended task, which a
// healer that looks at it holds for a moment.
const patience = 2 * time.Second

// LockEnded takes the run.lock of a task that the caller saw ended and without a
// supervisor. The error is ExistsError if another start was faster.
func LockEnded(h *store.Home, id string) (*store.Lock, error) {
	held, err := store.LockWithin(h.TaskDir(id), patience)
	if errors.Is(err, store.ErrLocked) {
		return nil, &ExistsError{ID: id}
	}
	if err != nil {
		return nil, fmt.Errorf("lock task %q: %w", id, err)
	}
	return held, nil
}

// Missed releases the lock of a task that the caller wrongly took for an ended one. If
// the task waits, a dispatch may have skipped it meanwhile, so Missed starts another.
func Missed(h *store.Home, id string, held *store.Lock) error {
	return errors.Join(store.GiveBack(h.TaskDir(id), held), Kick(h, false))
}
