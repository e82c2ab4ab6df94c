package store

import (
	"errors"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"bgtasks/lib/fsys"
)

// staleAfter is the age at which something in tmp/ counts as left behind. What
// is being built is ready within seconds, and locked meanwhile.
const staleAfter = time.Hour

// Stale lists what crashes left in tmp/: entries that have been there for long
// and that nobody holds locked; and bells of the journal that never got their
// name.
func (h *Home) Stale() ([]string, error) {
	names, err := fsys.Names(h.TmpDir())
	if err != nil {
		return nil, err
	}
	stale, _ := hidden(h.JournalBells(), isOld)
	for _, name := range names {
		path := filepath.Join(h.TmpDir(), name)
		if !isOld(path) {
			continue
		}
		if held, err := LockHeld(path); err == nil && held {
			continue
		}
		stale = append(stale, path)
	}
	return stale, nil
}

// SweepFirst sweeps unless this process has. Whoever builds tasks does it before the
// first; it costs one look at a directory that is nearly always empty.
func (h *Home) SweepFirst() error {
	if h.swept.Load() {
		return nil
	}
	err := h.Sweep()
	h.swept.Store(err == nil)
	return err
}

// Sweep removes what Stale lists, and finishes the removals of tasks that were cut short,
// as far as the journal can be had.
func (h *Home) Sweep() error {
	_ = h.tellGone() // or a later sweep does
	stale, err := h.Stale()
	for _, path := range stale {
		err = errors.Join(err, fsys.RemoveAll(path))
	}
	return err
}

func isOld(path string) bool {
	var st unix.Stat_t // not os.Lstat, which would bring 60 KB into every shim
	if err := unix.Lstat(path, &st); err != nil {
		return false
	}
	return time.Since(time.Unix(st.Mtim.Unix())) >= staleAfter
}

// StaleTask lists the hidden temporary files and bells that crashes left in the
// directory of a task that nobody supervises: those of a supervised one may be
// its shim's, however old.
func StaleTask(taskDir string) ([]string, error) {
	if held, err := LockHeld(taskDir); held || err != nil {
		return nil, err
	}
	return staleIn(taskDir, isOld)
}

// SweepTask removes the hidden temporary files and bells that crashes left in a
// task's directory. The caller holds its run.lock, so what is there of a
// state.json is nobody's. Others are spared while they are young: whoever asks
// for a stop writes one without a lock, and so does who hangs up a bell.
func SweepTask(taskDir string) error {
	stale, err := staleIn(taskDir, func(path string) bool {
		return strings.HasPrefix(filepath.Base(path), "."+StateFile) || isOld(path)
	})
	for _, path := range stale {
		err = errors.Join(err, fsys.RemoveAll(path))
	}
	return err
}

// staleIn lists what is hidden in a task's directory and among its bells, if it
// has any.
func staleIn(taskDir string, pick func(path string) bool) ([]string, error) {
	files, err := hidden(taskDir, pick)
	bells, _ := hidden(filepath.Join(taskDir, BellsDir), isOld)
	return append(files, bells...), err
}

// hidden lists the hidden files in dir that pick says yes to.
func hidden(dir string, pick func(path string) bool) (paths []string, err error) {
	names, err := fsys.Names(dir)
	for _, name := range names {
		if path := filepath.Join(dir, name); strings.HasPrefix(name, ".") && pick(path) {
			paths = append(paths, path)
		}
	}
	return paths, err
}
