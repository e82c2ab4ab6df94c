package find

import (
	"cmp"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"bgtasks/lib/record"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
)

// unread is a task that was not read yet.
type unread struct {
	id     string
	before time.Time // it was created no later
}

const (
	// stampSlack is by how much a file's time may be before the moment at which it was
	// written: systems take it from a clock that ticks 100 times a second, and some
	// file systems keep whole seconds.
	stampSlack      = 50 * time.Millisecond
	stampSlackWhole = time.Second

	// widest is how many tasks are read beyond need at most.
	widest = 256
)

// Newest reads of the tasks with these ids the n newest that the filter lets through,
// and tells whether it has passed over older ones. A spec is written after the time of
// creation that it tells, so that the file's own time says which tasks need not be read.
// Where these times are of no use, as in a copy of a home, all are read.
func Newest(h *store.Home, ids []string, marked map[string]bool, f Filter, n int) (tasks []*view.Task, passed bool, err error) {
	var found []dated
	rest := newestFirst(h, ids)
	for width := n; len(rest) > 0 && !enough(found, n, rest[0].before); width = min(2*width, max(widest, n)) {
		some := rest[:min(width, len(rest))]
		rest = rest[len(some):]
		more, err := loadDated(h, some, marked, f)
		if err != nil {
			return nil, false, err
		}
		found = append(found, more...)
		slices.SortFunc(found, dated.compare)
		found = found[:min(n, len(found))]
	}
	for _, d := range found {
		tasks = append(tasks, d.task)
	}
	return tasks, len(rest) > 0, nil
}

// dated is a task with the time of its creation; if its records do not tell it, with the
// latest that it can be.
type dated struct {
	task *view.Task
	at   time.Time
}

// compare puts the newest first, as the other way round by createdAt, then id.
func (d dated) compare(e dated) int {
	return cmp.Or(e.at.Compare(d.at), strings.Compare(e.task.ID, d.task.ID))
}

func loadDated(h *store.Home, list []unread, marked map[string]bool, f Filter) ([]dated, error) {
	ids, stamps := make([]string, len(list)), make(map[string]time.Time, len(list))
	for i, u := range list {
		ids[i], stamps[u.id] = u.id, u.before
	}
	tasks, err := Among(h, ids, marked, f)
	found := make([]dated, len(tasks))
	for i, t := range tasks {
		at, err := time.Parse(record.TimeFormat, t.CreatedAt)
		if err != nil {
			at = stamps[t.ID]
		}
		found[i] = dated{t, at}
	}
	return found, err
}

// newestFirst puts the tasks in the order of the latest times at which they can have been
// created. One that vanished has none, and comes last.
func newestFirst(h *store.Home, ids []string) []unread {
	list := make([]unread, len(ids))
	view.Each(h, len(ids), func(_ *view.Reader, i int) {
		list[i] = unread{ids[i], stamp(h, ids[i])}
	})
	slices.SortFunc(list, func(a, b unread) int { return b.before.Compare(a.before) })
	return list
}

// stamp is a time that is not before a task's creation; zero if it has vanished.
func stamp(h *store.Home, id string) time.Time {
	var st unix.Stat_t
	err := unix.Lstat(h.TaskDir(id)+"/"+store.SpecFile, &st)
	if errors.Is(err, fs.ErrNotExist) {
		err = unix.Lstat(h.TaskDir(id), &st) // its spec was lost
	}
	if err != nil {
		return time.Time{}
	}
	at := time.Unix(st.Mtim.Unix())
	if at.Nanosecond() == 0 {
		return at.Add(stampSlackWhole)
	}
	return at.Add(stampSlack)
}

// enough tells whether these are the n newest, if no other one was created after before.
func enough(found []dated, n int, before time.Time) bool {
	return len(found) >= n && (n == 0 || found[n-1].at.After(before))
}
