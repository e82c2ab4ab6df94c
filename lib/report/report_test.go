package report

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"bgtasks/lib/record"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
)

func TestJudge(t *testing.T) {
	at := func(run, attempt int, s record.LifeState) *record.State {
		return &record.State{Run: run, Attempt: attempt, State: s}
	}
	for _, c := range []struct {
		name  string
		state *record.State
		from  Origin
		want  standing
	}{
		{"within, running", at(1, 1, record.Running), Origin{Run: 1, Attempt: 1}, underWay},
		{"within, stale", at(1, 1, record.Stale), Origin{Run: 1, Attempt: 1}, underWay},
		{"within, attempt not told", at(2, 3, record.Running), Origin{Run: 2, Attempt: 0}, underWay},
		{"within, ended", at(1, 1, record.Succeeded), Origin{Run: 1, Attempt: 1}, refused},
		{"within, another run", at(2, 1, record.Running), Origin{Run: 1, Attempt: 1}, refused},
		{"within, another attempt", at(1, 2, record.Running), Origin{Run: 1, Attempt: 1}, refused},
		{"within, next attempt is due", at(1, 1, record.Retrying), Origin{Run: 1, Attempt: 1}, refused},
		{"within, quicker than the first record", nil, Origin{Run: 1, Attempt: 1}, early},
		{"within, quicker than the record of a claim", at(1, 1, record.Claimed), Origin{Run: 1, Attempt: 1}, early},
		{"within, quicker than the record of a restart", at(1, 1, record.Failed), Origin{Run: 2, Attempt: 1}, early},
		{"within, quicker than the record of a retry", at(1, 1, record.Retrying), Origin{Run: 1, Attempt: 2}, early},
		{"outside, running", at(3, 2, record.Running), Origin{}, underWay},
		{"outside, ended", at(3, 2, record.TimedOut), Origin{}, refused},
		{"outside, queued", at(1, 1, record.Queued), Origin{}, refused},
		{"outside, claimed", at(1, 1, record.Claimed), Origin{}, refused},
		{"outside, no record", nil, Origin{}, refused},
	} {
		if got, why := judge(c.state, c.from); got != c.want || (why == "") == (got == refused) {
			t.Errorf("%s: judge(%+v, %+v) = %v, %q, want %v", c.name, c.state, c.from, got, why, c.want)
		}
	}
}

func TestReportsAddUp(t *testing.T) {
	w := newWorld(t, record.Running)
	w.deliver(&Report{ID: "a", Percent: set(35.0), Label: set("one"), Meta: set([]byte(`{"a":1}`))})
	w.deliver(&Report{ID: "a", Label: set("two")})
	w.deliver(&Report{ID: "a", Heartbeat: true})
	w.deliver(&Report{ID: "a", Result: []byte(`null`)})
	p := w.progress()
	if *p.Percent != 35 || p.Label != "two" || string(p.Meta) != `{"a":1}` || string(p.Result) != "null" || p.HeartbeatAt.IsZero() {
		t.Errorf("progress = %+v, want all that was reported", p)
	}
	w.deliver(&Report{ID: "a", Percent: Change[float64]{Given: true}, Label: set(""), Meta: Change[[]byte]{Given: true}})
	if p := w.progress(); p.Percent != nil || p.Label != "" || p.Meta != nil || string(p.Result) != "null" {
		t.Errorf("progress = %+v, want percent, label and meta cleared, the result kept", p)
	}
	names := ""
	for _, e := range w.events() {
		names += string(e.Name) + " "
	}
	if names != "progress progress progress progress " {
		t.Errorf("the journal tells %s, want the reports but the heartbeat", names)
	}
}

func TestStepSetsPercent(t *testing.T) {
	w := newWorld(t, record.Running)
	w.deliver(&Report{ID: "a", Percent: set(10.0), Label: set("label")})
	r := w.step("downloaded")
	percent := 20.0
	r.Step.Percent = &percent
	out := w.deliver(r)
	if out.Step.Sequence != 1 || *w.progress().Percent != 20 || w.progress().Label != "label" {
		t.Errorf("after a step of 20%%: step %+v, progress %+v, want number 1 and the percentage", out.Step, w.progress())
	}
	e := w.events()[1]
	if e.Name != record.EventStep || e.Step.Message != "downloaded" || *e.Progress.Percent != 20 || e.Kind != "k" {
		t.Errorf("event = %+v, want the step, the progress and the task's labels", e)
	}
}

// The progress of an attempt begins with nothing, and its steps go on.
func TestNextRunBeginsAnew(t *testing.T) {
	w := newWorld(t, record.Running)
	w.deliver(&Report{ID: "a", Percent: set(90.0), Label: set("nearly there"), Result: []byte("1")})
	w.deliver(w.step("one"))
	w.spec.Run = 2
	w.write(store.SpecFile, w.spec.AppendJSON(nil))
	w.enter(record.Running)
	w.deliver(&Report{ID: "a", From: Origin{Run: 2, Attempt: 1}, Label: set("again")})
	w.deliver(w.step("two"))
	if p := w.progress(); p.Run != 2 || p.Percent != nil || p.Result != nil || p.Label != "again" {
		t.Errorf("progress of run 2 = %+v, want nothing of run 1", p)
	}
	if s := w.steps(); len(s) != 2 || s[0].Run != 1 || s[1].Run != 2 || s[1].ID != "2" {
		t.Errorf("steps = %+v, want one of each run, numbered through", s)
	}
}

func TestRefusedChangesNothing(t *testing.T) {
	for _, state := range []record.LifeState{record.Succeeded, record.Retrying, record.Queued} {
		w := newWorld(t, state)
		before := w.files()
		r := w.step("late")
		r.Label, r.Heartbeat = set("late"), true
		_, err := r.Deliver(w.home)
		var refused *RefusedError
		if !errors.As(err, &refused) || refused.State != state {
			t.Errorf("Deliver to a task that is %s: %v, want a RefusedError", state, err)
		}
		if after := w.files(); !maps.Equal(before, after) || len(w.events()) > 0 {
			t.Errorf("a refused report left %v and %d events, want %v and none", after, len(w.events()), before)
		}
	}
	w := newWorld(t, record.Running)
	var missing *view.NotFoundError
	if _, err := (&Report{ID: "b", Heartbeat: true}).Deliver(w.home); !errors.As(err, &missing) {
		t.Errorf("Deliver to no task: %v, want a NotFoundError", err)
	}
}

// An attempt that ends between the first look and the lock takes the report no
// more, and one that becomes stale takes it as that.
func TestStateChangesUnderTheReport(t *testing.T) {
	w := newWorld(t, record.Running)
	spec, state, err := view.Records(w.home, "a")
	if err != nil {
		t.Fatal(err)
	}
	deliver := func() error {
		d := &delivery{report: w.step("x"), home: w.home, spec: spec, state: state, now: time.Now()}
		if err := d.prepare(); err != nil {
			t.Fatal(err)
		}
		err := d.commit()
		if err != nil {
			d.discard()
		}
		return err
	}
	w.enter(record.Stale)
	if err := deliver(); err != nil || len(w.events()) != 1 || w.events()[0].State.State != record.Stale {
		t.Errorf("a report to a task that became stale: %v, %+v, want it with that state", err, w.events())
	}
	w.enter(record.Succeeded)
	var refused *RefusedError
	if err := deliver(); !errors.As(err, &refused) || len(w.events()) != 1 || len(w.steps()) != 1 {
		t.Errorf("a report to a task that has ended: %v, %d events, %d steps, want it refused, and one each", err, len(w.events()), len(w.steps()))
	}
}

// 32 reporters at once: every step is there, once, in the file and in the
// journal, and no change to the progress takes another one back.
func TestConcurrentReportsLoseNothing(t *testing.T) {
	const reporters, each = 32, 4
	w := newWorld(t, record.Running)
	var all sync.WaitGroup
	for i := range reporters {
		all.Go(func() {
			for j := range each {
				r := w.step(strconv.Itoa(i*each + j))
				switch i % 3 {
				case 0:
					r.Label = set("label")
				case 1:
					r.Meta = set([]byte(`{"a":1}`))
				case 2:
					r.Percent = set(50.0)
				}
				if _, err := r.Deliver(w.home); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	steps, told, messages := w.steps(), 0, map[string]bool{}
	for i, s := range steps {
		messages[s.Message] = true
		if s.ID != strconv.Itoa(i+1) {
			t.Fatalf("step %d has the number %s", i+1, s.ID)
		}
	}
	for _, e := range w.events() {
		if e.Step.Sequence != int64(told+1) {
			t.Fatalf("line %d of the journal tells step %d", told+1, e.Step.Sequence)
		}
		told++
	}
	if len(steps) != reporters*each || len(messages) != len(steps) || told != len(steps) {
		t.Errorf("%d steps, %d of them different, %d in the journal, want %d", len(steps), len(messages), told, reporters*each)
	}
	if p := w.progress(); p.Label != "label" || p.Percent == nil || *p.Percent != 50 || p.Meta == nil {
		t.Errorf("progress = %+v, want what each reporter said", p)
	}
}

// P10: nothing is told of an attempt after its end.
func TestNoReportAfterTheEnd(t *testing.T) {
	w := newWorld(t, record.Running)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for {
				var refused *RefusedError
				if _, err := w.step("x").Deliver(w.home); errors.As(err, &refused) {
					return
				} else if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for len(w.events()) < 20 {
	}
	w.enter(record.Succeeded)
	end := record.Event{Name: record.EventSucceeded, Time: time.Now(), TaskID: "a", State: &record.State{Run: 1, Attempt: 1, State: record.Succeeded}}
	if err := w.home.Append(&end); err != nil {
		t.Fatal(err)
	}
	all.Wait()
	events := w.events()
	if last := events[len(events)-1]; last.Name != record.EventSucceeded {
		t.Errorf("the last line of the journal is %s, want the end", last.Name)
	}
	if steps := w.steps(); len(steps) != len(events)-1 {
		t.Errorf("%d steps, %d in the journal, want the same", len(steps), len(events)-1)
	}
}

// What a crash left of a line is cut off, and the numbers go on.
func TestHalfALineIsRepaired(t *testing.T) {
	w := newWorld(t, record.Running)
	w.deliver(w.step("one"))
	whole := w.files()[store.StepsFile]
	for n := 1; n < len(whole); n += 13 {
		w.write(store.StepsFile, []byte(whole+whole[:n]))
		if steps := w.steps(); len(steps) != 1 {
			t.Fatalf("%d bytes of a second line: %d steps, want 1", n, len(steps))
		}
		if out := w.deliver(w.step("two")); out.Step.Sequence != 2 || len(w.steps()) != 2 {
			t.Fatalf("%d bytes of a second line: the next step is %d of %d, want 2 of 2", n, out.Step.Sequence, len(w.steps()))
		}
	}
}

// The first report of a task may be quicker than the record of its start.
func TestReportWaitsForTheRecord(t *testing.T) {
	w := newWorld(t, "")
	done := make(chan error)
	go func() {
		_, err := (&Report{ID: "a", From: Origin{Run: 1, Attempt: 1}, Label: set("first")}).Deliver(w.home)
		done <- err
	}()
	for bells := 0; bells == 0; {
		names, err := filepath.Glob(filepath.Join(w.dir, store.BellsDir, "change-*"))
		if err != nil {
			t.Fatal(err)
		}
		bells = len(names)
	}
	w.enter(record.Running)
	if err := <-done; err != nil || w.progress().Label != "first" {
		t.Errorf("Deliver = %v, progress %+v, want the report", err, w.progress())
	}
}

// The supervisor hears of every report when it minds.
func TestWatchdogIsTold(t *testing.T) {
	for _, c := range []struct {
		watchdogMs int64
		want       string
	}{{0, ""}, {1000, record.AliveMessage + record.AliveMessage}} {
		w := newWorld(t, record.Running)
		w.spec.WatchdogMs = c.watchdogMs
		w.write(store.SpecFile, w.spec.AppendJSON(nil))
		ctl, err := os.OpenFile(filepath.Join(w.dir, store.CtlFIFO), os.O_RDWR|unix.O_NONBLOCK, 0)
		if err != nil {
			t.Fatal(err)
		}
		w.deliver(&Report{ID: "a", Heartbeat: true})
		w.deliver(w.step("x"))
		var buf [64]byte
		n, _ := unix.Read(int(ctl.Fd()), buf[:])
		if got := string(buf[:max(n, 0)]); got != c.want {
			t.Errorf("with a watchdog of %d ms the supervisor hears %q, want %q", c.watchdogMs, got, c.want)
		}
		ctl.Close()
	}
}

func TestTrimSteps(t *testing.T) {
	w := newWorld(t, record.Running)
	if n, err := TrimSteps(w.home, "a", 3); n != 0 || err != nil {
		t.Errorf("TrimSteps of none = %d, %v, want 0", n, err)
	}
	for i := range 5 {
		w.deliver(w.step(strconv.Itoa(i)))
	}
	path, reported := filepath.Join(w.dir, store.StepsFile), time.Now().Add(-time.Minute).Truncate(time.Microsecond)
	if err := os.Chtimes(path, reported, reported); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ keep, removed, left int }{{9, 0, 5}, {5, 0, 5}, {3, 2, 3}, {0, 2, 1}} {
		n, err := TrimSteps(w.home, "a", c.keep)
		if steps := w.steps(); err != nil || n != c.removed || len(steps) != c.left || steps[c.left-1].ID != "5" {
			t.Errorf("TrimSteps(%d) = %d, %v, left %+v, want %d, and the newest %d", c.keep, n, err, steps, c.removed, c.left)
		}
	}
	if info, err := os.Stat(path); err != nil || !info.ModTime().Equal(reported) {
		t.Errorf("after the trimming the file is of %v (%v), want %v: to trim is no sign of life", info.ModTime(), err, reported)
	}
	if out := w.deliver(w.step("next")); out.Step.Sequence != 6 {
		t.Errorf("the step after the trimming is number %d, want 6", out.Step.Sequence)
	}
}

// A task of a home that was moved must not speak for its namesake in the old place.
func TestReportOfNamesake(t *testing.T) {
	const ours, theirs = "00112233445566778899aabbccddeeff", "ffeeddccbbaa99887766554433221100"
	running := &record.State{Run: 1, Attempt: 1, State: record.Running}
	for _, c := range []struct {
		token, recorded string
		want            standing
	}{
		{ours, ours, underWay}, {ours, theirs, refused}, {"", theirs, underWay}, {ours, "", underWay},
	} {
		r := &Report{From: Origin{Run: 1, Attempt: 1, Token: c.token}}
		if got, why := r.stands(&record.Spec{RunToken: c.recorded}, running); got != c.want {
			t.Errorf("stands of a report with token %q about a run with %q = %v, %q, want %v", c.token, c.recorded, got, why, c.want)
		}
	}
}
