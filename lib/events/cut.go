package events

import (
	"errors"
	"io"
	"slices"
	"time"

	"bgtasks/lib/codec"
	"bgtasks/lib/find"
	"bgtasks/lib/heal"
	"bgtasks/lib/record"
	"bgtasks/lib/seglog"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
)

// Cut is the tasks as they were at one place of the journal: each shows what the
// lines up to the cursor tell of it, and nothing of what those after it will.
//
// A record is written before its line, and read at another time than the
// journal's end. So a view may be older than the cursor, and then is read again;
// or newer, and then is taken back to what the last line said. The one thing that
// can't be told is a line that comes more than [lag] after its record: its writer
// hangs, or the disk was full. Such a view stays, and [Cut.Shows] knows the line.
type Cut struct {
	Cursor int64
	Tasks  []*view.Task // that the filter lets through, oldest first, without details

	home  *store.Home
	shown map[string]*view.Task // those that a line may still come about
}

const (
	// lag is how long after a record its line may come: two syncs of a busy
	// disk.
	lag = 5 * time.Second

	// farthest bounds how far back the lines of the last while are looked for.
	farthest = 32 << 20
)

// TakeCut reads the tasks that the filter lets through, and heals what needs it.
func TakeCut(h *store.Home, f find.Filter) (*Cut, error) {
	c := newCutter(h, f, -1)
	return &c.cut, c.make()
}

// TakeNewest does so with the n newest of these alone, as [Cut.Newest] leaves them.
// Where the conditions allow it, it reads little more than those.
func TakeNewest(h *store.Home, f find.Filter, n int) (*Cut, error) {
	for most := n; ; most *= 2 {
		c := newCutter(h, f, most)
		err := c.make()
		// Some of those that were read may be gone since.
		if err != nil || !c.passed || len(c.cut.Tasks) >= n {
			c.cut.Newest(n)
			return &c.cut, err
		}
	}
}

func newCutter(h *store.Home, f find.Filter, most int) *cutter {
	return &cutter{r: view.NewReader(h), now: time.Now(), filter: f, most: most, told: map[string]*telling{}, late: map[string]bool{}}
}

func (c *cutter) make() error {
	h := c.r.Home
	from, err := h.Journal().End()
	if err == nil {
		err = c.load()
	}
	if err == nil {
		c.cut.Cursor, err = h.JournalEnd()
	}
	if err == nil {
		c.listed = from
		err = c.readLines(from)
	}
	if err == nil {
		err = c.settle()
	}
	c.cut.home = h
	find.Sort(c.cut.Tasks, find.Order{})
	return err
}

// cutter is a cut that is being made.
type cutter struct {
	cut    Cut
	r      *view.Reader
	now    time.Time
	filter find.Filter
	loose  find.Filter     // filter without what changes in a task's life
	most   int             // so many of the newest are enough; negative for all
	passed bool            // older ones were passed over
	tasks  []*view.Task    // that loose lets through
	marked map[string]bool // not over, or the line about their end may be missing
	told   map[string]*telling
	late   map[string]bool // read after the cursor was: whatever it shows may be younger
	listed int64           // where the journal ended before the tasks were listed
	short  bool            // the journal does not reach back to all lines of interest
}

// telling is what lines up to the cursor tell of a task.
type telling struct {
	last     *codec.Event     // that tells a state
	progress *record.Progress // as told last
	fresh    bool             // it was told of after the tasks were listed
}

// load reads the tasks, and afterwards the markers: the line about the end of a
// task that has none was written before.
func (c *cutter) load() error {
	h := c.r.Home
	ids, marked, err := c.filter.Candidates(h)
	if err != nil {
		return err
	}
	c.loose = c.filter
	c.loose.States, c.loose.Statuses, c.loose.OpenOnly, c.loose.WithLogs = nil, nil, false, false
	if c.most >= 0 && !c.filter.Changes() {
		c.tasks, c.passed, err = find.Newest(h, ids, marked, c.loose, c.most)
	} else {
		c.tasks, err = find.Among(h, ids, marked, c.loose)
	}
	if err != nil {
		return err
	}
	for _, t := range c.tasks {
		if t.State == record.Running || t.State == record.Stale {
			c.r.AddReport(t)
		}
	}
	c.marked, err = find.Markers(h)
	return err
}

// young tells whether the line about the task's record may still be missing.
func (c *cutter) young(t *view.Task) bool {
	return t.Current != nil && t.Unhealed == nil && (c.marked[t.ID] || c.late[t.ID]) && c.recent(t.Current.UpdatedAt)
}

func (c *cutter) recent(at time.Time) bool { return at.After(c.now.Add(-lag)) }

// readLines reads what was written since from, where the journal ended before
// the tasks were read, and as far back as the line about any young record may be.
func (c *cutter) readLines(from int64) error {
	back := c.cut.Cursor - from
	if slices.ContainsFunc(c.tasks, c.young) {
		back = max(back, 256<<10)
	} else if back == 0 {
		return nil
	}
	for {
		r, err := seglog.OpenJournalTail(c.r.Home.EventsDir(), c.cut.Cursor, back)
		if err != nil {
			return err
		}
		enough, err := c.read(r, back >= c.cut.Cursor || back >= farthest || back == c.cut.Cursor-from)
		err = errors.Join(err, r.Close())
		if enough || err != nil {
			return err
		}
		back *= 4
	}
}

// read reads up to the cursor. Unless it must do, it is not enough if the first
// line was written too late for those before it to be of no interest.
func (c *cutter) read(r *seglog.JournalReader, mustDo bool) (enough bool, err error) {
	start := r.Cursor()
	for first := true; r.Cursor() < c.cut.Cursor; first = false {
		line, _, err := r.Next()
		if errors.Is(err, io.EOF) {
			return true, nil
		}
		if err != nil {
			return false, err
		}
		if at, known := record.EventTime(line); first && known && at.After(c.now.Add(-2*lag)) {
			if !mustDo {
				return false, nil
			}
			c.short = start > 0
		}
		if e, err := codec.ParseEvent(line); err == nil {
			c.hear(e, r.Cursor() > c.listed)
		}
	}
	return true, nil
}

func (c *cutter) hear(e *codec.Event, fresh bool) {
	t := c.told[e.TaskID]
	if t == nil {
		t = &telling{}
		c.told[e.TaskID] = t
	}
	t.fresh = t.fresh || fresh
	if e.State.Run != 0 || e.Name == record.EventRemoved {
		t.last = e
	}
	if e.Progress != nil {
		t.progress = e.Report()
	}
}

// settle makes each task what it was at the cursor, and chooses among them.
func (c *cutter) settle() error {
	c.cut.shown = map[string]*view.Task{}
	for _, t := range c.tasks {
		if err := c.take(t); err != nil {
			return err
		}
		delete(c.told, t.ID)
	}
	for id, told := range c.told {
		if c.passed && !told.fresh || told.last == nil || told.last.Name == record.EventRemoved || !c.loose.Match(TaskOf(told.last)) {
			continue
		}
		t, err := c.anew(id)
		if err == nil && t != nil {
			err = c.take(t)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// anew reads a task once more, after the cursor. It may have been replaced, started and
// ended since.
func (c *cutter) anew(id string) (*view.Task, error) {
	c.late[id] = true
	return heal.Whole(c.r, id, view.Thorough)
}

// take takes a task into the cut, if it was there and the filter lets it through.
func (c *cutter) take(t *view.Task) error {
	then, err := c.then(t)
	if then == nil || err != nil || !c.filter.Match(then) {
		return err
	}
	c.cut.Tasks = append(c.cut.Tasks, then)
	if c.marked[t.ID] || c.late[t.ID] {
		c.cut.shown[t.ID] = then
	}
	return nil
}

// then is what the task was at the cursor; nil if it was not there, or is gone.
func (c *cutter) then(t *view.Task) (*view.Task, error) {
	told := c.told[t.ID]
	if told == nil || told.last == nil {
		return c.before(t), nil
	}
	last := told.last
	if succeeds(t, last) || last.Name != record.EventRemoved && !isAt(t, last) {
		now, err := c.anew(t.ID)
		if now == nil || err != nil {
			return nil, err
		}
		if t = now; succeeds(t, last) {
			return c.before(t), nil
		}
		if t.Unhealed == nil && (!t.Terminal() || !isAt(t, last)) && c.mayTakeBack(t, last) {
			t = asOf(c.r, t, last)
		}
	}
	if last.Name == record.EventRemoved {
		return nil, nil
	}
	if t != nil && told.progress != nil {
		t.Tell(told.progress)
	}
	return t, nil
}

// mayTakeBack tells whether the line is the last one before the cursor because
// others are after it, rather than because they never came.
func (c *cutter) mayTakeBack(t *view.Task, last *codec.Event) bool {
	return t.Current == nil || c.recent(t.Current.UpdatedAt) || c.recent(last.Time)
}

// before takes back what a record tells whose line comes after the cursor: no
// line up to there says anything of the task. Where its line may be one of those
// that are not kept, it stays.
func (c *cutter) before(t *view.Task) *view.Task {
	if c.short || !c.young(t) || t.State == record.Queued {
		return t
	}
	then := *t.Current
	never := then.StartedAt.IsZero() && then.Leader == nil
	switch {
	case then.State == record.Claimed, never && t.Terminal():
		then.State = record.Queued
	case c.recent(then.StartedAt):
		then.State = record.Claimed
	case then.State == record.Running:
		return t
	default:
		then.State = record.Running
	}
	then.Reason, then.ExitCode, then.Signal = "", nil, nil
	then.RetryAt, then.RetryDueBootMs = time.Time{}, 0
	then.StaleAt, then.StaleReason = time.Time{}, ""
	forgetLater(&then)
	return c.r.Restate(t, &then)
}

// Shows tells whether the cut shows already what an event after it tells. It is
// to be asked about every event, in order.
func (c *Cut) Shows(e *codec.Event) bool {
	t := c.shown[e.TaskID]
	delete(c.shown, e.TaskID)
	return t != nil && t.Current != nil && isAt(t, e) && !e.Time.After(t.Current.UpdatedAt) && e.Transition()
}

// Newest leaves the n newest tasks in the cut; a negative n leaves all.
func (c *Cut) Newest(n int) {
	if n >= 0 {
		c.Tasks = c.Tasks[max(len(c.Tasks)-n, 0):]
	}
}

// Details fills in what stands in other files than the records, but for what a
// running task reported: that is there already.
func (c *Cut) Details() {
	view.Each(c.home, len(c.Tasks), func(r *view.Reader, i int) {
		t := c.Tasks[i]
		report, progress, result := t.Report, t.Progress, t.Result
		t.LogBytes, t.LogDroppedBytes = 0, 0
		r.AddDetails(t)
		if t.Open() {
			t.Report, t.Progress, t.Result = report, progress, result
		}
	})
}

// Steps reads the newest n steps of each task of the cut, up to the cursor.
func (c *Cut) Steps(n int) (map[string][]view.Step, error) {
	later, steps := map[string]int64{}, map[string][]view.Step{}
	for _, t := range c.Tasks {
		// More are read than wanted, for those that are after the cursor.
		list, err := view.Steps(c.home, t.ID, n+stepsAhead)
		if err != nil {
			continue // the task itself is there all the same
		}
		steps[t.ID] = list
	}
	err := c.firstLater(later)
	for id, list := range steps {
		if first := later[id]; first > 0 {
			list = slices.DeleteFunc(list, func(s view.Step) bool { return s.Sequence() >= first })
		}
		steps[id] = list[max(len(list)-n, 0):]
	}
	return steps, err
}

// stepsAhead is how many steps a task may report while a cut is made, without
// some of those before them being left out.
const stepsAhead = 200

// firstLater finds the first step of each task whose line is after the cursor. A
// step and its line are written under the lock of the journal, so that of those
// that were read none is after its end now.
func (c *Cut) firstLater(later map[string]int64) error {
	end, err := c.home.JournalEnd()
	if err != nil || end <= c.Cursor {
		return err
	}
	r, err := seglog.OpenJournalReader(c.home.EventsDir(), c.Cursor)
	if err != nil {
		return err
	}
	defer r.Close()
	for r.Cursor() < end {
		line, _, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if e, err := codec.ParseEvent(line); err == nil && e.Step != nil && later[e.TaskID] == 0 {
			later[e.TaskID] = e.Step.Sequence
		}
	}
	return nil
}
