package proc

import (
	"os"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func TestSelf(t *testing.T) {
	id, err := Self()
	if err != nil {
		t.Fatal(err)
	}
	if id.PID != os.Getpid() || id.BootID == "" || id.StartTicks == 0 {
		t.Errorf("Self() = %+v, want pid %d, a boot id and a start", id, os.Getpid())
	}
	wantPresence(t, id, Alive)
}

func TestForgedIdentitySignalsNothing(t *testing.T) {
	s := newStage(t)
	pid := s.spawn("sleeper", "")
	id := s.reported()

	otherStart, otherBoot, noBoot := id, id, id
	otherStart.StartTicks++
	otherBoot.BootID = "00000000-0000-0000-0000-000000000000"
	noBoot.BootID = ""
	for _, forged := range []Identity{otherStart, otherBoot, noBoot} {
		wantError(t, "forged.Signal(KILL)", forged.Signal(syscall.SIGKILL), ErrGone)
		wantPresence(t, forged, Gone)
		_, err := ExitFD(forged)
		wantError(t, "ExitFD(forged)", err, ErrGone)
		_, err = ReadEnviron(forged, []string{helperEnv})
		wantError(t, "ReadEnviron(forged)", err, ErrGone)
	}

	wantPresence(t, id, Alive)
	s.stdin.Close()
	s.awaitEnd(pid)
	if status, _, err := Reap1(pid); err != nil || !status.Exited() || status.ExitStatus() != 0 {
		t.Errorf("Reap1 = %#x, %v, want exit 0: something was signalled", status, err)
	}
}

func TestSpecialPidsAreRefused(t *testing.T) {
	boot, err := BootID()
	if err != nil {
		t.Fatal(err)
	}
	for _, pid := range []int{1, 0, -1, -os.Getpid()} {
		id := Identity{BootID: boot, PID: pid}
		if st, err := ReadStat(1); pid == 1 && err == nil {
			id.StartTicks = st.StartTicks
		}
		// Signal 0 would do no harm, were it sent.
		wantError(t, "Signal(0)", id.Signal(0), ErrRefused)
		_, err := ExitFD(id)
		wantError(t, "ExitFD()", err, ErrRefused)
		_, err = Ended(pid)
		wantError(t, "Ended()", err, ErrRefused)
		_, _, err = Reap1(pid)
		wantError(t, "Reap1()", err, ErrRefused)
		if pid < 1 {
			_, err = id.Presence()
			wantError(t, "Presence()", err, ErrRefused)
			_, err = Identify(pid)
			wantError(t, "Identify()", err, ErrRefused)
		}
	}
}

func TestSignal(t *testing.T) {
	s := newStage(t)
	pid := s.spawn("term7", "")
	id := s.reported()
	if err := id.Signal(syscall.SIGTERM); err != nil {
		t.Fatalf("Signal(TERM) = %v", err)
	}
	s.awaitEnd(pid)
	wantError(t, "Signal(TERM) to a zombie", id.Signal(syscall.SIGTERM), ErrGone)
	status, _, err := Reap1(pid)
	if err != nil || status.ExitStatus() != 7 {
		t.Errorf("Reap1 = %#x, %v, want exit 7", status, err)
	}
	wantPresence(t, id, Gone)
	wantError(t, "Signal(TERM) to nobody", id.Signal(syscall.SIGTERM), ErrGone)
}

// Without pidfds the identity is confirmed before each kill(2).
func TestSignalWithoutPidfd(t *testing.T) {
	s := newStage(t)
	pid := s.spawn("term7", "")
	id := s.reported()
	forged := id
	forged.StartTicks--
	wantError(t, "killConfirmed(forged)", killConfirmed(forged, []syscall.Signal{syscall.SIGKILL}), ErrGone)
	if err := killConfirmed(id, []syscall.Signal{syscall.SIGTERM}); err != nil {
		t.Errorf("killConfirmed(TERM) = %v", err)
	}
	s.awaitEnd(pid)
	if status, _, err := Reap1(pid); err != nil || status.ExitStatus() != 7 {
		t.Errorf("Reap1 = %#x, %v, want exit 7", status, err)
	}
	wantError(t, "kill of nobody", kill(pid, syscall.SIGTERM), ErrGone)
}

func TestZombie(t *testing.T) {
	for _, c := range []struct {
		helper, arg string
		check       func(syscall.WaitStatus) bool
	}{
		{"exit", "0", func(w syscall.WaitStatus) bool { return w.Exited() && w.ExitStatus() == 0 }},
		{"exit", "200", func(w syscall.WaitStatus) bool { return w.Exited() && w.ExitStatus() == 200 }},
		{"killself", "9", func(w syscall.WaitStatus) bool { return w.Signaled() && w.Signal() == syscall.SIGKILL }},
		{"killself", "15", func(w syscall.WaitStatus) bool { return w.Signaled() && w.Signal() == syscall.SIGTERM }},
	} {
		t.Run(c.helper+c.arg, func(t *testing.T) {
			s := newStage(t)
			pid := s.spawn(c.helper, c.arg)
			id := s.identify(pid)
			s.awaitEnd(pid)
			wantPresence(t, id, Zombie)
			if status, ok := id.ZombieStatus(); !ok || !c.check(status) {
				t.Errorf("ZombieStatus() = %#x, %v", status, ok)
			}
			fd, err := ExitFD(id)
			if err != nil {
				t.Fatalf("ExitFD(zombie) = %v", err)
			}
			defer unix.Close(fd)
			if !pollWithin(fd, 0) {
				t.Error("the exit descriptor of a zombie is not readable at once")
			}
			if status, _, err := Reap1(pid); err != nil || !c.check(status) {
				t.Errorf("Reap1 = %#x, %v", status, err)
			}
			if _, ok := id.ZombieStatus(); ok {
				t.Error("ZombieStatus() of a reaped process is known")
			}
		})
	}
}

// A parent that reaps nobody must not keep its dead child "running".
func TestZombieOfAnother(t *testing.T) {
	s := newStage(t)
	s.spawn("unreaping", "7")
	id := s.reported()
	wantPresence(t, id, Zombie)
	if status, ok := id.ZombieStatus(); !ok || status.ExitStatus() != 7 {
		t.Errorf("ZombieStatus() = %#x, %v, want exit 7", status, ok)
	}
	wantError(t, "Signal(KILL)", id.Signal(syscall.SIGKILL), ErrGone)
	if _, err := Ended(id.PID); err == nil {
		t.Error("Ended() of another's child succeeded")
	}
}

func TestExitFDWaits(t *testing.T) {
	s := newStage(t)
	pid := s.spawn("sleeper", "")
	id := s.reported()
	fd, err := ExitFD(id)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if pollWithin(fd, 0) {
		t.Error("the exit descriptor of a live process is readable")
	}
	if ended, err := Ended(pid); ended || err != nil {
		t.Errorf("Ended() = %v, %v, want false", ended, err)
	}
	_, _, err = Reap1(pid)
	wantError(t, "Reap1() of a live child", err, syscall.EAGAIN)
	if _, ok := ExitStatus(fd, id); ok {
		t.Error("ExitStatus() of a live process is known")
	}
	s.stdin.Close()
	if !pollFor(fd) {
		t.Error("the exit descriptor never became readable")
	}
	if status, ok := ExitStatus(fd, id); !ok || status != 0 {
		t.Errorf("ExitStatus() of a zombie = %#x, %v, want 0", status, ok)
	}
}

func TestReadEnviron(t *testing.T) {
	s := newStage(t)
	s.spawn("sleeper", "a=b")
	id := s.reported()
	got, err := ReadEnviron(id, []string{helperEnv + "_ARG", "NO_SUCH_NAME"})
	if isUnsupported(err) {
		t.Skip(err)
	}
	if err != nil || len(got) != 1 || got[helperEnv+"_ARG"] != "a=b" {
		t.Errorf("ReadEnviron() = %q, %v, want the one value a=b", got, err)
	}
}

func TestPick(t *testing.T) {
	got := pick("A=1\x00B=\x00A=2\x00junk\x00C=x=y\x00", []string{"A", "B", "C", "D"})
	want := map[string]string{"A": "1", "B": "", "C": "x=y"}
	for name, value := range want {
		if v, ok := got[name]; !ok || v != value {
			t.Errorf("pick()[%s] = %q, %v, want %q", name, v, ok, value)
		}
	}
	if len(got) != len(want) {
		t.Errorf("pick() = %q, want %q", got, want)
	}
}
