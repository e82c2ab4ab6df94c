package heal

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"bgtasks/lib/codec"
	"bgtasks/lib/fsys"
	"bgtasks/lib/record"
	"bgtasks/lib/seglog"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
	"bgtasks/test/testhome"
)

// events lists the names of what the journal says of a task.
func events(t testing.TB, h *store.Home, id string) (names []record.EventName) {
	t.Helper()
	r, err := seglog.OpenJournalReader(h.EventsDir(), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for {
		line, _, err := r.Next()
		if errors.Is(err, io.EOF) {
			return names
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, err := codec.ParseEvent(line); err == nil && e.TaskID == id {
			names = append(names, e.Name)
		}
	}
}

// Nobody has to hold the lock of a task that waits.
func TestWaitingTaskIsLeftAlone(t *testing.T) {
	for _, state := range []record.LifeState{record.Queued, record.Retrying} {
		h := testhome.New(t)
		testhome.PutWaiting(t, h, testhome.Scheduled(t, "web"), testhome.State(state), testhome.Gone(t))
		before, _ := os.ReadFile(filepath.Join(h.TaskDir("web"), store.StateFile))
		task := load(t, h, "web")
		after, _ := os.ReadFile(filepath.Join(h.TaskDir("web"), store.StateFile))
		if task.State != state || task.Status != record.StatusQueued || task.Supervisor != view.SupervisorNone || string(before) != string(after) {
			t.Errorf("Load of a %s task = %s, %s, supervisor %s, want it as it was", state, task.State, task.Status, task.Supervisor)
		}
	}
}

// A stop that was left beside a task that waits is carried out by the next look.
func TestStopOfWaitingTask(t *testing.T) {
	for _, cause := range []record.Reason{record.Stopped, record.Superseded} {
		h := testhome.New(t)
		testhome.PutWaiting(t, h, testhome.Scheduled(t, "web"), testhome.State(record.Queued), nil)
		stop := &record.Stop{RequestedAt: testhome.Time, By: "bg-stop", Signal: "TERM", Cause: cause}
		testhome.Write(t, h, "web", store.StopFile, stop.AppendJSON(nil))
		task := load(t, h, "web")
		if task.State != record.Cancelled || task.Reason != cause || task.Stop == nil {
			t.Errorf("Load = %s, %s, stop %v, want cancelled, %s", task.State, task.Reason, task.Stop, cause)
		}
		checkTidy(t, h, "web")
		if fsys.Exists(filepath.Join(h.TaskDir("web"), store.EnvFile)) {
			t.Error("the environment is kept, want it removed")
		}
		if got, want := events(t, h, "web"), record.EndEvent(task.Current); len(got) != 1 || got[0] != want {
			t.Errorf("events = %v, want %s", got, want)
		}
	}
}

// What was killed between the claim and the supervisor's first word decides what
// becomes of the attempt.
func TestClaimedTask(t *testing.T) {
	claimed := func(attempt int) *record.State {
		s := testhome.State(record.Claimed)
		s.Attempt, s.ClaimedBy = attempt, testhome.Self(t)
		return s
	}
	for name, c := range map[string]struct {
		state  *record.State
		holder *record.Process
		want   record.State
		events []record.EventName
	}{
		"the dispatcher": {claimed(2), testhome.Self(t), record.State{State: record.Queued, Attempt: 2}, []record.EventName{record.EventEnqueued}},
		"the supervisor": {claimed(2), testhome.Gone(t), record.State{State: record.Retrying, Attempt: 2, Reason: record.Lost}, []record.EventName{record.EventRetried}},
		"the last one's": {claimed(3), testhome.Gone(t), record.State{State: record.Failed, Attempt: 3, Reason: record.Lost}, []record.EventName{record.EventFailed}},
	} {
		t.Run(name, func(t *testing.T) {
			h := testhome.New(t)
			testhome.PutWaiting(t, h, testhome.Scheduled(t, "web"), c.state, c.holder)
			if err := store.MakeFIFOs(h.TaskDir("web"), false); err != nil {
				t.Fatal(err)
			}
			got := load(t, h, "web").Current
			if got.State != c.want.State || got.Attempt != c.want.Attempt || got.Reason != c.want.Reason || got.ClaimedBy != nil {
				t.Errorf("state = %s, want %s", got.AppendJSON(nil), c.want.AppendJSON(nil))
			}
			if list := events(t, h, "web"); !slices.Equal(list, c.events) {
				t.Errorf("events = %v, want %v", list, c.events)
			}
			env, err := store.ReadEnv(h.TaskDir("web"))
			if kept := err == nil; kept == got.State.Terminal() || kept && !slices.Equal(env, []string{"A=b"}) {
				t.Errorf("environment of a %s task = %v, %v", got.State, env, err)
			}
			if fsys.Exists(filepath.Join(h.TaskDir("web"), store.OutFIFO)) || h.MarkedLive("web") == got.State.Terminal() {
				t.Error("the FIFOs or the marker are not as they should be")
			}
		})
	}
}

// An attempt that was lost is followed by another, if one is left and its end was
// not asked for.
func TestLostAttemptIsRetried(t *testing.T) {
	code := func(n int) string { return "exit " + string(rune('0'+n)) }
	stop := &record.Stop{RequestedAt: testhome.Time, By: "bg-stop", Signal: "TERM", Cause: record.Stopped}
	for name, c := range map[string]struct {
		leader  *record.Process
		attempt int
		begun   record.Reason
		stop    *record.Stop
		want    record.LifeState
		reason  record.Reason
	}{
		"lost":               {testhome.Gone(t), 1, "", nil, record.Retrying, record.Lost},
		"lost, the last":     {testhome.Gone(t), 3, "", nil, record.Failed, record.Lost},
		"reboot":             {&record.Process{BootID: "another", PID: 1, StartTicks: 1}, 1, "", nil, record.Retrying, record.LostReboot},
		"lost while stopped": {testhome.Gone(t), 1, "", stop, record.Failed, record.Lost},
		"lost, out of time":  {testhome.Gone(t), 1, record.TimeLimit, nil, record.Failed, record.Lost},
		"failed":             {testhome.Zombie(t, "/bin/sh", "-c", code(3)), 2, "", nil, record.Retrying, record.SelfExit},
		"failed for good":    {testhome.Zombie(t, "/bin/sh", "-c", code(2)), 1, "", nil, record.Failed, record.SelfExit},
		"succeeded":          {testhome.Zombie(t, "/bin/sh", "-c", code(0)), 1, "", nil, record.Succeeded, record.SelfExit},
	} {
		t.Run(name, func(t *testing.T) {
			h := testhome.New(t)
			state := testhome.State(record.Running)
			state.Attempt, state.Leader, state.Shim, state.Reason, state.Stop = c.attempt, c.leader, testhome.Self(t), c.begun, c.stop
			testhome.Put(t, h, testhome.Scheduled(t, "web"), state)
			now := time.Now()
			task := load(t, h, "web")
			got := task.Current
			if got.State != c.want || got.Reason != c.reason || got.Attempt != c.attempt {
				t.Fatalf("state = %s, want %s, %s", got.AppendJSON(nil), c.want, c.reason)
			}
			if got.State != record.Retrying {
				return
			}
			if due := got.RetryAt.Sub(now); due < time.Second-time.Millisecond || got.RetryDueBootMs == 0 {
				t.Errorf("due in %v, %d ms after the boot, want a second at least, and a time", due, got.RetryDueBootMs)
			}
			if task.Supervisor != view.SupervisorNone || task.Status != record.StatusQueued || !h.MarkedLive("web") {
				t.Errorf("Load = %s, supervisor %s, want a queued task", task.Status, task.Supervisor)
			}
			if list := events(t, h, "web"); list[len(list)-1] != record.EventRetried {
				t.Errorf("events = %v, want retried", list)
			}
		})
	}
}

// The steps after a recorded retry can be cut short, and are done again.
func TestHealFinishesTheRetry(t *testing.T) {
	for name, said := range map[string]bool{"before the journal": false, "after the journal": true} {
		t.Run(name, func(t *testing.T) {
			h, spec, state := testhome.New(t), testhome.Scheduled(t, "web"), testhome.State(record.Retrying)
			testhome.Put(t, h, spec, state)
			if said {
				if err := h.Append(&record.Event{Name: record.EventRetried, Time: testhome.Time, TaskID: "web", State: state}); err != nil {
					t.Fatal(err)
				}
			}
			for range 2 {
				load(t, h, "web")
			}
			if list := events(t, h, "web"); !slices.Equal(list, []record.EventName{record.EventRetried}) {
				t.Errorf("events = %v, want one retried", list)
			}
			if _, err := os.Lstat(filepath.Join(h.TaskDir("web"), store.OutFIFO)); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("the FIFO is there: %v", err)
			}
		})
	}
}

// Who takes the lock of a task that waits, and finds it healed, may have kept a
// dispatch from it: there is another.
func TestHealInVainDispatches(t *testing.T) {
	h := testhome.New(t)
	testhome.PutWaiting(t, h, testhome.Scheduled(t, "web"), testhome.State(record.Queued), nil)
	err := os.MkdirAll(h.QueueDir(), 0o700)
	if err == nil {
		err = os.WriteFile(filepath.Join(h.QueueDir(), store.WaitingFile), nil, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	dispatched := dispatcher(t, h)
	if err := (healer{view.NewReader(h)}).heal(&patient{Snapshot: &view.Snapshot{ID: "web"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := dispatched.Read(make([]byte, 1)); err != nil {
		t.Errorf("no dispatch: %v", err)
	}
}

// dispatcher puts a program in the dispatcher's place that writes to a FIFO.
func dispatcher(t *testing.T, h *store.Home) *os.File {
	t.Helper()
	path := filepath.Join(h.Path(), "dispatched")
	self, err := os.Executable()
	if err == nil {
		err = unix.Mkfifo(path, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	fifo, err := os.OpenFile(path, os.O_RDWR, 0)
	if err == nil {
		t.Cleanup(func() { fifo.Close() })
		err = fifo.SetReadDeadline(time.Now().Add(10 * time.Second))
	}
	program := filepath.Join(filepath.Dir(self), record.DispatcherName)
	if err == nil {
		t.Cleanup(func() { os.Remove(program) })
		err = os.WriteFile(program, []byte("#!/bin/sh\necho >\"$1/dispatched\"\n"), 0o700)
	}
	if err != nil {
		t.Fatal(err)
	}
	return fifo
}
