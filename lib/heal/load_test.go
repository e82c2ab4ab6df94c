package heal

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/seglog"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
	"bgtasks/test/testhome"
)

func TestLoadGivesTheTaskObject(t *testing.T) {
	h, spec, state := testhome.New(t), testhome.Spec(t, "web"), testhome.State(record.Failed)
	code := 3
	spec.Run, spec.EnvNames, spec.Tags, spec.Metadata = 2, []string{"SECRET"}, []string{"a"}, []byte(`{"k":1}`)
	state.Run, state.Reason, state.ExitCode, state.Leader = 2, record.SelfExit, &code, testhome.Gone(t)
	state.Containment, state.StartedAt, state.ExitedAt = "subreaper", testhome.Time, testhome.Time
	state.Usage = &record.Usage{UserMs: 1, SystemMs: 2, MaxRSSKB: 3}
	state.Leader.PID = 4242
	testhome.Put(t, h, spec, state)
	testhome.Write(t, h, "web", "output.log", []byte("hello\n"))
	got, err := json.MarshalIndent(load(t, h, "web"), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	want := `{
 "id": "web",
 "name": "name-of-web",
 "command": "make",
 "args": [
  "test"
 ],
 "workdir": "/src",
 "tags": [
  "a"
 ],
 "kind": "command",
 "env": {
  "SECRET": "[redacted]"
 },
 "notifyOnExit": false,
 "metadata": {
  "k": 1
 },
 "channels": [
  "task:web",
  "kind:command",
  "tag:a"
 ],
 "priority": 0,
 "status": "exited",
 "state": "failed",
 "exitCode": 3,
 "signal": null,
 "reason": "self-exit",
 "run": 2,
 "attempt": 1,
 "maxAttempts": 1,
 "restartCount": 1,
 "pid": 4242,
 "supervisor": "none",
 "containment": "subreaper",
 "leftovers": 0,
 "createdAt": "2026-03-01T12:00:00.000Z",
 "startedAt": "2026-03-01T12:00:00.000Z",
 "exitedAt": "2026-03-01T12:00:00.000Z",
 "updatedAt": "2026-03-01T12:00:01.000Z",
 "killGraceMs": 5000,
 "stopSignal": "TERM",
 "leftoversPolicy": "keep",
 "usage": {
  "userMs": 1,
  "systemMs": 2,
  "maxRssKb": 3
 },
 "logPath": "` + filepath.Join(h.TaskDir("web"), "output.log") + `",
 "logMaxBytes": 0,
 "logBytes": 6,
 "logDroppedBytes": 0,
 "progress": {
  "state": "failed",
  "percent": null,
  "label": null,
  "meta": null,
  "startedAt": "2026-03-01T12:00:00.000Z",
  "updatedAt": "2026-03-01T12:00:01.000Z",
  "finishedAt": "2026-03-01T12:00:00.000Z",
  "retryScheduledAt": null,
  "staleAt": null,
  "staleReason": null,
  "lastHeartbeatAt": null
 }
}`
	if string(got) != want {
		t.Errorf("Load = %s, want %s", got, want)
	}
}

// Lists and env are never null, and a first run has nothing yet.
func TestLoadOfAClaimedTask(t *testing.T) {
	h, spec := testhome.New(t), testhome.Spec(t, "web")
	spec.Args = nil
	testhome.Put(t, h, spec, nil)
	testhome.Hold(t, h, "web")
	task := load(t, h, "web")
	if task.State != record.Claimed || task.Status != record.StatusStarting || !task.Supervised() || task.Current != nil {
		t.Errorf("Load = %s, %s, %s, want claimed, starting, alive", task.State, task.Status, task.Supervisor)
	}
	if out, err := json.Marshal(task); err != nil || strings.Contains(string(out), "null,") && !strings.Contains(string(out), `"exitCode":null,"signal":null`) ||
		!strings.Contains(string(out), `"args":[]`) || !strings.Contains(string(out), `"env":{}`) {
		t.Errorf("json = %s, %v, want empty lists and an empty env", out, err)
	}
}

// A new spec beside the old state is a run that has not been heard of yet.
func TestLoadOfARestart(t *testing.T) {
	h, spec, state := testhome.New(t), testhome.Spec(t, "web"), testhome.State(record.Succeeded)
	testhome.Put(t, h, spec, state)
	spec.Run = 2
	testhome.Write(t, h, "web", store.SpecFile, spec.AppendJSON(nil))
	lock := testhome.Hold(t, h, "web")
	if task := load(t, h, "web"); task.State != record.Claimed || task.Run != 2 || task.RestartCount != 1 || task.ExitCode != nil {
		t.Errorf("Load = %s, run %d, want claimed, run 2", task.State, task.Run)
	}
	lock.Unlock()
	if task := load(t, h, "web"); task.Reason != record.Lost || task.Run != 2 {
		t.Errorf("Load = %s, run %d, want lost, run 2", task.Reason, task.Run)
	}
}

func TestLoadShowsAPendingStop(t *testing.T) {
	h := testhome.New(t)
	testhome.Put(t, h, testhome.Spec(t, "web"), testhome.State(record.Running))
	testhome.Hold(t, h, "web")
	stop := &record.Stop{RequestedAt: testhome.Time, By: "bg-stop", Signal: "TERM", Reason: "enough"}
	testhome.Write(t, h, "web", store.StopFile, stop.AppendJSON(nil))
	if got := load(t, h, "web").Stop; got == nil || got.By != "bg-stop" || got.Reason != "enough" {
		t.Errorf("stop = %+v, want that of stop.json", got)
	}
	testhome.Write(t, h, "web", store.StopFile, []byte("garbage"))
	if task := load(t, h, "web"); task.Stop != nil || task.Unreadable != nil {
		t.Errorf("stop = %+v, unreadable %v, want a broken stop.json passed over", task.Stop, task.Unreadable)
	}
}

func TestLoadOfNoTask(t *testing.T) {
	h := testhome.New(t)
	testhome.Put(t, h, testhome.Spec(t, "web"), testhome.State(record.Succeeded))
	for word, Hint := range map[string]string{"wbe": "web", "../web": "", "": "", "entirely-different": ""} {
		_, err := Load(h, word)
		var missing *view.NotFoundError
		if !errors.As(err, &missing) || strings.Join(missing.Close, " ") != Hint {
			t.Errorf("Load(%q) = %v, want not found with the Hint %q", word, err, Hint)
		}
	}
}

func TestLogSizesCountGaps(t *testing.T) {
	h, spec := testhome.New(t), testhome.Spec(t, "web")
	testhome.Put(t, h, spec, testhome.State(record.Succeeded))
	log, err := seglog.Open(seglog.Options{Dir: h.TaskDir("web"), Stem: store.OutputStem, Max: 64 << 10, Replace: store.Replace})
	if err != nil {
		t.Fatal(err)
	}
	const written = 1 << 20
	for range written / 4096 {
		log.Write(make([]byte, 4096))
	}
	log.Close()
	task := load(t, h, "web")
	if task.LogBytes+task.LogDroppedBytes != written || task.LogDroppedBytes == 0 || task.LogBytes > 72<<10 {
		t.Errorf("log bytes %d, dropped %d, want %d in all and the cap kept", task.LogBytes, task.LogDroppedBytes, written)
	}
}

// What lives of the tree is counted now, not when it was recorded.
func TestLeftoversOfALiveShim(t *testing.T) {
	h, state := testhome.New(t), testhome.State(record.Succeeded)
	self, err := proc.Self()
	if err != nil {
		t.Fatal(err)
	}
	state.Shim, state.Leftovers = (*record.Process)(&self), 7
	testhome.Put(t, h, testhome.Spec(t, "web"), state)
	lock := testhome.Hold(t, h, "web")
	before := load(t, h, "web").Leftovers
	testhome.Spawn(t, "/bin/cat", blockingFIFO(t))
	testhome.Zombie(t, "/bin/true")
	if got := load(t, h, "web"); got.Leftovers != before+1 || !got.Supervised() {
		t.Errorf("leftovers = %d, %s, want %d and alive", got.Leftovers, got.Supervisor, before+1)
	}
	lock.Unlock()
	if got := load(t, h, "web"); got.Leftovers != 0 || got.Supervised() {
		t.Errorf("leftovers = %d, %s, want 0 and none", got.Leftovers, got.Supervisor)
	}
}

func TestShowEnv(t *testing.T) {
	h, spec, state := testhome.New(t), testhome.Spec(t, "web"), testhome.State(record.Running)
	t.Setenv("BG_TEST_SECRET", "geheim")
	spec.EnvNames = []string{"BG_TEST_SECRET"}
	pid, err := syscall.ForkExec("/bin/cat", []string{"cat", blockingFIFO(t)}, &syscall.ProcAttr{Env: os.Environ(), Files: []uintptr{0, 1, 2}})
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Wait4(pid, nil, 0, nil)
	defer syscall.Kill(pid, syscall.SIGKILL)
	id, err := proc.Identify(pid)
	if err != nil {
		t.Fatal(err)
	}
	state.Leader = (*record.Process)(&id)
	testhome.Put(t, h, spec, state)
	task := load(t, h, "web")
	if task.Env["BG_TEST_SECRET"] != view.Redacted {
		t.Errorf("env = %v, want %s", task.Env, view.Redacted)
	}
	if err := view.ShowEnv(task); err != nil || task.Env["BG_TEST_SECRET"] != "geheim" {
		t.Errorf("ShowEnv = %v, env %v, want the value", err, task.Env)
	}
	task.Current.Leader = testhome.Gone(t)
	if err := view.ShowEnv(task); !errors.Is(err, proc.ErrGone) {
		t.Errorf("ShowEnv of a gone leader = %v, want ErrGone", err)
	}
}

// A shim that has nothing left to supervise may hold its lock for a moment: who
// asks in that moment is told the same as who asks after it.
func TestSupervisorOfAFinishedTree(t *testing.T) {
	h, state := testhome.New(t), testhome.State(record.Succeeded)
	state.Shim = testhome.Spawn(t, "/bin/cat", blockingFIFO(t))
	testhome.Put(t, h, testhome.Spec(t, "web"), state)
	lock := testhome.Hold(t, h, "web")
	if got := load(t, h, "web"); got.Supervisor != view.SupervisorNone || !got.Supervised() {
		t.Errorf("under the lock: supervisor = %s, supervised = %v, want none, true", got.Supervisor, got.Supervised())
	}
	lock.Unlock()
	if got := load(t, h, "web"); got.Supervisor != view.SupervisorNone || got.Supervised() {
		t.Errorf("without it: supervisor = %s, supervised = %v, want none, false", got.Supervisor, got.Supervised())
	}
}

// The age is that of the run, not of the task.
func TestAgeIsOfTheRun(t *testing.T) {
	task := &view.Task{CreatedAt: view.TimeOf(testhome.Time)}
	if got := task.Age(testhome.Time.Add(time.Hour)); got != time.Hour {
		t.Errorf("age before the first state = %v, want 1h", got)
	}
	task.StartedAt = view.TimeOf(testhome.Time.Add(59 * time.Minute))
	if got := task.Age(testhome.Time.Add(time.Hour)); got != time.Minute {
		t.Errorf("age after a restart = %v, want 1m", got)
	}
}

// A name is no id, but its task is what was meant.
func TestNotFoundKnowsIDs(t *testing.T) {
	h := testhome.New(t)
	spec := testhome.Spec(t, "solo")
	spec.Name = "solon"
	testhome.Put(t, h, spec, testhome.State(record.Succeeded))
	for word, want := range map[string]string{"solon": "solo|solo|solon", "sola": "|solo|solo", "other": "||"} {
		_, err := Load(h, word)
		var missing *view.NotFoundError
		if !errors.As(err, &missing) {
			t.Fatalf("Load(%q) = %v, want not found", word, err)
		}
		got := strings.Join(missing.Named, " ") + "|" + strings.Join(missing.CloseIDs, " ") + "|" + strings.Join(missing.Close, " ")
		if got != want {
			t.Errorf("Load(%q): named|ids|close = %s, want %s", word, got, want)
		}
	}
}

func load(t testing.TB, h *store.Home, id string) *view.Task {
	t.Helper()
	task, err := Load(h, id)
	if err != nil {
		t.Fatalf("Load(%q) = %v", id, err)
	}
	return task
}
