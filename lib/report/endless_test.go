package report

import (
	"os"
	"path/filepath"
	"testing"

	"bgtasks/lib/record"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
)

// hole is more than can be read while a test waits.
const hole = 1 << 38

// spread makes a file of steps 1 to 6 with a hole after the given number of them, and
// a newline after it if ended.
func (w *world) spread(before int, ended bool) {
	w.t.Helper()
	f, err := os.Create(filepath.Join(w.dir, store.StepsFile))
	if err != nil {
		w.t.Fatal(err)
	}
	defer f.Close()
	at := int64(0)
	for i := range 6 {
		if i == before {
			at += hole
			if !ended {
				break
			}
			f.WriteAt([]byte("\n"), at-1)
		}
		step := record.Step{Sequence: int64(i + 1), TaskID: "a", Run: 1, Attempt: 1, Kind: "step", Level: "info", Message: "m", CreatedAt: w.spec.CreatedAt}
		n, err := f.WriteAt(step.AppendJSON(nil), at)
		if err != nil {
			w.t.Skip("no file with a hole here: ", err)
		}
		at += int64(n)
	}
	if err := f.Truncate(at); err != nil {
		w.t.Skip("no file with a hole here: ", err)
	}
}

// CASES 116, and all that reads steps: a file without an end is not read to its end,
// nor from its end to its beginning.
func TestStepsOfAnEndlessFile(t *testing.T) {
	w := newWorld(t, record.Running)
	w.spread(2, true)
	if n, err := CountSteps(w.home, "a"); n != 6 || err != nil {
		t.Errorf("CountSteps = %d, %v, want 6", n, err)
	}
	if out := w.deliver(w.step("next")); out.Step.Sequence != 7 {
		t.Errorf("the next step is number %d, want 7", out.Step.Sequence)
	}
	if n, err := TrimSteps(w.home, "a", 3); n != 4 || err != nil || len(w.steps()) != 3 {
		t.Errorf("TrimSteps(3) = %d, %v, left %+v, want 4, and the newest 3", n, err, w.steps())
	}

	w.spread(2, false)
	if _, err := CountSteps(w.home, "a"); err == nil {
		t.Error("CountSteps of a line without an end: no error")
	}
	if _, err := TrimSteps(w.home, "a", 1); err == nil {
		t.Error("TrimSteps of a line without an end: no error")
	}
	if _, err := view.Steps(w.home, "a", -1); err == nil {
		t.Error("Steps of a line without an end: no error")
	}
	if _, err := w.step("next").Deliver(w.home); err == nil {
		t.Error("Deliver after a line without an end: no error")
	}
	w.deliver(&Report{ID: "a", Percent: set(10.0)})
}

// The newest steps stay, however many more than a window holds.
func TestTrimManySteps(t *testing.T) {
	w := newWorld(t, record.Running)
	var text []byte
	for i := range 3000 {
		step := record.Step{Sequence: int64(i + 1), TaskID: "a", Run: 1, Attempt: 1, Kind: "step", Level: "info", Message: "m", CreatedAt: w.spec.CreatedAt}
		text = step.AppendJSON(text)
	}
	for _, keep := range []int{2999, 1500, 10, 1} {
		w.write(store.StepsFile, append(text, `{"torn`...))
		n, err := TrimSteps(w.home, "a", keep)
		if steps := w.steps(); err != nil || n != 3000-keep || len(steps) != keep || steps[keep-1].ID != "3000" {
			t.Errorf("TrimSteps(%d) = %d, %v, %d left, want %d removed", keep, n, err, len(steps), 3000-keep)
		}
	}
	w.write(store.StepsFile, text)
	if n, err := TrimSteps(w.home, "a", 3000); n != 0 || err != nil {
		t.Errorf("TrimSteps of no more = %d, %v, want 0", n, err)
	}
}
