package doctor

import (
	"bgtasks/lib/store"
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
)

// temporaries looks for what killed commands left half-built. It takes space
// and does no harm.
func temporaries(h *store.Home) Check {
	stale, err := h.Stale()
	ids, err2 := h.IDs()
	for _, id := range ids {
		more, err := store.StaleTask(h.TaskDir(id))
		if !errors.Is(err, fs.ErrNotExist) {
			err2 = errors.Join(err2, err)
		}
		stale = append(stale, more...)
	}
	more, err3 := leftByAcks(h)
	stale = append(stale, more...)
	if err := errors.Join(err, err2, err3); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return wrong("temporaries", err, "look at that directory")
	}
	if len(stale) == 0 {
		return fine("temporaries", "no half-built files were left")
	}
	return curable("temporaries", func() error { return sweep(h, ids) }, "left half-built: %s", some(below(h, stale)))
}

// leftByAcks lists what killed acknowledgements left.
func leftByAcks(h *store.Home) (stale []string, err error) {
	names, err := h.Consumers()
	for _, name := range names {
		more, one := store.StaleAcks(h.ConsumerDir(name))
		if !errors.Is(one, fs.ErrNotExist) {
			err = errors.Join(err, one)
		}
		stale = append(stale, more...)
	}
	return stale, err
}

func sweepAcks(h *store.Home) error {
	names, err := h.Consumers()
	for _, name := range names {
		lock, one := h.LockAcks(name)
		if one == nil {
			one = errors.Join(store.SweepAcks(h.ConsumerDir(name)), lock.Unlock())
		}
		if !errors.Is(one, fs.ErrNotExist) {
			err = errors.Join(err, one)
		}
	}
	return err
}

func sweep(h *store.Home, ids []string) error {
	err := errors.Join(h.Sweep(), sweepAcks(h))
	for _, id := range ids {
		if one := sweepTask(h.TaskDir(id)); !errors.Is(one, fs.ErrNotExist) {
			err = errors.Join(err, one)
		}
	}
	return err
}

// sweepTask leaves a task alone that is supervised: its shim has hidden files
// of its own.
func sweepTask(dir string) error {
	lock, err := store.TryLock(dir)
	if errors.Is(err, store.ErrLocked) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(store.SweepTask(dir), store.GiveBack(dir, lock))
}

// below names paths as seen from the home.
func below(h *store.Home, paths []string) []string {
	names := make([]string, len(paths))
	for i, path := range paths {
		names[i] = strings.TrimPrefix(path, h.Path()+string(filepath.Separator))
	}
	return names
}
