package view

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"bgtasks/lib/fsys"
	"bgtasks/lib/seglog"
	"bgtasks/lib/store"
)

// AddDetails fills in what stands in other files than the records: the sizes of
// the task's logs, and its report. The names of an ended task's files tell what
// there is, so that a listing of thousands asks for nothing in vain.
func (r *Reader) AddDetails(t *Task) {
	dir := r.Home.TaskDir(t.ID)
	var names []string
	if t.Terminal() {
		names, _ = fsys.Names(dir)
	}
	t.addLog(dir, store.OutputStem, names)
	if t.Split() {
		t.addLog(dir, store.ErrorsStem, names)
	}
	if names == nil || slices.Contains(names, store.ProgressFile) {
		r.AddReport(t)
	}
}

// addLog adds the size of one log. A log that can't be read counts for nothing:
// the task's record is whole all the same.
func (t *Task) addLog(dir, stem string, names []string) {
	reached := t.reached(stem)
	if size, ok := plainSize(dir, stem, names); ok && size >= reached {
		t.LogBytes += size
		return
	}
	log, err := seglog.OpenReader(dir, stem)
	if err != nil {
		return
	}
	defer log.Close()
	log.Expect(reached)
	end, err1 := log.End()
	gaps, err2 := log.Gaps()
	if errors.Join(err1, err2) != nil {
		return
	}
	for _, g := range gaps {
		t.LogDroppedBytes += g.End - g.Start
		end -= g.End - g.Start
	}
	t.LogBytes += max(end, 0)
}

// Split tells whether the task's stderr has a log of its own.
func (t *Task) Split() bool { return t.Spec != nil && t.Spec.Split }

// OpenLog opens one of the task's logs, and tells it how far it is known to have
// reached: what is missing before that is a gap.
func OpenLog(h *store.Home, t *Task, stem string) (*seglog.Reader, error) {
	log, err := seglog.OpenReader(h.TaskDir(t.ID), stem)
	if err == nil {
		log.Expect(t.reached(stem))
	}
	return log, err
}

// reached is how far a log is known to have reached, by the newest record.
func (t *Task) reached(stem string) int64 {
	switch {
	case t.Current == nil:
		return 0
	case stem == store.ErrorsStem:
		return max(t.Current.ErrorsStart, t.Current.ErrorsEnd)
	}
	return max(t.Current.LogStart, t.Current.LogEnd)
}

// plainSize is the short way for the log of an ended task that is one file, as
// almost all are; names are those in its directory, nil for a task that goes on.
func plainSize(dir, stem string, names []string) (size int64, ok bool) {
	more := func(name string) bool { return strings.HasPrefix(name, stem+".log.") || name == stem+".json" }
	if names == nil || slices.ContainsFunc(names, more) {
		return 0, false
	}
	info, err := os.Lstat(filepath.Join(dir, stem+".log"))
	if errors.Is(err, os.ErrNotExist) {
		return 0, true
	}
	if err != nil || !info.Mode().IsRegular() {
		return 0, false
	}
	return info.Size(), true
}
