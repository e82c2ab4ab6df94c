package events

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"bgtasks/lib/codec"
	"bgtasks/lib/find"
	"bgtasks/lib/record"
	"bgtasks/lib/seglog"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
	"bgtasks/test/testhome"
)

// A clock that is set back makes no event one of another task under the
// same id, nor any event of another one that of this task.
func TestClockSetBack(t *testing.T) {
	h := testhome.New(t)
	old, spec := testhome.Spec(t, "a"), testhome.Supervised(t, h, "a", testhome.State(record.Running))
	old.CreatedAt = testhome.Time.Add(-time.Hour)
	line := func(of *record.Spec, name record.EventName, s record.LifeState, at time.Time) *codec.Event {
		t.Helper()
		e := &record.Event{Name: name, Time: at, TaskID: "a", Labels: of.EventLabels(), State: testhome.State(s)}
		if err := h.Append(e); err != nil {
			t.Fatal(err)
		}
		read, err := codec.ParseEvent(e.AppendJSON(nil))
		if err != nil {
			t.Fatal(err)
		}
		return read
	}
	before, after := testhome.Time.Add(-time.Minute), testhome.Time.Add(time.Minute)
	for _, c := range []struct {
		event *codec.Event
		known bool
	}{
		{line(old, record.EventSucceeded, record.Succeeded, after), false},
		{line(spec, record.EventStarted, record.Running, before), true},
	} {
		got, err := NewPast(h).At(c.event, 1)
		if err != nil || (got != nil) != c.known {
			t.Errorf("At(%s at %v) = %+v, %v, want known = %t", c.event.Name, c.event.Time, got, err, c.known)
		}
	}
	cut, err := TakeCut(h, find.Filter{})
	if err != nil || len(cut.Tasks) != 1 || cut.Tasks[0].State != record.Running {
		t.Errorf("TakeCut = %+v, %v, want the running task", cut, err)
	}
}

// A record that was written before the line about it is shown as it was before
// both, and the line is news then.
func TestCutBetweenRecordAndLine(t *testing.T) {
	now := time.Now()
	ago := func(s record.LifeState, started, updated time.Duration) *record.State {
		return &record.State{Run: 1, Attempt: 1, State: s, StartedAt: now.Add(-started), UpdatedAt: now.Add(-updated)}
	}
	running := ago(record.Running, time.Minute, time.Minute)
	for _, c := range []struct {
		name         string
		record, line *record.State // line is of the last before the cut
		event        record.EventName
		want         record.LifeState
		shows        bool
	}{
		{"ended", ago(record.Succeeded, time.Minute, 0), running, record.EventSucceeded, record.Running, false},
		{"ended, started long ago", ago(record.Succeeded, time.Hour, 0), nil, record.EventSucceeded, record.Running, false},
		{"started", ago(record.Running, 0, 0), nil, record.EventStarted, record.Claimed, false},
		{"started and ended", ago(record.Failed, 0, 0), nil, record.EventFailed, record.Claimed, false},
		{"journalled", running, running, record.EventSucceeded, record.Running, false},
		{"its writer hangs", ago(record.Succeeded, time.Hour, time.Minute), running, record.EventSucceeded, record.Succeeded, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := testhome.New(t)
			testhome.Supervised(t, h, "t", c.record)
			if err := h.MarkLive("t"); err != nil {
				t.Fatal(err)
			}
			if c.line != nil {
				testhome.Journal(t, h, "t", record.EventStarted, c.line)
			}
			cut, err := TakeCut(h, find.Filter{})
			if err != nil || len(cut.Tasks) != 1 {
				t.Fatalf("TakeCut = %+v, %v", cut, err)
			}
			if got := cut.Tasks[0]; got.State != c.want || (got.ExitedAt != "") && !got.Terminal() {
				t.Errorf("state = %s, want %s", got.State, c.want)
			}
			testhome.Journal(t, h, "t", c.event, c.record)
			e := eventAfter(t, h, cut.Cursor)
			if got := cut.Shows(e); got != c.shows {
				t.Errorf("Shows(%s) = %t, want %t", e.Name, got, c.shows)
			}
		})
	}
}

// Where the line about a young record may be one of those that are no longer kept,
// the record is not taken back.
func TestCutOfAShortJournal(t *testing.T) {
	h := testhome.New(t)
	if err := os.WriteFile(filepath.Join(h.Path(), "config.json"), []byte(`{"journal":{"maxBytes":1}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	now := &record.State{Run: 1, Attempt: 1, State: record.Running, StartedAt: time.Now(), UpdatedAt: time.Now()}
	testhome.Supervised(t, h, "t", now)
	testhome.Journal(t, h, "t", record.EventStarted, now)
	for range 60 { // three segments and more, of which one is kept
		testhome.Journal(t, h, "u", record.EventStep, now)
	}
	var old *seglog.TooOldError
	if _, err := seglog.OpenJournalReader(h.EventsDir(), 0); !errors.As(err, &old) {
		t.Fatalf("reading from the first event = %v, want %T", err, old)
	}
	cut, err := TakeCut(h, find.Filter{IDs: []string{"t"}})
	if err != nil || len(cut.Tasks) != 1 || cut.Tasks[0].State != record.Running {
		t.Fatalf("TakeCut = %+v, %v, want the task running", cut, err)
	}
}

func eventAfter(t *testing.T, h *store.Home, cursor int64) *codec.Event {
	t.Helper()
	r, err := seglog.OpenJournalReader(h.EventsDir(), cursor)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	line, _, err := r.Next()
	if err != nil {
		t.Fatal(err)
	}
	e, err := codec.ParseEvent(line)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// restless takes a task through its attempts, as shims do: the record first, the
// line a while later.
type restless struct {
	home  *store.Home
	id    string
	state record.State
}

var nextState = map[record.LifeState]struct {
	state record.LifeState
	event record.EventName
}{
	record.Claimed:  {record.Running, record.EventStarted},
	record.Running:  {record.Retrying, record.EventRetried},
	record.Retrying: {record.Claimed, record.EventClaimed},
}

func (r *restless) step() error {
	next := nextState[r.state.State]
	r.state.State, r.state.UpdatedAt = next.state, time.Now()
	switch next.state {
	case record.Claimed:
		r.state.Attempt++
		r.state.StartedAt = time.Time{}
	case record.Running:
		r.state.StartedAt = r.state.UpdatedAt
	}
	path := filepath.Join(r.home.TaskDir(r.id), store.StateFile)
	if err := store.ReplaceUnsynced(path, r.state.AppendJSON(nil)); err != nil {
		return err
	}
	for range rand.IntN(20) {
		runtime.Gosched()
	}
	return r.home.Append(&record.Event{Name: next.event, Time: r.state.UpdatedAt, TaskID: r.id,
		Labels: []byte(`"tags":[],"kind":"command"`), State: &r.state})
}

// While records and lines are written without a pause, every cut shows
// of every task what the last line before its cursor told.
func TestCutUnderAHammeringWriter(t *testing.T) {
	h := testhome.New(t)
	stop := make(chan struct{})
	var writers sync.WaitGroup
	for i := range 4 {
		r := &restless{home: h, id: "t" + strconv.Itoa(i)}
		r.state = record.State{Run: 1, Attempt: 1, State: record.Claimed, UpdatedAt: time.Now()}
		testhome.Supervised(t, h, r.id, &r.state)
		if err := r.step(); err != nil {
			t.Fatal(err)
		}
		writers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if err := r.step(); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	var cuts []*Cut
	for range 200 {
		cut, err := TakeCut(h, find.Filter{})
		if err != nil {
			t.Fatal(err)
		}
		cuts = append(cuts, cut)
	}
	close(stop)
	writers.Wait()
	checkCuts(t, h, cuts)
}

// checkCuts reads the journal once, and compares each cut, in order, with what
// was told last of each task up to its cursor.
func checkCuts(t *testing.T, h *store.Home, cuts []*Cut) {
	t.Helper()
	r, err := seglog.OpenJournalReader(h.EventsDir(), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	last := map[string]*codec.Event{}
	for _, cut := range cuts {
		for r.Cursor() < cut.Cursor {
			line, _, err := r.Next()
			if err != nil {
				t.Fatal(err)
			}
			e, err := codec.ParseEvent(line)
			if err != nil {
				t.Fatal(err)
			}
			last[e.TaskID] = e
		}
		compare(t, cut, last)
	}
}

func compare(t *testing.T, cut *Cut, want map[string]*codec.Event) {
	t.Helper()
	if len(cut.Tasks) != len(want) {
		t.Errorf("at %d: %d tasks, want %d", cut.Cursor, len(cut.Tasks), len(want))
	}
	for _, task := range cut.Tasks {
		if e := want[task.ID]; e == nil || !isAt(task, e) {
			t.Errorf("at %d: %s is %s in attempt %d, want %s in %d", cut.Cursor, task.ID, task.State, task.Attempt, e.State.State, e.State.Attempt)
		}
	}
}

// CASES 84: a task that has taken the place of another one since the cursor is shown as
// it was before all of its own lines, although nothing marked it as open when the
// markers were read.
func TestCutOfAReplacedTask(t *testing.T) {
	for name, state := range map[string]record.LifeState{"runs": record.Running, "is over": record.Succeeded} {
		t.Run(name, func(t *testing.T) {
			h, now := testhome.New(t), time.Now()
			old, spec := testhome.Spec(t, "a"), testhome.Spec(t, "a")
			spec.Run, spec.FirstRun, spec.CreatedAt = 2, 2, now
			testhome.Put(t, h, spec, &record.State{Run: 2, Attempt: 1, State: state, StartedAt: now, UpdatedAt: now})
			testhome.Hold(t, h, "a")
			last, err := codec.ParseEvent((&record.Event{Name: record.EventSucceeded, Time: testhome.Time, TaskID: "a", Labels: old.EventLabels(),
				State: testhome.State(record.Succeeded)}).AppendJSON(nil))
			if err != nil {
				t.Fatal(err)
			}
			c := &cutter{r: view.NewReader(h), now: now, told: map[string]*telling{"a": {last: last}}, late: map[string]bool{}}
			if err := c.settle(); err != nil {
				t.Fatal(err)
			}
			if got := c.cut.Tasks; len(got) != 1 || got[0].Run != 2 || got[0].State != record.Claimed {
				t.Errorf("the cut has %d tasks, want run 2, claimed", len(got))
			}
		})
	}
}
