package launch_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"bgtasks/lib/launch"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
)

// guarded is a task that prints what comes through the FIFO at path, and a
// watchdog that is soon impatient.
func guarded(t *testing.T, action string) (r *launch.Request, say func(string)) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "words")
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	mouth, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { mouth.Close() })
	r = request(`while read word; do [ "$word" = end ] && exit 0; echo "$word"; done < ` + path)
	r.Spec.WatchdogMs, r.Spec.WatchdogAction = 100, action
	return r, func(word string) {
		if _, err := mouth.WriteString(word + "\n"); err != nil {
			t.Fatal(err)
		}
	}
}

func isState(state record.LifeState) func(*view.Task) bool {
	return func(t *view.Task) bool { return t.State == state }
}

// A silent task is stale until its next sign of life, whichever that is.
func TestWatchdogMarks(t *testing.T) {
	for name, sign := range map[string]func(w *world, say func(string)){
		"output": func(_ *world, say func(string)) { say("word") },
		"report": func(w *world, _ func(string)) {
			if err := store.Knock(w.home.TaskDir("web"), []byte(record.AliveMessage)); err != nil {
				w.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			r, say := guarded(t, record.WatchdogMark)
			w.queue(r)
			w.start("web")
			s := w.await("web", isState(record.Stale)).Current
			if s.StaleAt.Before(s.StartedAt.Add(100*time.Millisecond-time.Millisecond)) || s.StaleReason != "no output or heartbeat for 100ms" {
				t.Errorf("stale: %s", s.AppendJSON(nil))
			}
			sign(w, say)
			s = w.await("web", func(*view.Task) bool { return slices.Contains(w.events("web"), record.EventRecovered) }).Current
			if !s.StaleAt.IsZero() && s.State != record.Stale {
				t.Errorf("after a sign of life: %s", s.AppendJSON(nil))
			}
			say("end")
			if task := w.await("web", in(record.Succeeded)); task.Current.StaleReason != "" || task.Current.Reason != record.SelfExit {
				t.Errorf("the end: %s", task.Current.AppendJSON(nil))
			}
		})
	}
}

// A report that nobody rang for counts from when it was written.
func TestWatchdogSeesReports(t *testing.T) {
	for _, name := range []string{store.ProgressFile, store.StepsFile} {
		w := newWorld(t)
		r, say := guarded(t, record.WatchdogMark)
		w.queue(r)
		w.start("web")
		path := filepath.Join(w.home.TaskDir("web"), name)
		if err := os.WriteFile(path, []byte("{}\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		s := w.await("web", isState(record.Stale)).Current
		if quiet := s.StaleAt.Sub(info.ModTime()); quiet < 99*time.Millisecond {
			t.Errorf("stale %v after %s was written, want 100ms at least", quiet, name)
		}
		say("end")
		w.await("web", in(record.Succeeded))
	}
}

// A watchdog may end the task, and whether it is tried again is told by its
// action alone.
func TestWatchdogEnds(t *testing.T) {
	for action, want := range map[string]record.LifeState{record.WatchdogStop: record.Failed, record.WatchdogRetry: record.Retrying} {
		t.Run(action, func(t *testing.T) {
			w := newWorld(t)
			r, _ := guarded(t, action)
			w.queue(r)
			w.start("web")
			task := w.await("web", in(want))
			if task.Reason != record.Watchdog || task.Signal == nil || *task.Signal != "TERM" || task.Stop != nil {
				t.Errorf("task = %s", task.Current.AppendJSON(nil))
			}
			started := []record.EventName{record.EventClaimed, record.EventStarted, record.EventStale, record.EventStopping}
			if got := w.events("web"); !slices.Equal(got, append(started, record.EndEvent(task.Current))) {
				t.Errorf("events = %v", got)
			}
			if want == record.Retrying {
				w.dispatched()
			}
		})
	}
}

// Whoever adopts a task guards it too.
func TestAdoptedWatchdog(t *testing.T) {
	w := newWorld(t)
	r, say := guarded(t, record.WatchdogMark)
	r.Spec.WatchdogMs = 300
	w.queue(r)
	w.start("web")
	shim := w.load("web").Current.Shim.PID
	syscall.Kill(shim, syscall.SIGKILL)
	task := w.await("web", func(t *view.Task) bool { return t.State == record.Stale && t.Current.Shim.PID != shim })
	if !strings.HasSuffix(task.Current.StaleReason, "300ms") {
		t.Errorf("stale: %s", task.Current.AppendJSON(nil))
	}
	say("end")
	w.await("web", func(t *view.Task) bool { return !t.Supervised() && (t.Terminal() || t.State == record.Retrying) })
}
