// Package testhome makes homes, tasks and processes for tests, as supervisors leave
// them. No program imports it.
package testhome

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// New makes an empty home.
func New(t testing.TB) *store.Home {
	t.Helper()
	h, err := store.Open(filepath.Join(t.TempDir(), "home"))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// Time is when all tasks of tests were created.
var Time = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// Spec is a spec that this process has accepted.
func Spec(t testing.TB, id string) *record.Spec {
	t.Helper()
	self, err := proc.Self()
	if err != nil {
		t.Fatal(err)
	}
	return &record.Spec{ID: id, Run: 1, FirstRun: 1, Name: "name-of-" + id, Command: "make", Args: []string{"test"},
		Workdir: "/src", Kind: record.DefaultKind, Leftovers: record.LeftoversKeep, Signal: record.DefaultSignal,
		KillGraceMs: 5000, CreatedAt: Time, StartedBy: record.Process(self)}
}

// State is a state of the first attempt, a second after Time.
func State(s record.LifeState) *record.State {
	return &record.State{Run: 1, Attempt: 1, State: s, UpdatedAt: Time.Add(time.Second)}
}

// Put makes a task as its shim would have left it in this state: nil for none.
// The lock is free.
func Put(t testing.TB, h *store.Home, spec *record.Spec, state *record.State) {
	t.Helper()
	d, err := h.Draft(spec.ID, spec.AppendJSON(nil), spec.Split)
	if err == nil {
		err = d.Publish()
	}
	if err != nil {
		t.Fatal(err)
	}
	if state != nil {
		Write(t, h, spec.ID, store.StateFile, state.AppendJSON(nil))
	}
	if state != nil && state.State.Terminal() {
		if err := h.UnmarkLive(spec.ID); err != nil {
			t.Fatal(err)
		}
		if err := store.RemoveFIFOs(h.TaskDir(spec.ID)); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Lock().Unlock(); err != nil {
		t.Fatal(err)
	}
}

// Write writes a file of a task.
func Write(t testing.TB, h *store.Home, id, file string, data []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(h.TaskDir(id), file), data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// Hold takes the task's lock, as a shim would.
func Hold(t testing.TB, h *store.Home, id string) *store.Lock {
	t.Helper()
	lock, err := store.TryLock(h.TaskDir(id))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { lock.Unlock() })
	return lock
}

// Gone is a process that can't be there: one with our pid and another start.
func Gone(t testing.TB) *record.Process {
	t.Helper()
	self, err := proc.Self()
	if err != nil {
		t.Fatal(err)
	}
	self.StartTicks++
	return (*record.Process)(&self)
}

// Spawn starts a process, and reaps it in the end unless the test does.
func Spawn(t *testing.T, argv ...string) *record.Process {
	t.Helper()
	pid, err := syscall.ForkExec(argv[0], argv, &syscall.ProcAttr{Files: []uintptr{0, 1, 2}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		syscall.Kill(pid, syscall.SIGKILL)
		syscall.Wait4(pid, nil, 0, nil)
	})
	id, err := proc.Identify(pid)
	if err != nil {
		t.Fatal(err)
	}
	return (*record.Process)(&id)
}

// Zombie starts a process and waits for its end without reaping it.
func Zombie(t *testing.T, argv ...string) *record.Process {
	t.Helper()
	p := Spawn(t, argv...)
	fd, err := proc.ExitFD(proc.Identity(*p))
	if err != nil {
		t.Fatal(err)
	}
	AwaitReadable(t, fd)
	return p
}

// AwaitReadable blocks until fd is readable, and closes it.
func AwaitReadable(t *testing.T, fd int) {
	t.Helper()
	defer unix.Close(fd)
	for {
		_, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, -1)
		if err == nil {
			return
		}
		if !errors.Is(err, unix.EINTR) {
			t.Fatal(err)
		}
	}
}

// Supervised makes a task whose lock the test holds, as its shim would.
func Supervised(t testing.TB, h *store.Home, id string, state *record.State) *record.Spec {
	t.Helper()
	spec := Spec(t, id)
	Put(t, h, spec, state)
	if err := h.MarkLive(id); err != nil {
		t.Fatal(err)
	}
	lock := Hold(t, h, id)
	t.Cleanup(func() { lock.Unlock() })
	return spec
}

// Journal appends a line about a state.
func Journal(t testing.TB, h *store.Home, id string, name record.EventName, s *record.State) {
	t.Helper()
	e := &record.Event{Name: name, Time: s.UpdatedAt, TaskID: id, Labels: []byte(`"tags":[],"kind":"command"`), State: s}
	if err := h.Append(e); err != nil {
		t.Fatal(err)
	}
}

// Scheduled is the spec of a task with three attempts.
func Scheduled(t testing.TB, id string) *record.Spec {
	t.Helper()
	s := Spec(t, id)
	s.Schedule = &record.Schedule{Sequence: 1, Program: "/bin/true"}
	s.Retry = record.Retry{MaxAttempts: 3, Backoff: record.DefaultBackoff, NoRetry: []int{2}}
	return s
}

// PutWaiting makes a task as it is while it waits, or is about to be started.
// holder is who had its lock last.
func PutWaiting(t testing.TB, h *store.Home, spec *record.Spec, state *record.State, holder *record.Process) {
	t.Helper()
	d, err := h.WaitingDraft(spec.ID, &store.Waiting{
		Spec: spec.AppendJSON(nil), State: state.AppendJSON(nil), Env: []string{"A=b"},
	}, false)
	if err == nil {
		err = d.Publish()
	}
	if err == nil && holder != nil {
		err = store.WriteHolder(d.Lock().File(), *holder)
	}
	if err == nil {
		err = d.Lock().Unlock()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Self is this process.
func Self(t testing.TB) *record.Process {
	t.Helper()
	id, err := proc.Self()
	if err != nil {
		t.Fatal(err)
	}
	return (*record.Process)(&id)
}

// Progress is a report of 35.5 % with all that there can be.
func Progress() *record.Progress {
	percent := 35.5
	return &record.Progress{Run: 1, Attempt: 1, Percent: &percent, Label: "transcoding", Meta: []byte(`{"frame":1820}`),
		UpdatedAt: Time.Add(time.Minute), HeartbeatAt: Time.Add(2 * time.Minute), Result: []byte("null")}
}

// Step is the n-th step of task "a".
func Step(n int64) *record.Step {
	return &record.Step{Sequence: n, TaskID: "a", Run: 1, Attempt: 1, Kind: "step", Level: "info",
		Message: "message " + strconv.FormatInt(n, 10), CreatedAt: Time}
}
