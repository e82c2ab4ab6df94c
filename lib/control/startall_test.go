package control

import (
	"path/filepath"
	"testing"
	"time"

	"bgtasks/lib/heal"
	"bgtasks/lib/launch"
	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/sched"
	"bgtasks/lib/store"
)

// queued is a home with a task that waits in a paused queue.
func queued(t *testing.T, id string) *store.Home {
	t.Helper()
	h, err := store.Open(t.TempDir())
	must(t, err)
	must(t, sched.Pause(h, []string{"q"}))
	results, err := sched.Enqueue(h, []*sched.Request{{
		Request: launch.Request{Spec: record.Spec{ID: id, Name: "true", Command: "true", Workdir: "/", Kind: "command",
			Signal: "TERM", Leftovers: "keep", Retry: record.Retry{MaxAttempts: 1}}, Env: []string{"PATH=/bin:/usr/bin"}},
		Queue: "q",
	}})
	must(t, err)
	must(t, results[0].Err)
	return h
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// become writes another state of the task's run.
func become(t *testing.T, h *store.Home, id string, state record.LifeState, shim *record.Process) {
	t.Helper()
	s := &record.State{Run: 1, Attempt: 1, State: state, Shim: shim, Leader: shim, UpdatedAt: time.Now()}
	must(t, store.Replace(filepath.Join(h.TaskDir(id), store.StateFile), s.AppendJSON(nil)))
}

// earlier is a process of another boot of the system.
var earlier = &record.Process{BootID: "00000000-0000-0000-0000-000000000000", PID: 2, StartTicks: 1}

// An answer of the scheduler holds if its task is open when it was healed.
func TestAnswered(t *testing.T) {
	reused := sched.Result{ID: "x", Disposition: sched.Reused, Doubtful: true}
	taken := sched.Result{Err: &launch.ExistsError{ID: "x"}}
	for name, c := range map[string]struct {
		state  record.LifeState
		result sched.Result
		ensure bool
		holds  bool
		want   sched.Disposition
	}{
		"reused and waits":                     {record.Queued, reused, false, true, sched.Reused},
		"reused, but lost with the last boot":  {record.Running, reused, false, false, ""},
		"ensured and waits":                    {record.Queued, taken, true, true, sched.Reused},
		"ensured, but has just ended":          {record.Succeeded, taken, true, false, ""},
		"ensured, but lost with the last boot": {record.Running, taken, true, false, ""},
		"not ensured":                          {record.Succeeded, taken, false, true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			h := queued(t, "x")
			if c.state != record.Queued {
				become(t, h, "x", c.state, earlier)
			}
			r := &sched.Request{Request: launch.Request{Spec: *spec(t, h, "x")}, Queue: "q", Ensure: c.ensure}
			got := c.result
			if holds := answered(t.Context(), h, r, &got); holds != c.holds || holds && got.Disposition != c.want {
				t.Errorf("answered = %t with %+v, want %t, %q", holds, got, c.holds, c.want)
			}
		})
	}
}

func spec(t *testing.T, h *store.Home, id string) *record.Spec {
	t.Helper()
	task, err := heal.Load(h, id)
	must(t, err)
	return task.Spec
}

// Someone has the lock of a task that is recorded to run: the supervisor that says so,
// or one who finds out that it is gone.
func TestBeingHealed(t *testing.T) {
	self, err := proc.Self()
	must(t, err)
	h := queued(t, "x")
	lock, err := store.TryLock(h.TaskDir("x"))
	must(t, err)
	defer lock.Unlock()
	for name, c := range map[string]struct {
		state record.LifeState
		shim  *record.Process
		want  bool
	}{
		"by its supervisor":       {record.Running, (*record.Process)(&self), false},
		"its supervisor is gone":  {record.Running, earlier, true},
		"it waits for a retry":    {record.Retrying, earlier, false},
		"it is over":              {record.Succeeded, earlier, false},
		"nobody said that it ran": {record.Claimed, nil, false},
	} {
		become(t, h, "x", c.state, c.shim)
		task, err := heal.Load(h, "x")
		must(t, err)
		if got := beingHealed(task); got != c.want {
			t.Errorf("%s: beingHealed = %t, want %t", name, got, c.want)
		}
	}
}
