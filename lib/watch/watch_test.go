package watch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
)

var testTime = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func testHome(t *testing.T) *store.Home {
	t.Helper()
	h, err := store.Open(filepath.Join(t.TempDir(), "home"))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func testSpec(t *testing.T, id string) *record.Spec {
	t.Helper()
	self, err := proc.Self()
	if err != nil {
		t.Fatal(err)
	}
	return &record.Spec{ID: id, Run: 1, FirstRun: 1, Name: id, Command: "make", Kind: record.DefaultKind,
		CreatedAt: testTime, StartedBy: record.Process(self)}
}

// start makes a running task. The caller is its shim: it holds the lock.
func start(t *testing.T, h *store.Home, id string, change func(*record.State)) *store.Lock {
	t.Helper()
	d, err := h.Draft(id, testSpec(t, id).AppendJSON(nil), false)
	if err == nil {
		err = d.Publish()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Lock().Unlock() })
	state := &record.State{Run: 1, Attempt: 1, State: record.Running, UpdatedAt: testTime}
	if change != nil {
		change(state)
	}
	writeState(t, h, id, state)
	return d.Lock()
}

func writeState(t *testing.T, h *store.Home, id string, state *record.State) {
	t.Helper()
	if err := store.Replace(filepath.Join(h.TaskDir(id), store.StateFile), state.AppendJSON(nil)); err != nil {
		t.Fatal(err)
	}
}

// end does what a shim does at the end of a run.
func end(t *testing.T, h *store.Home, id string) {
	t.Helper()
	code := 0
	writeState(t, h, id, &record.State{Run: 1, Attempt: 1, State: record.Succeeded, Reason: record.SelfExit,
		ExitCode: &code, UpdatedAt: testTime})
	if err := h.UnmarkLive(id); err != nil {
		t.Fatal(err)
	}
	store.Ring(filepath.Join(h.TaskDir(id), store.BellsDir), store.BellChange)
}

// child runs a process that lives until it is killed, with extra descriptors.
func child(t *testing.T, extra ...uintptr) proc.Identity {
	t.Helper()
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	pid, err := syscall.ForkExec("/bin/cat", []string{"cat", fifo},
		&syscall.ProcAttr{Files: append([]uintptr{0, 1, 2}, extra...)})
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
	return id
}

// waiter is an Until in a goroutine of its own. Each look is announced, so that
// a test can act when it knows that the waiter has subscribed and looked.
type waiter struct {
	looked chan *view.Task
	result chan error
	tasks  []*view.Task
}

func wait(ctx context.Context, h *store.Home, deadline time.Time, any bool, ids ...string) *waiter {
	w := &waiter{looked: make(chan *view.Task, 4096), result: make(chan error, 1)}
	go func() {
		var err error
		w.tasks, err = Until(ctx, h, ids, deadline, func(t *view.Task) bool {
			w.looked <- t
			return t.Terminal()
		}, any)
		w.result <- err
	}()
	return w
}

func bells(t *testing.T, h *store.Home, id string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(h.TaskDir(id), store.BellsDir))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestUntilTheEnd(t *testing.T) {
	h := testHome(t)
	start(t, h, "web", nil)
	w := wait(t.Context(), h, time.Time{}, false, "web", "web")
	if task := <-w.looked; task.State != record.Running {
		t.Errorf("first look = %s, want running", task.State)
	}
	end(t, h, "web")
	if err := <-w.result; err != nil || len(w.tasks) != 2 || w.tasks[1].State != record.Succeeded {
		t.Errorf("Until = %v, %v, want the ended task", w.tasks, err)
	}
	if n := len(w.looked); n != 1 {
		t.Errorf("%d looks after the first, want 1: one change, one look", n)
	}
	if names := bells(t, h, "web"); len(names) != 0 {
		t.Errorf("bells = %v, want them taken down", names)
	}
}

func TestUntilOfAnEndedTask(t *testing.T) {
	h := testHome(t)
	start(t, h, "web", nil)
	end(t, h, "web")
	w := wait(t.Context(), h, time.Time{}, false, "web")
	if err := <-w.result; err != nil {
		t.Errorf("Until = %v, want nil at once", err)
	}
}

// A change between the first look and the sleep is not missed.
func TestNothingMissedBeforeTheSleep(t *testing.T) {
	h := testHome(t)
	start(t, h, "web", nil)
	looks := 0
	_, err := Until(t.Context(), h, []string{"web"}, time.Time{}, func(task *view.Task) bool {
		if looks++; looks == 1 {
			end(t, h, "web")
			return false
		}
		return task.Terminal()
	}, false)
	if err != nil || looks != 2 {
		t.Errorf("Until = %v after %d looks, want 2", err, looks)
	}
}

// A shim that is killed rings nothing, and its waiter wakes.
func TestWaiterOutlivesTheShim(t *testing.T) {
	h := testHome(t)
	var shim proc.Identity
	lock := start(t, h, "web", nil)
	shim = child(t, lock.File().Fd())
	gone := record.Process(shim)
	gone.StartTicks++
	writeState(t, h, "web", &record.State{Run: 1, Attempt: 1, State: record.Running, UpdatedAt: testTime,
		Shim: (*record.Process)(&shim), Leader: &gone})
	lock.Unlock()
	w := wait(t.Context(), h, time.Time{}, false, "web")
	if task := <-w.looked; !task.Supervised() {
		t.Errorf("supervisor = %s, want alive", task.Supervisor)
	}
	if err := shim.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := <-w.result; err != nil || w.tasks[0].Reason != record.Lost {
		t.Errorf("Until = %v, %v, want lost", w.tasks, err)
	}
}

// Without a shim the leader itself is minded, and its status is exact.
func TestWaiterMindsTheLeader(t *testing.T) {
	h := testHome(t)
	leader := child(t)
	lock := start(t, h, "web", func(s *record.State) { s.Leader = (*record.Process)(&leader) })
	lock.Unlock()
	w := wait(t.Context(), h, time.Time{}, false, "web")
	if task := <-w.looked; task.Supervisor != view.SupervisorLost {
		t.Errorf("supervisor = %s, want lost", task.Supervisor)
	}
	if err := leader.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := <-w.result; err != nil || w.tasks[0].Signal == nil || *w.tasks[0].Signal != "KILL" {
		t.Errorf("Until = %+v, %v, want the signal KILL", w.tasks, err)
	}
}

func TestUntilTimesOut(t *testing.T) {
	h := testHome(t)
	start(t, h, "web", nil)
	begin := time.Now()
	w := wait(t.Context(), h, begin.Add(20*time.Millisecond), false, "web")
	err := <-w.result
	if took := time.Since(begin); !errors.Is(err, ErrTimeout) || took < 20*time.Millisecond {
		t.Errorf("Until = %v after %v, want ErrTimeout after 20ms", err, took)
	}
	if len(w.tasks) != 1 || w.tasks[0].State != record.Running {
		t.Errorf("tasks = %v, want what is known", w.tasks)
	}
}

func TestUntilIsCancelled(t *testing.T) {
	h := testHome(t)
	start(t, h, "web", nil)
	ctx, cancel := context.WithCancel(t.Context())
	w := wait(ctx, h, time.Time{}, false, "web")
	<-w.looked
	cancel()
	if err := <-w.result; !errors.Is(err, context.Canceled) || len(w.tasks) != 1 {
		t.Errorf("Until = %v, %v, want cancelled and what is known", w.tasks, err)
	}
}

func TestUntilAny(t *testing.T) {
	h := testHome(t)
	for _, id := range []string{"a", "b"} {
		start(t, h, id, nil)
	}
	w := wait(t.Context(), h, time.Time{}, true, "a", "b")
	<-w.looked
	<-w.looked
	end(t, h, "b")
	if err := <-w.result; err != nil || w.tasks[0].Terminal() || !w.tasks[1].Terminal() {
		t.Errorf("Until(any) = %v, %v, want b ended and a not", w.tasks, err)
	}
}

func TestUntilWithoutTasks(t *testing.T) {
	for _, any := range []bool{false, true} {
		if got, err := Until(t.Context(), testHome(t), nil, time.Time{}, nil, any); err != nil || len(got) != 0 {
			t.Errorf("Until(nothing, any=%v) = %v, %v, want nothing", any, got, err)
		}
	}
}

func TestUntilOfAVanishingTask(t *testing.T) {
	h := testHome(t)
	var missing *view.NotFoundError
	if _, err := Until(t.Context(), h, []string{"web"}, time.Time{}, nil, false); !errors.As(err, &missing) {
		t.Errorf("Until(no task) = %v, want NotFoundError", err)
	}
	start(t, h, "web", nil)
	w := wait(t.Context(), h, time.Time{}, false, "web")
	<-w.looked
	ropes, _ := store.OpenBells(filepath.Join(h.TaskDir("web"), store.BellsDir), store.BellChange)
	if err := h.Remove("web"); err != nil {
		t.Fatal(err)
	}
	for _, rope := range ropes {
		rope.Pull()
		rope.Close()
	}
	if err := <-w.result; !errors.As(err, &missing) || missing.ID != "web" {
		t.Errorf("Until(removed) = %v, want NotFoundError", err)
	}
}

// 1,000 waiters on one task.
func TestManyWaiters(t *testing.T) {
	h := testHome(t)
	start(t, h, "web", nil)
	const n = 1000
	var looked, done sync.WaitGroup
	looked.Add(n)
	for range n {
		done.Go(func() {
			first := sync.OnceFunc(looked.Done)
			_, err := Until(t.Context(), h, []string{"web"}, time.Time{}, func(task *view.Task) bool {
				first()
				return task.Terminal()
			}, false)
			if err != nil {
				t.Errorf("Until = %v", err)
			}
		})
	}
	looked.Wait()
	end(t, h, "web")
	done.Wait()
}

// One waiter on 1,000 tasks.
func TestManyTasks(t *testing.T) {
	h := testHome(t)
	var ids []string
	for i := range 1000 {
		ids = append(ids, fmt.Sprintf("t%d", i))
		start(t, h, ids[i], nil)
	}
	w := wait(t.Context(), h, time.Time{}, false, ids...)
	for range ids {
		<-w.looked
	}
	for _, id := range ids {
		end(t, h, id)
	}
	if err := <-w.result; err != nil || slices.ContainsFunc(w.tasks, func(t *view.Task) bool { return !t.Terminal() }) {
		t.Errorf("Until(1000 tasks) = %v, want all ended", err)
	}
}
