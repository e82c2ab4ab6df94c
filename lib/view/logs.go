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

// addDetails fills in what stands in other files than the records: the sizes of
// the task's logs, and its report. The names of an ended task's files tell what
// there is, so that a listing of thousands asks for nothing in vain.
func (r *reader) addDetails(t *Task) {
	dir := r.home.TaskDir(t.ID)
	var names []string
	if t.Terminal() {
		names, _ = fsys.Names(dir)
	}
	t.addLog(dir, store.OutputStem, names)
	if t.Spec != nil && t.Spec.Split {
		t.addLog(dir, store.ErrorsStem, names)
	}
	if names == nil || slices.Contains(names, store.ProgressFile) {
		r.addReport(t)
	}
}

// addLog adds the size of one log. A log that can't be read counts for nothing:
// the task's record is whole all the same.
func (t *Task) addLog(dir, stem string, names []string) {
	if size, ok := plainSize(dir, stem, names); ok {
		t.LogBytes += size
		return
	}
	log, err := seglog.OpenReader(dir, stem)
	if err != nil {
		return
	}
	defer log.Close()
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
