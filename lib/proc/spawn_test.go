package proc

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestSpawnErrors(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	plain := write("plain", "x", 0o600)
	noShebang := write("noshebang", "x", 0o700)
	missing := filepath.Join(dir, "missing")
	noInterpreter := write("nointerpreter", "#!"+missing+"\n", 0o700)

	for name, c := range map[string]struct {
		spec  SpawnSpec
		step  Step
		path  string
		errno syscall.Errno
	}{
		"no directory":        {SpawnSpec{Path: "/bin/sh", Dir: missing}, StepChdir, missing, syscall.ENOENT},
		"file as directory":   {SpawnSpec{Path: "/bin/sh", Dir: plain}, StepChdir, plain, syscall.ENOTDIR},
		"no program":          {SpawnSpec{Path: missing}, StepExec, missing, syscall.ENOENT},
		"no program in dir":   {SpawnSpec{Path: "missing", Dir: dir}, StepExec, "missing", syscall.ENOENT},
		"not executable":      {SpawnSpec{Path: plain}, StepExec, plain, syscall.EACCES},
		"directory":           {SpawnSpec{Path: dir}, StepExec, dir, syscall.EACCES},
		"no format":           {SpawnSpec{Path: noShebang}, StepExec, noShebang, syscall.ENOEXEC},
		"no interpreter":      {SpawnSpec{Path: noInterpreter}, StepInterpreter, noInterpreter, syscall.ENOENT},
		"relative to dir":     {SpawnSpec{Path: "nointerpreter", Dir: dir}, StepInterpreter, "nointerpreter", syscall.ENOENT},
		"NUL in the argument": {SpawnSpec{Path: "/bin/sh", Argv: []string{"sh", "a\x00b"}}, StepExec, "/bin/sh", syscall.EINVAL},
	} {
		if c.spec.Argv == nil {
			c.spec.Argv = []string{"x"}
		}
		c.spec.Umask = -1
		for how, spawn := range map[string]func(SpawnSpec) (int, error){"Spawn": Spawn, "SpawnOrphan": SpawnOrphan} {
			pid, err := spawn(c.spec)
			var got *SpawnError
			if !errors.As(err, &got) || pid != 0 {
				t.Errorf("%s: %s = %d, %v, want a SpawnError", name, how, pid, err)
				continue
			}
			if want := (SpawnError{c.step, c.path, c.errno}); *got != want {
				t.Errorf("%s: %s = %+v, want %+v", name, how, *got, want)
			}
			if c.errno == syscall.ENOENT && !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s: %v is not fs.ErrNotExist", name, err)
			}
		}
	}
	if pids, err := children(); len(pids) != 0 || err != nil {
		t.Errorf("children() = %v, %v after failed spawns, want none", pids, err)
	}
}

func TestSpawnRestoresUmask(t *testing.T) {
	before := syscall.Umask(0o22)
	defer syscall.Umask(before)
	s := newStage(t)
	spec := helperSpec("exit", "0", false, s.files())
	spec.Umask = 0o77
	pid, err := Spawn(spec)
	if err != nil {
		t.Fatal(err)
	}
	s.awaitEnd(pid)
	if got := syscall.Umask(0o22); got != 0o22 {
		t.Errorf("umask after Spawn = %#o, want 022", got)
	}
}

func TestSpawnSessionAndDir(t *testing.T) {
	s := newStage(t)
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	pid, err := Spawn(SpawnSpec{
		Path:   "/bin/sh",
		Argv:   []string{"sh", "-c", "pwd -P; exec cat"},
		Dir:    dir,
		Files:  s.files(),
		Setsid: true,
		Umask:  -1,
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := s.line(); got != dir {
		t.Errorf("working directory = %q, want %q", got, dir)
	}
	if st, err := ReadStat(pid); err != nil || st.SID != pid || st.PGID != pid {
		t.Errorf("ReadStat = %+v, %v, want leader of session and group", st, err)
	}
}

func TestNotifyChildren(t *testing.T) {
	s := newStage(t)
	notifier, err := NewChildNotifier()
	if err != nil {
		t.Fatal(err)
	}
	defer notifier.Start()()
	for range 3 {
		pid := s.spawn("exit", "0")
		s.awaitEnd(pid)
		if !pollFor(notifier.FD) {
			t.Fatal("the end of a child was not notified")
		}
		DrainPipe(notifier.FD)
		if _, _, err := Reap1(pid); err != nil {
			t.Error(err)
		}
	}
}

func TestCatchAll(t *testing.T) {
	s := newStage(t)
	pid := s.spawn("catcher", "")
	id := s.reported()
	for _, sig := range []syscall.Signal{
		syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGTERM,
		syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU,
	} {
		if err := id.Signal(sig); err != nil {
			t.Fatalf("Signal(%v) = %v", sig, err)
		}
	}
	s.stdin.Close()
	s.awaitEnd(pid)
	if status, _, err := Reap1(pid); err != nil || status != 0 {
		t.Errorf("Reap1 = %#x, %v, want exit 0", status, err)
	}
}

// children returns the pids of the direct children of this process, those of all its threads, zombies included.
func children() ([]int, error) {
	kids, err := childrenOf(os.Getpid())
	pids := make([]int, len(kids))
	for i, k := range kids {
		pids[i] = k.PID
	}
	return pids, wrap("list children", err)
}
