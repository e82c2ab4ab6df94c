package report

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"bgtasks/lib/codec"
	"bgtasks/lib/fsys"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// A task may report a thousand times a second. Of each report the files tell at once;
// the journal, which is everybody's, gets the first burst of them, and then one in an
// interval. Of the others the newest is left in a file, from where it is written when
// the task has paused for a moment, or ends.
const (
	burst    = 200
	interval = 250 * time.Millisecond
)

// tell changes the files and writes the line, or leaves it for later.
func (d *delivery) tell(e *record.Event) error {
	now, path := d.mayTell(), filepath.Join(d.home.TaskDir(d.spec.ID), store.DueFile)
	if now && !fsys.Exists(path) {
		return d.home.AppendAfter(d.write, e)
	}
	err := d.home.Locked(func() error {
		if err := d.write(); err != nil {
			return err
		}
		return d.leave(path, e)
	})
	if err != nil || now && d.home.AppendDue(d.spec.ID, nil) == nil {
		return err
	}
	// Without a supervisor it is written by the next one, or with the end.
	_ = store.Knock(d.home.TaskDir(d.spec.ID), []byte(record.DueMessage))
	return nil
}

// mayTell tells whether the journal takes another line about the task now, and counts
// it. When it will have taken all up to now at the rate of one in an interval is the
// time of report.lock; one that can't be noted is not counted.
func (d *delivery) mayTell() bool {
	path := filepath.Join(d.home.TaskDir(d.spec.ID), store.ReportLock)
	info, err := os.Lstat(path)
	if err != nil {
		return true
	}
	at := info.ModTime()
	if at.Before(d.now) {
		at = d.now
	}
	if at.After(d.now.Add(burst * interval)) { // the clock was set back
		at = d.now.Add(burst * interval)
	}
	if at.After(d.now.Add((burst - 1) * interval)) {
		return false
	}
	at = at.Add(interval)
	_ = os.Chtimes(path, at, at)
	return true
}

// leave puts a line into the file of those that are due, in the place of an older one
// of its kind. A step has the progress in any case then: the older one may have been the
// only one to tell it.
func (d *delivery) leave(path string, e *record.Event) error {
	if e.Name == record.EventStep && d.file == nil && !d.progress.UpdatedAt.IsZero() {
		e.Extra = d.progress.AppendMember(append(e.Extra, ','))
	}
	text, err := fsys.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var lines []byte
	for line := range bytes.Lines(text) {
		if old, err := codec.ParseEvent(line); err == nil && old.Name != e.Name {
			lines = append(lines, line...)
		}
	}
	return store.ReplaceUnsynced(path, e.AppendJSON(lines))
}
