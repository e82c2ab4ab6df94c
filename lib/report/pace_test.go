package report

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"bgtasks/lib/fsys"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

func (w *world) due() string {
	w.t.Helper()
	text, err := os.ReadFile(filepath.Join(w.dir, store.DueFile))
	if err != nil && !os.IsNotExist(err) {
		w.t.Fatal(err)
	}
	return string(text)
}

// full makes the journal take no line about the task for a while.
func (w *world) full() {
	w.t.Helper()
	at := time.Now().Add(time.Hour) // as where the clock was set back
	if err := os.Chtimes(filepath.Join(w.dir, store.ReportLock), at, at); err != nil {
		w.t.Fatal(err)
	}
}

// CASES 82: what comes faster than the journal takes it is merged, and the newest of
// progress and of steps are told.
func TestReportsAreMerged(t *testing.T) {
	w := newWorld(t, record.Running)
	w.deliver(&Report{ID: "a", Percent: set(1.0)})
	w.full()
	for i := range 5 {
		w.deliver(w.step(strconv.Itoa(i)))
		w.deliver(&Report{ID: "a", Label: set(strconv.Itoa(i))})
		if got := w.progress().Label; got != strconv.Itoa(i) {
			t.Errorf("label = %q, want %d at once", got, i)
		}
	}
	if n := len(w.events()); n != 1 || len(w.steps()) != 5 {
		t.Errorf("%d lines and %d steps, want 1 and all 5", n, len(w.steps()))
	}
	if err := w.home.AppendDue("a", nil); err != nil || w.due() != "" {
		t.Errorf("AppendDue: %v, left %q", err, w.due())
	}
	events := w.events()
	if len(events) != 3 || events[1].Step == nil || events[1].Step.Sequence != 5 || events[2].Progress == nil || events[2].Progress.Label != "4" {
		t.Errorf("the journal has %+v, want the last step and the last label", events)
	}
}

// A step that takes the place of one with a percentage tells that, too: nothing else may.
func TestMergedStepKeepsTheProgress(t *testing.T) {
	w := newWorld(t, record.Running)
	w.deliver(&Report{ID: "a", Percent: set(1.0)})
	w.full()
	half := w.step("half")
	half.Step.Percent = set(50.0).Value
	w.deliver(half)
	w.deliver(w.step("later"))
	if err := w.home.AppendDue("a", nil); err != nil {
		t.Fatal(err)
	}
	events := w.events()
	last := events[len(events)-1]
	if len(events) != 2 || last.Progress == nil || last.Progress.Percent == nil || *last.Progress.Percent != 50 {
		t.Errorf("the journal has %+v, want the last step with 50 %%", events)
	}
}

// A report that may be told again takes along what is due, in order.
func TestReportTakesWhatIsDue(t *testing.T) {
	w := newWorld(t, record.Running)
	w.deliver(w.step("told"))
	w.full()
	w.deliver(w.step("merged"))
	w.deliver(w.step("due"))
	now := time.Now()
	if err := os.Chtimes(filepath.Join(w.dir, store.ReportLock), now, now); err != nil {
		t.Fatal(err)
	}
	w.deliver(&Report{ID: "a", Label: set("new")})
	told := ""
	for _, e := range w.events() {
		if told += string(e.Name); e.Step != nil {
			told += " " + e.Step.Message
		}
		told += ","
	}
	if told != "step told,step due,progress," || w.due() != "" {
		t.Errorf("the journal tells %s, and %q is due", told, w.due())
	}
}

// The first ones are told, whatever their rate, and no more than these.
func TestReportsAtOnceAreTold(t *testing.T) {
	w := newWorld(t, record.Running)
	began := time.Now()
	for i := range burst + 50 {
		w.deliver(&Report{ID: "a", Label: set(strconv.Itoa(i))})
	}
	most := burst + 1 + 2*int(time.Since(began)/interval)
	if n := len(w.events()); n < burst || n > most {
		t.Errorf("%d of %d are told, want %d to %d", n, burst+50, burst, most)
	}
}

// A crash leaves a file that is empty, torn, or was written already.
func TestWhatIsDueAfterACrash(t *testing.T) {
	for _, c := range []struct {
		text string
		told int
	}{{"", 1}, {"{\"v\":1,\"time\":", 1}} {
		w := newWorld(t, record.Running)
		w.deliver(w.step("told"))
		w.write(store.DueFile, []byte(c.text))
		if err := w.home.AppendDue("a", nil); err != nil || len(w.events()) != c.told || fsys.Exists(filepath.Join(w.dir, store.DueFile)) {
			t.Errorf("with %q due: %v, %d lines, want %d", c.text, err, len(w.events()), c.told)
		}
	}
}
