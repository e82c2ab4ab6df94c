package heal

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bgtasks/lib/record"
	"bgtasks/test/testhome"
)

// A task that runs for long has its start far back in the journal, or beyond
// what is kept of it: neither may bring a second one.
func TestStartFarBack(t *testing.T) {
	h := testhome.New(t)
	add := func(id string, at time.Time, labels string) {
		t.Helper()
		e := &record.Event{Name: record.EventStarted, Time: at, TaskID: id, Labels: []byte(labels), State: testhome.State(record.Running)}
		if err := h.Append(e); err != nil {
			t.Fatal(err)
		}
	}
	add("t", testhome.Time, `"kind":"c"`)
	long := `"kind":"` + strings.Repeat("x", 1<<20) + `"`
	for i := range 18 {
		add("other", testhome.Time.Add(time.Duration(i)*time.Hour), long)
	}
	check := func(id string, since time.Time, wantSaid, wantKnown bool) {
		t.Helper()
		said, known, err := journalledSince(h, since, id, 1, 1, record.EventStarted)
		if said != wantSaid || known != wantKnown || err != nil {
			t.Errorf("journalledSince(%s, %v) = %t, %t, %v, want %t, %t", id, since, said, known, err, wantSaid, wantKnown)
		}
	}
	check("t", testhome.Time, true, true)
	check("absent", testhome.Time.Add(17*time.Hour), false, true)
	if err := os.Remove(filepath.Join(h.EventsDir(), strings.Repeat("0", 20)+".ndjson")); err != nil {
		t.Fatal(err)
	}
	check("t", testhome.Time, false, false)
}

// An end that was journalled is found however much was written since; where the
// journal no longer reaches back to it, it counts as not written.
func TestEndFarBack(t *testing.T) {
	h := testhome.New(t)
	add := func(id string, at time.Time, labels string) {
		t.Helper()
		state := testhome.State(record.Failed)
		e := &record.Event{Name: record.EventFailed, Time: at, TaskID: id, Labels: []byte(labels), State: state}
		if err := h.Append(e); err != nil {
			t.Fatal(err)
		}
	}
	check := func(id string, want bool) {
		t.Helper()
		said, err := journalled(h, testhome.Time, id, 1, 1, record.EventFailed)
		if said != want || err != nil {
			t.Errorf("journalled(%s) = %t, %v, want %t", id, said, err, want)
		}
	}
	check("t", false)
	add("t", testhome.Time, `"kind":"c"`)
	check("t", true)
	check("other", false)
	for i := range 18 {
		add("other", testhome.Time.Add(time.Duration(i)*time.Hour), `"kind":"`+strings.Repeat("x", 1<<20)+`"`)
	}
	check("t", true)
	if err := os.Remove(filepath.Join(h.EventsDir(), strings.Repeat("0", 20)+".ndjson")); err != nil {
		t.Fatal(err)
	}
	check("t", false)
}
