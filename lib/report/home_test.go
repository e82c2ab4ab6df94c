package report

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"bgtasks/lib/codec"
	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/seglog"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
)

// world is a home with the task "a", whose supervisor the test is.
type world struct {
	t    *testing.T
	home *store.Home
	dir  string
	spec record.Spec
}

func newWorld(t *testing.T, state record.LifeState) *world {
	t.Helper()
	h, err := store.Open(filepath.Join(t.TempDir(), "home"))
	if err != nil {
		t.Fatal(err)
	}
	self, err := proc.Self()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, home: h, dir: h.TaskDir("a"), spec: record.Spec{ID: "a", Run: 1, FirstRun: 1, Name: "a", Command: "true", Kind: "k",
		Tags: []string{"t"}, CreatedAt: time.Now(), StartedBy: record.Process(self)}}
	d, err := h.Draft("a", w.spec.AppendJSON(nil), false)
	if err == nil {
		err = d.Publish()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Lock().Unlock() })
	if state != "" {
		w.enter(state)
	}
	return w
}

// enter records a state and says so, as a supervisor does.
func (w *world) enter(state record.LifeState) {
	w.t.Helper()
	s := record.State{Run: w.spec.Run, Attempt: 1, State: state, UpdatedAt: time.Now()}
	w.write(store.StateFile, s.AppendJSON(nil))
	store.Ring(filepath.Join(w.dir, store.BellsDir), store.BellChange)
}

// write replaces a file as the suite does: a reader must never meet half of it.
func (w *world) write(name string, data []byte) {
	w.t.Helper()
	if err := store.Replace(filepath.Join(w.dir, name), data); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) deliver(r *Report) *Outcome {
	w.t.Helper()
	out, err := r.Deliver(w.home)
	if err != nil {
		w.t.Fatalf("Deliver(%+v): %v", r, err)
	}
	return out
}

func (w *world) step(message string) *Report {
	return &Report{ID: "a", Step: &record.Step{Kind: "step", Level: "info", Message: message}}
}

func (w *world) steps() []view.Step {
	w.t.Helper()
	steps, err := view.Steps(w.home, "a", -1)
	if err != nil {
		w.t.Fatal(err)
	}
	return steps
}

// progress is what the file says now.
func (w *world) progress() *record.Progress {
	w.t.Helper()
	p, err := view.Reported(w.home, "a")
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// events reads the whole journal.
func (w *world) events() (list []*codec.Event) {
	w.t.Helper()
	r, err := seglog.OpenJournalReader(w.home.EventsDir(), 0)
	if err != nil {
		w.t.Fatal(err)
	}
	defer r.Close()
	for {
		line, _, err := r.Next()
		if errors.Is(err, io.EOF) {
			return list
		}
		e, parseErr := codec.ParseEvent(line)
		if err = errors.Join(err, parseErr); err != nil {
			w.t.Fatal(err)
		}
		list = append(list, e)
	}
}

// files are the task's files with their contents.
func (w *world) files() map[string]string {
	w.t.Helper()
	entries, err := os.ReadDir(w.dir)
	if err != nil {
		w.t.Fatal(err)
	}
	files := map[string]string{}
	for _, e := range entries {
		if e.Type().IsRegular() {
			text, err := os.ReadFile(filepath.Join(w.dir, e.Name()))
			if err != nil {
				w.t.Fatal(err)
			}
			files[e.Name()] = string(bytes.Clone(text))
		}
	}
	return files
}

func set[T any](v T) Change[T] { return Change[T]{Given: true, Value: &v} }
