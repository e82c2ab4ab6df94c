package view

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// testHome makes an empty home.
func testHome(t testing.TB) *store.Home {
	t.Helper()
	h, err := store.Open(filepath.Join(t.TempDir(), "home"))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

var testTime = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func testSpec(t testing.TB, id string) *record.Spec {
	t.Helper()
	self, err := proc.Self()
	if err != nil {
		t.Fatal(err)
	}
	return &record.Spec{ID: id, Run: 1, FirstRun: 1, Name: "name-of-" + id, Command: "make", Args: []string{"test"},
		Workdir: "/src", Kind: record.DefaultKind, Leftovers: record.LeftoversKeep, Signal: record.DefaultSignal,
		KillGraceMs: 5000, CreatedAt: testTime, StartedBy: record.Process(self)}
}

func testState(s record.LifeState) *record.State {
	return &record.State{Run: 1, Attempt: 1, State: s, UpdatedAt: testTime.Add(time.Second)}
}

// put makes a task as its shim would have left it in this state: nil for none.
// The lock is free.
func put(t testing.TB, h *store.Home, spec *record.Spec, state *record.State) {
	t.Helper()
	d, err := h.Draft(spec.ID, spec.AppendJSON(nil), spec.Split)
	if err == nil {
		err = d.Publish()
	}
	if err != nil {
		t.Fatal(err)
	}
	if state != nil {
		write(t, h, spec.ID, store.StateFile, state.AppendJSON(nil))
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

func write(t testing.TB, h *store.Home, id, file string, data []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(h.TaskDir(id), file), data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// hold takes the task's lock, as a shim would.
func hold(t testing.TB, h *store.Home, id string) *store.Lock {
	t.Helper()
	lock, err := store.TryLock(h.TaskDir(id))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { lock.Unlock() })
	return lock
}

func load(t testing.TB, h *store.Home, id string) *Task {
	t.Helper()
	task, err := Load(h, id)
	if err != nil {
		t.Fatalf("Load(%q) = %v", id, err)
	}
	return task
}

// gone is a process that can't be there: one with our pid and another start.
func gone(t testing.TB) *record.Process {
	t.Helper()
	self, err := proc.Self()
	if err != nil {
		t.Fatal(err)
	}
	self.StartTicks++
	return (*record.Process)(&self)
}

// spawn starts a process, and reaps it in the end unless the test does.
func spawn(t *testing.T, argv ...string) *record.Process {
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

// zombie starts a process and waits for its end without reaping it.
func zombie(t *testing.T, argv ...string) *record.Process {
	t.Helper()
	p := spawn(t, argv...)
	fd, err := proc.ExitFD(proc.Identity(*p))
	if err != nil {
		t.Fatal(err)
	}
	awaitReadable(t, fd)
	return p
}
