package find

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"bgtasks/lib/fsys"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
	"bgtasks/test/testhome"
)

// zoo makes tasks of many kinds; those that run are locked.
func zoo(t *testing.T) *store.Home {
	t.Helper()
	h := testhome.New(t)
	for i, c := range []struct {
		id, name, kind, session, tags string
		state                         record.LifeState
	}{
		{"d1", "web", "server", "s1", "a b", record.Running},
		{"c2", "web", "server", "s2", "b", record.Failed},
		{"b3", "build", "command", "s1", "a", record.Succeeded},
		{"a4", "monitor", "command", "", "", record.Cancelled},
		{"bg_1", "twin", "command", "", "", record.Succeeded},
		{"bg_2", "twin", "command", "", "", record.Succeeded},
	} {
		spec, state := testhome.Spec(t, c.id), testhome.State(c.state)
		spec.Name, spec.Kind, spec.SessionID, spec.Tags = c.name, c.kind, c.session, strings.Fields(c.tags)
		spec.CreatedAt = testhome.Time.Add(time.Duration(i) * time.Millisecond)
		testhome.Put(t, h, spec, state)
		if !c.state.Terminal() {
			testhome.Hold(t, h, c.id)
		}
	}
	return h
}

func TestAllFilters(t *testing.T) {
	h := zoo(t)
	for _, c := range []struct {
		filter Filter
		want   string
	}{
		{Filter{}, "d1 c2 b3 a4 bg_1 bg_2"},
		{Filter{IDs: []string{"a4", "d1", "nope", "../x", "a4"}}, "d1 a4"},
		{Filter{Names: []string{"web", "monitor"}}, "d1 c2 a4"},
		{Filter{Tags: []string{"a"}}, "d1 b3"},
		{Filter{Tags: []string{"a", "b"}}, "d1"},
		{Filter{Kinds: []string{"server"}, Sessions: []string{"s2"}}, "c2"},
		{Filter{Statuses: []string{"exited"}}, "c2 b3 bg_1 bg_2"},
		{Filter{Statuses: []string{"running"}}, "d1"},
		{Filter{Statuses: []string{"running", "killed"}}, "d1 a4"},
		{Filter{States: []string{"failed", "running"}}, "d1 c2"},
		{Filter{States: []string{"running", "stale"}}, "d1"},
		{Filter{OpenOnly: true}, "d1"},
		{Filter{OpenOnly: true, Statuses: []string{"exited"}}, ""},
	} {
		got, err := All(h, c.filter)
		if ids := strings.Join(idsOf(got), " "); err != nil || ids != c.want {
			t.Errorf("All(%+v) = %q, %v, want %q", c.filter, ids, err, c.want)
		}
	}
}

// Outlines are the tasks of a whole listing, in its order.
func TestOutlines(t *testing.T) {
	h := zoo(t)
	if err := os.WriteFile(filepath.Join(h.TaskDir("b3"), store.SpecFile), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := h.MarkLive("b3"); err != nil {
		t.Fatal(err)
	}
	for _, newestFirst := range []bool{false, true} {
		whole, err1 := All(h, Filter{})
		outlines, err2 := Outlines(h, newestFirst)
		if err1 != nil || err2 != nil || len(outlines) != len(whole) {
			t.Fatalf("%d tasks, %v, in outline %d, %v, want the same", len(whole), err1, len(outlines), err2)
		}
		Sort(whole, Order{Desc: newestFirst})
		for i, o := range outlines {
			if o != placeOf(whole[i]) {
				t.Errorf("task %d in outline, newest first: %v, = %v, want %v", i, newestFirst, o, placeOf(whole[i]))
			}
		}
	}
}

// The state of a task without a marker is not read for its outline.
func TestOutlinesReadSpecsAlone(t *testing.T) {
	h := zoo(t)
	state := filepath.Join(h.TaskDir("a4"), store.StateFile)
	if err := os.Remove(state); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(state, 0o700); err != nil { // a look at it would make the task unreadable, which has no createdAt
		t.Fatal(err)
	}
	outlines, err := Outlines(h, false)
	if err != nil || !slices.ContainsFunc(outlines, func(o Outline) bool { return o.ID == "a4" && o.CreatedAt != "" }) {
		t.Errorf("Outlines = %v, %v, want a4 with its time", outlines, err)
	}
}

// What runs is found by its marker; a marker that outlived its task, or the
// end of it, is no running task.
func TestOpenOnlyReadsMarkers(t *testing.T) {
	h := zoo(t)
	for _, id := range []string{"never-published", "b3"} {
		if err := h.MarkLive(id); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.RemoveAll(filepath.Join(h.TaskDir("c2"), store.SpecFile)); err != nil {
		t.Fatal(err)
	}
	got, err := All(h, Filter{OpenOnly: true})
	if ids := idsOf(got); err != nil || !slices.Equal(ids, []string{"d1"}) {
		t.Errorf("All(OpenOnly) = %v, %v, want d1", ids, err)
	}
	if fsys.Exists(filepath.Join(h.LiveDir(), "b3")) {
		t.Errorf("the marker of an ended task is there, want it healed away")
	}
}

func TestAllHeals(t *testing.T) {
	h := testhome.New(t)
	for i := range 50 {
		state := testhome.State(record.Running)
		state.Leader = testhome.Gone(t)
		testhome.Put(t, h, testhome.Spec(t, fmt.Sprintf("t%02d", i)), state)
	}
	if got, err := All(h, Filter{Statuses: []string{"running"}}); err != nil || len(got) != 0 {
		t.Errorf("All(running) = %v, %v, want none", idsOf(got), err)
	}
	if got, err := All(h, Filter{Statuses: []string{"failed"}}); err != nil || len(got) != 50 {
		t.Errorf("All(failed) = %d tasks, %v, want 50", len(got), err)
	}
}

func fill(b testing.TB, finished, running int) *store.Home {
	b.Helper()
	h, err := store.Open(filepath.Join(b.TempDir(), "home"))
	if err != nil {
		b.Fatal(err)
	}
	code := 0
	for i := range finished + running {
		id := fmt.Sprintf("bg_%016d", i)
		spec, state := testhome.Spec(b, id), testhome.State(record.Succeeded)
		state.Reason, state.ExitCode, state.Leader, state.Shim = record.SelfExit, &code, testhome.Gone(b), testhome.Gone(b)
		state.StartedAt, state.ExitedAt, state.Containment = testhome.Time, testhome.Time, "subreaper"
		state.Usage = &record.Usage{UserMs: 1, SystemMs: 2, MaxRSSKB: 3}
		spec.CreatedAt = testhome.Time.Add(time.Duration(i) * time.Millisecond)
		spec.Tags = []string{"demo", "bench"}
		if i >= finished {
			state.State, state.ExitCode, state.Reason = record.Running, nil, ""
		}
		fastPut(b, h, spec, state)
	}

	return h
}

// fastPut is put without syncing, which is not what is measured.
func fastPut(b testing.TB, h *store.Home, spec *record.Spec, state *record.State) {
	b.Helper()
	dir := h.TaskDir(spec.ID)
	if err := os.Mkdir(dir, 0o700); err != nil {
		b.Fatal(err)
	}
	testhome.Write(b, h, spec.ID, store.LockFile, nil)
	testhome.Write(b, h, spec.ID, store.SpecFile, spec.AppendJSON(nil))
	testhome.Write(b, h, spec.ID, store.StateFile, state.AppendJSON(nil))
	testhome.Write(b, h, spec.ID, "output.log", []byte("hello\n"))
	if state.State.Terminal() {
		return
	}
	lock, err := store.TryLock(dir)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { lock.Unlock() })
	if err := h.MarkLive(spec.ID); err != nil {
		b.Fatal(err)
	}
}

func benchmarkList(b *testing.B, f Filter, finished, want int) {
	h := fill(b, finished, 10)
	for b.Loop() {
		if got, err := All(h, f); err != nil || len(got) != want {
			b.Fatalf("All = %d tasks, %v, want %d", len(got), err, want)
		}
	}
}

// The budget is 100 ms for the whole verb, on two processors.
func BenchmarkList10000(b *testing.B) { benchmarkList(b, Filter{}, 10_000, 10_010) }

func BenchmarkList10000WithLogs(b *testing.B) {
	benchmarkList(b, Filter{WithLogs: true}, 10_000, 10_010)
}

// The budget is 15 ms for the whole verb, beside ten times as many.
func BenchmarkRunning(b *testing.B) {
	benchmarkList(b, Filter{Statuses: []string{"running"}}, 10_000, 10)
}

// A brief listing tells the same of a task, but for its records.
func TestBriefListing(t *testing.T) {
	h := zoo(t)
	whole, err1 := All(h, Filter{})
	brief, err2 := All(h, Filter{Brief: true})
	if err1 != nil || err2 != nil || len(brief) != len(whole) {
		t.Fatalf("All = %d tasks, %v, and %d, %v", len(whole), err1, len(brief), err2)
	}
	for i, task := range whole {
		task.Spec, task.Current = nil, nil
		if !reflect.DeepEqual(brief[i], task) {
			t.Errorf("brief: %+v\nwant %+v", brief[i], task)
		}
	}
}

// A broken record breaks one task.
func TestOneUnreadableTask(t *testing.T) {
	whole := string(testhome.State(record.Running).AppendJSON(nil))
	for name, spoil := range map[string]func(path string) error{
		"garbage":   func(path string) error { return os.WriteFile(path, []byte("\x00garbage"), 0o600) },
		"truncated": func(path string) error { return os.WriteFile(path, []byte(whole[:20]), 0o600) },
		"type":      func(path string) error { return os.WriteFile(path, []byte(`{"v":1,"run":[]}`), 0o600) },
		"directory": func(path string) error { return os.Mkdir(path, 0o700) },
		"fifo":      func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"link":      func(path string) error { return os.Symlink("/dev/zero", path) },
	} {
		for _, file := range []string{store.SpecFile, store.StateFile} {
			t.Run(name+" in "+file, func(t *testing.T) {
				h := testhome.New(t)
				for _, id := range []string{"a", "b", "c"} {
					testhome.Put(t, h, testhome.Spec(t, id), testhome.State(record.Succeeded))
				}
				path := filepath.Join(h.TaskDir("b"), file)
				if err := errors.Join(os.Remove(path), spoil(path)); err != nil {
					t.Fatal(err)
				}
				checkOneBroken(t, h, file)
			})
		}
	}
}

func checkOneBroken(t *testing.T, h *store.Home, file string) {
	t.Helper()
	all, err := All(h, Filter{WithLogs: true})
	if err != nil || len(all) != 3 {
		t.Fatalf("All = %d tasks, %v, want 3", len(all), err)
	}
	for _, task := range all {
		fault, broken := task.Unreadable.(*view.RecordError)
		if broken != (task.ID == "b") {
			t.Errorf("task %q: unreadable = %v", task.ID, task.Unreadable)
		}
		if broken && (fault.File != file || task.Fault == "" || task.Terminal() != (file == store.SpecFile)) {
			t.Errorf("fault = %v, state %q, want one about %s", fault, task.State, file)
		}
	}
}

// A listing asks for reports only with the other details, and of an ended task
// only if it has some.
func TestReportsInListings(t *testing.T) {
	h := testhome.New(t)
	testhome.Put(t, h, testhome.Spec(t, "a"), testhome.State(record.Failed))
	testhome.Write(t, h, "a", store.ProgressFile, testhome.Progress().AppendJSON(nil))
	for _, details := range []bool{true, false} {
		tasks, err := All(h, Filter{WithLogs: details})
		if err != nil || len(tasks) != 1 || (tasks[0].Report != nil) != details {
			t.Errorf("All(WithLogs: %v) = %v, %v, want the report with the details only", details, tasks, err)
		}
	}
}
