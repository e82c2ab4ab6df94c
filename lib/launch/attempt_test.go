package launch_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"bgtasks/lib/control"
	"bgtasks/lib/launch"
	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
)

// Each failed attempt leaves a task that waits for the next, without a process;
// the dispatcher is executed each time, and the last failure is the run's.
func TestAttempts(t *testing.T) {
	w := newWorld(t)
	w.queue(request(`echo "$GREETING $BG_ATTEMPT"; exit $((BG_ATTEMPT + 6))`))
	if task := w.load("web"); task.State != record.Queued || task.Supervisor != view.SupervisorNone || task.Attempt != 1 {
		t.Fatalf("a queued task is %s, supervisor %s, attempt %d", task.State, task.Supervisor, task.Attempt)
	}
	for attempt := 1; attempt <= 3; attempt++ {
		w.start("web")
		want := record.Failed
		if attempt < 3 {
			want = record.Retrying
			w.dispatched()
		}
		task := w.await("web", in(want))
		if task.Attempt != attempt || task.ExitCode == nil || *task.ExitCode != attempt+6 || task.Reason != record.SelfExit {
			t.Errorf("after attempt %d: %s", attempt, task.Current.AppendJSON(nil))
		}
		if kept := w.file("web", store.EnvFile) != ""; kept != (want == record.Retrying) {
			t.Errorf("after attempt %d the environment is kept: %t", attempt, kept)
		}
		from, to := int64((attempt-1)*len("hello 1\n")), int64(attempt*len("hello 1\n"))
		if s := task.Current; s.LogStart != from || s.LogEnd != to {
			t.Errorf("log of attempt %d = %d to %d, want %d to %d", attempt, s.LogStart, s.LogEnd, from, to)
		}
	}
	if got, want := w.file("web", "output.log"), "hello 1\nhello 2\nhello 3\n"; got != want {
		t.Errorf("log = %q, want %q", got, want)
	}
	want := []record.EventName{record.EventClaimed, record.EventStarted, record.EventRetried, record.EventClaimed,
		record.EventStarted, record.EventRetried, record.EventClaimed, record.EventStarted, record.EventFailed}
	if got := w.events("web"); !slices.Equal(got, want) {
		t.Errorf("events = %v, want %v", got, want)
	}
	for i, line := range strings.Split(strings.TrimSuffix(w.file("web", store.AttemptsFile), "\n"), "\n") {
		if want := fmt.Sprintf(`{"v":1,"run":1,"attempt":%d,"state":"retrying","reason":"self-exit","exitCode":%d,"signal":null,`, i+1, i+7); !strings.HasPrefix(line, want) {
			t.Errorf("line %d of the attempts = %s, want %s...", i+1, line, want)
		}
	}
}

// What a shim leaves behind when it becomes the dispatcher is nothing.
func TestDispatcherIsExecuted(t *testing.T) {
	w := newWorld(t)
	w.makeWait()
	w.queue(request("exit 0"))
	w.start("web")
	d := w.dispatched()
	task := w.load("web")
	if task.State != record.Succeeded || task.Supervised() || d.PID != task.Current.Shim.PID {
		t.Errorf("the dispatcher is process %d of a %s task, want the shim's own of an ended one: %v", d.PID, task.State, task.Current.Shim)
	}
	if want := []string{"bg-dispatch", w.home.Path()}; !slices.Equal(d.Args, want) || d.Dir != "/" || len(d.Env) != 0 || d.Reaper {
		t.Errorf("dispatcher = %+v, want %v in / without an environment", d, want)
	}
	for _, f := range d.Files {
		if strings.HasPrefix(f, w.home.Path()) && f != filepath.Join(w.home.Path(), "dispatched") {
			t.Errorf("the dispatcher has %s open", f)
		}
	}
}

// A shim that stays with leftovers starts the dispatcher as a child, which is no
// leftover, survives a stop, and keeps nobody waiting.
func TestDispatcherBesideLeftovers(t *testing.T) {
	w := newWorld(t)
	w.makeWait()
	if err := unix.Mkfifo(filepath.Join(w.home.Path(), "hold"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.queue(request(`sleep 1000 & exit 0`))
	w.start("web")
	d := w.dispatched()
	child, err := proc.Identify(d.PID)
	if err != nil {
		t.Fatal(err)
	}
	if task := w.load("web"); task.State != record.Succeeded || task.Leftovers != 1 || !task.Supervised() {
		t.Errorf("task = %s, %d leftovers, supervisor %s, want succeeded, 1, alive", task.State, task.Leftovers, task.Supervisor)
	}
	stopped := make(chan error)
	go func() {
		_, err := control.Stop(context.Background(), w.home, "web", control.StopOptions{Grace: -1, By: "test", Cause: record.Stopped})
		stopped <- err
	}()
	again := w.dispatched() // its last act
	if err := <-stopped; err != nil {
		t.Errorf("Stop = %v", err)
	}
	if p, err := child.Presence(); p != proc.Alive || err != nil {
		t.Errorf("the dispatcher is %v, %v after the stop, want it alive", p, err)
	}
	if again.PID == d.PID {
		t.Error("the shim did not become a dispatcher of its own")
	}
	for _, pid := range []int{d.PID, again.PID} {
		syscall.Kill(pid, syscall.SIGKILL)
	}
}

// Nothing of a failed attempt is left when the next may begin, whatever is to
// become of leftovers otherwise.
func TestRetryEndsTheTree(t *testing.T) {
	for _, policy := range record.LeftoverPolicies {
		w := newWorld(t)
		r := request(`sleep 1000 & echo $!; setsid sleep 1000 & echo $!; exit 1`)
		r.Spec.Leftovers = policy
		w.queue(r)
		w.start("web")
		w.dispatched()
		w.await("web", in(record.Retrying))
		for _, line := range strings.Fields(w.file("web", "output.log")) {
			pid, err := strconv.Atoi(line)
			if err != nil {
				t.Fatal(err)
			}
			if st, err := proc.ReadStat(pid); err == nil && !st.Ended() {
				t.Errorf("leftovers %s: process %d of the failed attempt lives", policy, pid)
			}
		}
	}
}

// What is not tried again.
func TestEndsForGood(t *testing.T) {
	for name, c := range map[string]struct {
		script string
		act    func(w *world)
		state  record.LifeState
		reason record.Reason
	}{
		"a code that is final": {"exit 2", nil, record.Failed, record.SelfExit},
		"success":              {"exit 0", nil, record.Succeeded, record.SelfExit},
		"a stop": {"sleep 1000", func(w *world) {
			if _, err := control.Stop(context.Background(), w.home, "web", control.StopOptions{Grace: -1, By: "test", Cause: record.Stopped}); err != nil {
				w.Errorf("Stop = %v", err)
			}
		}, record.Cancelled, record.Stopped},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.queue(request(c.script))
			w.start("web")
			if c.act != nil {
				c.act(w)
			}
			task := w.await("web", in(c.state))
			if task.State != c.state || task.Reason != c.reason || task.Attempt != 1 {
				t.Errorf("task = %s, %s, attempt %d, want %s, %s", task.State, task.Reason, task.Attempt, c.state, c.reason)
			}
			if w.file("web", store.EnvFile) != "" {
				t.Error("the environment is kept")
			}
		})
	}
}

// A program that can't be executed any more ends the task; a supervisor that
// can't be started leaves it as it was.
func TestAttemptThatCannotBegin(t *testing.T) {
	w := newWorld(t)
	script := filepath.Join(t.TempDir(), "job")
	if err := os.WriteFile(script, []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	r := request("")
	r.Spec.Command, r.Spec.Args = script, nil
	w.queue(r)
	shim := filepath.Join(filepath.Dir(launch.Dispatcher()), record.ShimName)
	before := w.load("web").Current
	if err := os.Rename(shim, shim+".away"); err != nil {
		t.Fatal(err)
	}
	outcome, err := w.attempt("web")
	if back := os.Rename(shim+".away", shim); back != nil {
		t.Fatal(back)
	}
	if outcome != launch.PutBack || err == nil {
		t.Errorf("Attempt without a shim = %v, %v, want PutBack", outcome, err)
	}
	if now := w.load("web").Current; now.State != before.State || now.Attempt != before.Attempt {
		t.Errorf("the state became %s", now.AppendJSON(nil))
	}
	if err := os.Remove(script); err != nil {
		t.Fatal(err)
	}
	if outcome, err = w.attempt("web"); outcome != launch.Failed || err == nil {
		t.Errorf("Attempt without a program = %v, %v, want Failed", outcome, err)
	}
	if task := w.load("web"); task.State != record.Failed || task.Reason != record.SpawnError || task.Status != record.StatusFailed || w.home.MarkedLive("web") {
		t.Errorf("task = %s", task.Current.AppendJSON(nil))
	}
	if got, want := w.events("web"), []record.EventName{record.EventClaimed, record.EventEnqueued, record.EventFailed}; !slices.Equal(got, want) {
		t.Errorf("events = %v, want %v", got, want)
	}
}

// An attempt whose supervisor was killed is adopted as the attempt that it is, and
// its failure is followed by the next one.
func TestAdoptionKeepsTheAttempt(t *testing.T) {
	w := newWorld(t)
	fifo := filepath.Join(t.TempDir(), "go")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	w.queue(request(`echo "attempt $BG_ATTEMPT"; [ $BG_ATTEMPT = 1 ] || { read x < ` + fifo + `; echo "got $x"; }; exit 7`))
	w.start("web")
	w.dispatched()
	w.await("web", in(record.Retrying))
	w.start("web")
	syscall.Kill(w.load("web").Current.Shim.PID, syscall.SIGKILL)
	task := w.await("web", func(task *view.Task) bool {
		return slices.Contains(w.events("web"), record.EventAdopted) && task.State == record.Running
	})
	if s := task.Current; s.Attempt != 2 || s.LogStart != int64(len("attempt 1\n")) {
		t.Errorf("adopted: %s, want attempt 2 and its part of the log", s.AppendJSON(nil))
	}
	if err := os.WriteFile(fifo, []byte("word\n"), 0); err != nil {
		t.Fatal(err)
	}
	w.dispatched()
	task = w.await("web", in(record.Retrying))
	if s := task.Current; s.Attempt != 2 || s.LogEnd != int64(len("attempt 1\nattempt 2\ngot word\n")) {
		t.Errorf("after the adopted attempt: %s", s.AppendJSON(nil))
	}
}

// A supervisor that was killed together with the leader, while another process of
// the attempt lives: that one is ended before the next attempt.
func TestLostAttemptWithSurvivor(t *testing.T) {
	w := newWorld(t)
	w.queue(request(`sleep 1000 & echo $!; exec sleep 1000`))
	w.start("web")
	var survivor int
	task := w.await("web", func(*view.Task) bool { return true })
	for survivor == 0 {
		survivor, _ = strconv.Atoi(strings.TrimSpace(w.file("web", "output.log")))
	}
	syscall.Kill(task.Current.Shim.PID, syscall.SIGSTOP)
	syscall.Kill(task.PID, syscall.SIGKILL)
	syscall.Kill(task.Current.Shim.PID, syscall.SIGKILL)
	task = w.await("web", in(record.Retrying))
	w.dispatched()
	if task.Attempt != 1 || task.Reason != record.Lost && task.Reason != record.BySignal {
		t.Errorf("task = %s", task.Current.AppendJSON(nil))
	}
	if st, err := proc.ReadStat(survivor); err == nil && !st.Ended() {
		t.Errorf("process %d of the lost attempt lives", survivor)
	}
}

// A stop that is asked for while the supervisor is only just starting is carried out
// by that one, and once: nobody has to ask again.
func TestStopLeftForAStartingShim(t *testing.T) {
	w := newWorld(t)
	r := request(`trap "" TERM; exec sleep 1000`)
	r.Spec.KillGraceMs = 0
	w.queue(r)
	task := w.load("web")
	held, err := store.TryLock(w.home.TaskDir("web"))
	if err != nil {
		t.Fatal(err)
	}
	stop := &record.Stop{RequestedAt: time.Now(), By: "bg-start", Signal: "TERM", Reason: "a \"newer\" one\n", Cause: record.Superseded}
	if heard, err := store.AskToStop(w.home.TaskDir("web"), stop, int(syscall.SIGTERM)); heard || err != nil {
		t.Fatalf("AskToStop = %v, %v, want false, nil", heard, err)
	}
	if outcome, err := launch.Attempt(w.home, held, task.Spec, task.Current); outcome != launch.Started || err != nil {
		t.Fatalf("Attempt = %v, %v, want Started", outcome, err)
	}
	end := w.await("web", in(record.Cancelled)).Current
	if end.Reason != record.Superseded || end.Stop == nil || !end.Stop.Same(stop) || end.Stop.Reason != stop.Reason {
		t.Errorf("the end is %s, want it superseded with the stop %s", end.AppendJSON(nil), stop.AppendJSON(nil))
	}
}
