package retain

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"bgtasks/lib/fail"
	"bgtasks/lib/heal"
	"bgtasks/lib/record"
	"bgtasks/lib/sched"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
)

// KeptError says that a task is not removed, and why.
type KeptError struct{ ID, Why string }

func (e *KeptError) Error() string { return "task \"" + e.ID + "\" " + e.Why }

// removable is a *KeptError unless the task may be removed: it is over with its
// whole tree, and its records say so.
func removable(t *view.Task) error {
	switch {
	case t.Unreadable != nil:
		return t.Unreadable
	case !t.Terminal():
		return &KeptError{t.ID, "is not over"}
	case t.Leftovers > 0:
		return &KeptError{t.ID, "has left processes behind that still run"}
	case t.Unhealed != nil:
		return t.Unhealed
	}
	return nil
}

// errGone says that somebody else has removed the task, or has begun another run.
var errGone = errors.New("gone")

// remove removes a task as it was looked at, and tells how many bytes its files
// had. A task that has been removed or restarted since is errGone.
func remove(h *store.Home, p pick) (freed int64, err error) {
	lock, err := store.TryLock(h.TaskDir(p.id))
	if errors.Is(err, fs.ErrNotExist) && h.Exists(p.id) {
		_, _ = heal.Load(h, p.id) // makes the lock anew that somebody removed
		lock, err = store.TryLock(h.TaskDir(p.id))
	}
	if errors.Is(err, store.ErrLocked) {
		return 0, hindered(h, p.id)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return 0, errGone
	}
	if err != nil {
		return 0, fmt.Errorf("lock %q: %w", p.id, err)
	}
	defer store.GiveBack(h.TaskDir(p.id), lock)
	t, _, err := heal.Look(h, p.id)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return 0, errGone
	case err != nil:
		return 0, err
	case t.Open() || h.MarkedLive(p.id) || t.Terminal() && (t.Run != p.run || !endOf(t).Equal(p.ended)):
		return 0, errGone
	}
	if err := removable(t); err != nil {
		return 0, err
	}
	if err := sched.Settle(h, p.id); err != nil {
		return 0, &KeptError{p.id, "is kept: " + err.Error()}
	}
	freed = p.bytes
	if freed == 0 {
		freed = sizeOf(h.TaskDir(p.id))
	}
	return freed, takeAway(h, t, p.why)
}

// hindered is errGone, as whoever holds the lock for a moment restarts or removes the
// task, or a *KeptError that names a holder that does not go on.
func hindered(h *store.Home, id string) error {
	t, _, err := heal.Look(h, id)
	if err != nil {
		return errGone
	}
	if who := heal.HindranceOf(h, t); who != nil {
		return &KeptError{id, "is kept: " + who.Words() + " (hint: " + who.Hint() + ")"}
	}
	return errGone
}

// takeAway removes the task, and journals that.
func takeAway(h *store.Home, t *view.Task, why Why) error {
	fail.Pass("retain-journal")
	err := h.RemoveTold(&record.Event{Name: record.EventRemoved, Time: time.Now(), TaskID: t.ID, Labels: t.Spec.EventLabels(),
		State: t.Current, Extra: []byte(`"removedFor":"` + string(why) + `"`)})
	if untold := (*store.UntoldError)(nil); err != nil && !errors.As(err, &untold) {
		return fmt.Errorf("remove %q: %w", t.ID, err)
	}
	return err
}

// sizeOf adds up the sizes of the files in a task's directory. What can't be
// looked at counts for nothing.
func sizeOf(dir string) (bytes int64) {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() {
			bytes += info.Size()
		}
	}
	return bytes
}
