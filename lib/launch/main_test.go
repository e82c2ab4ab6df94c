package launch_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"bgtasks/lib/codec"
	"bgtasks/lib/heal"
	"bgtasks/lib/launch"
	"bgtasks/lib/record"
	"bgtasks/lib/seglog"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
	"bgtasks/lib/watch"
)

// TestMain puts a supervisor and a stand-in for the dispatcher beside the test's
// program, where they are looked for.
func TestMain(m *testing.M) {
	self, err := os.Executable()
	if err == nil {
		dir := filepath.Dir(self)
		err = errors.Join(build(filepath.Join(dir, record.ShimName), "bgtasks/cmd/bg-shim"),
			build(filepath.Join(dir, record.DispatcherName), "./testdata/dispatcher"))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func build(program, pkg string) error {
	cmd := exec.Command("go", "build", "-o", program, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w\n%s", pkg, err, out)
	}
	return nil
}

// patience bounds what would otherwise hang a test.
const patience = 30 * time.Second

// world is a home whose dispatcher is the test.
type world struct {
	*testing.T
	home *store.Home
}

func newWorld(t *testing.T) *world {
	t.Helper()
	h, err := store.Open(filepath.Join(t.TempDir(), "home"))
	if err == nil {
		err = unix.Mkfifo(filepath.Join(h.Path(), "dispatched"), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return &world{t, h}
}

// request is a scheduled task with three attempts and no delay between them.
func request(script string) *launch.Request {
	return &launch.Request{
		Spec: record.Spec{
			ID: "web", Name: "web", Command: "sh", Args: []string{"-c", script}, Workdir: "/", Kind: record.DefaultKind,
			Leftovers: record.LeftoversKeep, Signal: record.DefaultSignal, KillGraceMs: 5000,
			Schedule: &record.Schedule{Sequence: 1},
			Retry:    record.Retry{MaxAttempts: 3, NoRetry: []int{2}},
		},
		Env:   []string{"PATH=" + os.Getenv("PATH"), "GREETING=hello"},
		Umask: 0o022,
	}
}

// queue makes the task wait.
func (w *world) queue(r *launch.Request) {
	w.Helper()
	err := launch.Prepare(r)
	if err != nil {
		w.Fatal(err)
	}
	waiting, err := launch.Draft(w.home, r, true)
	if err == nil {
		err = waiting.Publish(w.home)
	}
	if err == nil {
		err = waiting.Release()
	}
	if err != nil {
		w.Fatal(err)
	}
}

// attempt starts what is due, as a dispatcher does.
func (w *world) attempt(id string) (launch.Outcome, error) {
	w.Helper()
	t := w.load(id)
	held, err := store.TryLock(w.home.TaskDir(id))
	if err != nil {
		w.Fatal(err)
	}
	return launch.Attempt(w.home, held, t.Spec, t.Current)
}

// start does so and wants it to succeed.
func (w *world) start(id string) {
	w.Helper()
	if outcome, err := w.attempt(id); outcome != launch.Started || err != nil {
		w.Fatalf("Attempt = %v, %v, want Started", outcome, err)
	}
}

func (w *world) load(id string) *view.Task {
	w.Helper()
	t, err := heal.Load(w.home, id)
	if err != nil {
		w.Fatal(err)
	}
	return t
}

// await waits until the task is as wanted.
func (w *world) await(id string, wanted func(*view.Task) bool) *view.Task {
	w.Helper()
	tasks, err := watch.Until(context.Background(), w.home, []string{id}, time.Now().Add(patience), wanted, false)
	if err != nil {
		w.Fatalf("%v: %s", err, tasks[0].Current.AppendJSON(nil))
	}
	return tasks[0]
}

func in(state record.LifeState) func(*view.Task) bool {
	return func(t *view.Task) bool { return t.State == state && !t.Supervised() }
}

// dispatch is what a dispatcher was called with.
type dispatch struct {
	PID    int
	Args   []string
	Env    []string
	Dir    string
	Files  []string
	Reaper bool
}

// dispatched waits for the dispatcher.
func (w *world) dispatched() (d dispatch) {
	w.Helper()
	f, err := os.OpenFile(filepath.Join(w.home.Path(), "dispatched"), os.O_RDONLY, 0)
	if err == nil {
		var text []byte
		text, err = io.ReadAll(f)
		err = errors.Join(err, f.Close(), json.Unmarshal(text, &d))
	}
	if err != nil {
		w.Fatal(err)
	}
	return d
}

// makeWait lets supervisors believe that a task waits.
func (w *world) makeWait() {
	w.Helper()
	err := errors.Join(os.MkdirAll(w.home.QueueDir(), 0o700), os.WriteFile(filepath.Join(w.home.QueueDir(), store.WaitingFile), nil, 0o600))
	if err != nil {
		w.Fatal(err)
	}
}

// events lists what the journal says of a task.
func (w *world) events(id string) (names []record.EventName) {
	w.Helper()
	for _, e := range w.told(id) {
		names = append(names, e.Name)
	}
	return names
}

// told does so whole.
func (w *world) told(id string) (events []*codec.Event) {
	w.Helper()
	r, err := seglog.OpenJournalReader(w.home.EventsDir(), 0)
	if err != nil {
		w.Fatal(err)
	}
	defer r.Close()
	for {
		line, _, err := r.Next()
		if errors.Is(err, io.EOF) {
			return events
		}
		if err != nil {
			w.Fatal(err)
		}
		if e, err := codec.ParseEvent(line); err == nil && e.TaskID == id {
			events = append(events, e)
		}
	}
}

func (w *world) file(id, name string) string {
	w.Helper()
	text, err := os.ReadFile(filepath.Join(w.home.TaskDir(id), name))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		w.Fatal(err)
	}
	return string(text)
}
