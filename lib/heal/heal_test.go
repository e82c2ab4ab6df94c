package heal

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"syscall"
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

// ends lists the end events of a task in the journal.
func ends(t *testing.T, h *store.Home, id string) (list []*codec.Event) {
	t.Helper()
	r, err := seglog.OpenJournalReader(h.EventsDir(), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for {
		line, _, err := r.Next()
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		e, err := codec.ParseEvent(line)
		if err != nil {
			t.Fatalf("ParseEvent(%s) = %v", line, err)
		}
		if e.TaskID == id && e.State.State.Terminal() {
			list = append(list, e)
		}
	}
}

// checkTidy checks that nothing of an open run is left.
func checkTidy(t *testing.T, h *store.Home, id string) {
	t.Helper()
	dir := h.TaskDir(id)
	for _, path := range []string{filepath.Join(h.LiveDir(), id), filepath.Join(dir, store.StopFile),
		filepath.Join(dir, store.OutFIFO), filepath.Join(dir, store.CtlFIFO)} {
		if fsys.Exists(path) {
			t.Errorf("%s is there, want it gone", path)
		}
	}
	if held, err := store.LockHeld(dir); held || err != nil {
		t.Errorf("LockHeld = %v, %v, want a free lock", held, err)
	}
}

// P3: what each kind of dead supervisor leaves behind.
func TestHealRecordsTheEnd(t *testing.T) {
	stop := &record.Stop{RequestedAt: testhome.Time, By: "bg-stop", Signal: "TERM", Reason: "enough", Cause: record.Stopped}
	code := func(n int) *int { return &n }
	signal := func(s string) *string { return &s }
	for name, c := range map[string]struct {
		leader *record.Process
		stop   *record.Stop
		want   record.State
	}{
		"leader gone":        {testhome.Gone(t), nil, record.State{State: record.Failed, Reason: record.Lost}},
		"gone after stop":    {testhome.Gone(t), stop, record.State{State: record.Failed, Reason: record.Lost, Stop: stop}},
		"other boot":         {&record.Process{BootID: "another", PID: os.Getpid(), StartTicks: 1}, nil, record.State{State: record.Failed, Reason: record.LostReboot}},
		"zombie, code 0":     {testhome.Zombie(t, "/bin/sh", "-c", "exit 0"), nil, record.State{State: record.Succeeded, Reason: record.SelfExit, ExitCode: code(0)}},
		"zombie, code 3":     {testhome.Zombie(t, "/bin/sh", "-c", "exit 3"), nil, record.State{State: record.Failed, Reason: record.SelfExit, ExitCode: code(3)}},
		"zombie, good 200":   {testhome.Zombie(t, "/bin/sh", "-c", "exit 200"), nil, record.State{State: record.Succeeded, Reason: record.SelfExit, ExitCode: code(200)}},
		"zombie, signal":     {testhome.Zombie(t, "/bin/sh", "-c", "kill -KILL $$"), nil, record.State{State: record.Failed, Reason: record.BySignal, Signal: signal("KILL")}},
		"zombie after stop":  {testhome.Zombie(t, "/bin/sh", "-c", "exit 7"), stop, record.State{State: record.Cancelled, Reason: record.Stopped, ExitCode: code(7), Stop: stop}},
		"no state was heard": {nil, nil, record.State{State: record.Failed, Reason: record.Lost}},
	} {
		t.Run(name, func(t *testing.T) {
			h, spec := testhome.New(t), testhome.Spec(t, "web")
			spec.SuccessExitCodes = []int{200}
			var state *record.State
			if c.leader != nil {
				state = testhome.State(record.Running)
				state.Leader = c.leader
			}
			testhome.Put(t, h, spec, state)
			if c.stop != nil {
				testhome.Write(t, h, "web", store.StopFile, c.stop.AppendJSON(nil))
			}
			task := load(t, h, "web")
			got := *task.Current
			c.want.Run, c.want.Attempt, c.want.Leader, c.want.UpdatedAt = 1, 1, c.leader, got.UpdatedAt
			c.want.OutputEnd = record.OutputUnknown // nobody holds the output
			if g, w := string(got.AppendJSON(nil)), string(c.want.AppendJSON(nil)); g != w {
				t.Errorf("state = %s, want %s", g, w)
			}
			if task.Supervisor != view.SupervisorNone || task.ExitedAt != "" {
				t.Errorf("supervisor %q, exitedAt %q, want none and unknown", task.Supervisor, task.ExitedAt)
			}
			checkTidy(t, h, "web")
			if e := ends(t, h, "web"); len(e) != 1 || e[0].Name != record.EndEvent(&c.want) || e[0].Kind != spec.Kind {
				t.Errorf("journal = %+v, want one %s", e, c.want.State)
			}
			if again := load(t, h, "web"); string(again.Current.AppendJSON(nil)) != string(got.AppendJSON(nil)) {
				t.Errorf("the second look changed the record")
			}
		})
	}
}

func TestLivingLeaderIsLeftAlone(t *testing.T) {
	h, state := testhome.New(t), testhome.State(record.Running)
	state.Leader = testhome.Spawn(t, "/bin/cat", filepath.Join(blockingFIFO(t)))
	testhome.Put(t, h, testhome.Spec(t, "web"), state)
	task := load(t, h, "web")
	if task.State != record.Running || task.Supervisor != view.SupervisorLost || task.PID != state.Leader.PID {
		t.Errorf("Load = %s, supervisor %s, pid %d, want running, lost, %d", task.State, task.Supervisor, task.PID, state.Leader.PID)
	}
}

// blockingFIFO names a FIFO that nobody writes to: opening it blocks.
func blockingFIFO(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A held lock is a live supervisor, whatever the record says of processes.
func TestHeldLockIsNotHealed(t *testing.T) {
	h, state := testhome.New(t), testhome.State(record.Running)
	state.Leader = testhome.Gone(t)
	testhome.Put(t, h, testhome.Spec(t, "web"), state)
	testhome.Hold(t, h, "web")
	if task := load(t, h, "web"); task.State != record.Running || !task.Supervised() {
		t.Errorf("Load = %s, %s, want running, alive", task.State, task.Supervisor)
	}
}

// What the dead shim had not read is in the log, and a survivor
// keeps its output.
func TestHealDrainsTheFIFO(t *testing.T) {
	h, state := testhome.New(t), testhome.State(record.Running)
	spec := testhome.Spec(t, "web")
	spec.Split = true
	state.Leader = testhome.Gone(t)
	testhome.Put(t, h, spec, state)
	survivor := map[string]*os.File{}
	for _, name := range []string{store.OutFIFO, store.ErrFIFO} {
		f, err := os.OpenFile(filepath.Join(h.TaskDir("web"), name), os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := f.WriteString("unread of " + name + "\n"); err != nil {
			t.Fatal(err)
		}
		survivor[name] = f
	}
	task := load(t, h, "web")
	for file, fifo := range map[string]string{"output.log": store.OutFIFO, "errors.log": store.ErrFIFO} {
		want := "unread of " + fifo + "\n"
		if got, err := os.ReadFile(filepath.Join(h.TaskDir("web"), file)); string(got) != want {
			t.Errorf("%s = %q, %v, want %q", file, got, err, want)
		}
	}
	if want := int64(2 * len("unread of out.fifo\n")); task.LogBytes != want || task.LogDroppedBytes != 0 {
		t.Errorf("log bytes = %d, dropped %d, want %d, 0", task.LogBytes, task.LogDroppedBytes, want)
	}
	if task.State != record.Failed || task.Leftovers != 1 || !fsys.Exists(filepath.Join(h.TaskDir("web"), store.OutFIFO)) {
		t.Errorf("Load = %s, leftovers %d, want failed with a survivor and its FIFO", task.State, task.Leftovers)
	}
	for _, f := range survivor {
		f.Close()
	}
	if task := load(t, h, "web"); task.Leftovers != 0 {
		t.Errorf("leftovers = %d after the survivor's end, want 0", task.Leftovers)
	}
	checkTidy(t, h, "web")
}

// A survivor that prints on and on does not hold the healer.
func TestDrainIsBounded(t *testing.T) {
	path := blockingFIFO(t)
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(make([]byte, 4096)); err != nil {
		t.Fatal(err)
	}
	var printer sync.WaitGroup
	printer.Go(func() {
		for line := make([]byte, 4096); ; {
			if _, err := f.Write(line); err != nil {
				return
			}
		}
	})
	fd, use := holdFIFO(path)
	if fd < 0 || use != view.FIFOHeld {
		t.Fatalf("holdFIFO = %d, %v, want it held", fd, use)
	}
	defer syscall.Close(fd)
	dir := t.TempDir()
	ended, err := drain(fd, func() (*seglog.Writer, error) {
		return seglog.Open(seglog.Options{Dir: dir, Stem: "output", Now: time.Now, Replace: store.Replace})
	})
	info, err2 := os.Stat(filepath.Join(dir, "output.log"))
	if err := errors.Join(err, err2); err != nil || ended || info.Size() > maxDrain+128<<10 {
		t.Errorf("drain = %t, %v, %d bytes, want at most %d", ended, err, info.Size(), maxDrain)
	}
	f.Close()
	printer.Wait()
}

// Every step after the terminal state can be cut short and is done again.
func TestHealFinishesTheEnd(t *testing.T) {
	for name, journalled := range map[string]bool{"before the journal": false, "after the journal": true} {
		t.Run(name, func(t *testing.T) {
			h, spec, state := testhome.New(t), testhome.Spec(t, "web"), testhome.State(record.Succeeded)
			state.Reason = record.SelfExit
			testhome.Put(t, h, spec, state)
			if err := errors.Join(h.MarkLive("web"), store.MakeFIFOs(h.TaskDir("web"), false)); err != nil {
				t.Fatal(err)
			}
			event := &record.Event{Name: record.EventSucceeded, Time: testhome.Time, TaskID: "web", State: state}
			other := *event
			other.TaskID = "web2"
			if err := h.Append(&other); err != nil {
				t.Fatal(err)
			}
			if journalled {
				if err := h.Append(event); err != nil {
					t.Fatal(err)
				}
			}
			if task := load(t, h, "web"); task.State != record.Succeeded {
				t.Errorf("state = %s, want succeeded", task.State)
			}
			checkTidy(t, h, "web")
			if e := ends(t, h, "web"); len(e) != 1 {
				t.Errorf("journal holds %d ends, want 1", len(e))
			}
		})
	}
}

// Many readers at once: one of them heals, all see the end.
func TestOneHealer(t *testing.T) {
	h, state := testhome.New(t), testhome.State(record.Running)
	state.Leader = testhome.Gone(t)
	testhome.Put(t, h, testhome.Spec(t, "web"), state)
	var readers sync.WaitGroup
	for range 16 {
		readers.Go(func() {
			task, err := Load(h, "web")
			if err != nil {
				t.Errorf("Load = %v", err)
			} else if task.Open() && !task.Supervised() {
				t.Errorf("Load = %s without a supervisor, want the end or a healer at work", task.State)
			}
		})
	}
	readers.Wait()
	if task := load(t, h, "web"); task.Reason != record.Lost {
		t.Errorf("reason = %q, want lost", task.Reason)
	}
	if e := ends(t, h, "web"); len(e) != 1 {
		t.Errorf("journal holds %d ends, want 1", len(e))
	}
}

// A lock of a directory that was replaced is no lock of the task.
func TestLockTaskNoticesReplacement(t *testing.T) {
	h := testhome.New(t)
	testhome.Put(t, h, testhome.Spec(t, "web"), nil)
	dir := h.TaskDir("web")
	stolen := filepath.Join(dir, "old.lock")
	if err := os.Rename(filepath.Join(dir, store.LockFile), stolen); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(stolen, filepath.Join(dir, store.LockFile)); err != nil {
		t.Fatal(err)
	}
	if lock, err := store.TryLock(dir); err == nil {
		t.Errorf("TryLock through a link = %v, want an error", lock)
	}
}

// A bell rings when a healer has recorded the end.
func TestHealRings(t *testing.T) {
	h, state := testhome.New(t), testhome.State(record.Running)
	state.Leader = testhome.Gone(t)
	testhome.Put(t, h, testhome.Spec(t, "web"), state)
	bell, err := store.NewBell(filepath.Join(h.TaskDir("web"), store.BellsDir), store.BellChange)
	if err != nil {
		t.Fatal(err)
	}
	defer bell.Close()
	load(t, h, "web")
	n, err := unix.Poll([]unix.PollFd{{Fd: int32(bell.FD()), Events: unix.POLLIN}}, 0)
	if n != 1 || err != nil {
		t.Errorf("poll of the bell = %d, %v, want it rung", n, err)
	}
}

// A power failure may leave the unsynced first state of a run empty. The boot
// in the spec then tells what became of the run.
func TestEmptyStateIsNone(t *testing.T) {
	h := testhome.New(t)
	spec := testhome.Spec(t, "web")
	spec.StartedBy.BootID = "another-boot"
	testhome.Put(t, h, spec, nil)
	testhome.Write(t, h, "web", store.StateFile, nil)
	if task := load(t, h, "web"); task.State != record.Failed || task.Reason != record.LostReboot || task.ExitCode != nil {
		t.Errorf("an empty state of another boot: %s, %s, code %v, want failed, lost-reboot, nil", task.State, task.Reason, task.ExitCode)
	}
}
