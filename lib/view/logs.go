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

// addLogs fills in the sizes of the task's logs. A log that can't be read
// counts for nothing: the task's record is whole all the same.
func (r *reader) addLogs(t *Task) {
	dir := r.home.TaskDir(t.ID)
	t.addLog(dir, store.OutputStem)
	if t.Spec != nil && t.Spec.Split {
		t.addLog(dir, store.ErrorsStem)
	}
}

func (t *Task) addLog(dir, stem string) {
	if size, ok := plainSize(dir, stem, t.Terminal()); ok {
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

// plainSize is the short way for the log of an ended task that is one file,
// as almost all are. It is for listings of thousands.
func plainSize(dir, stem string, ended bool) (size int64, ok bool) {
	if !ended {
		return 0, false
	}
	names, err := fsys.Names(dir)
	more := func(name string) bool { return strings.HasPrefix(name, stem+".log.") || name == stem+".json" }
	if err != nil || slices.ContainsFunc(names, more) {
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
