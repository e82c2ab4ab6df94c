package proc

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// An orphan is nobody's child, leads neither its session nor ours, and starts as clean as a child does.
func TestSpawnOrphan(t *testing.T) {
	s := newStage(t)
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, syscall.SIGUSR1)
	defer signal.Stop(caught)
	dir := t.TempDir()
	first, err := SpawnOrphan(SpawnSpec{
		Path: "/bin/sh",
		Argv: []string{"sh", "-c", `echo $$ $0 "$A"; umask; ls /proc/self/fd | tr '\n' ' '; echo
			grep ^SigBlk: /proc/self/status; pwd -P; exec cat`, "zero"},
		Env: []string{"A=b c", "PATH=" + os.Getenv("PATH")}, Dir: dir, Files: s.files(), Umask: 0o27,
	})
	if first != 0 || err != nil {
		t.Fatalf("SpawnOrphan = %d, %v", first, err)
	}
	words := strings.Fields(s.line())
	pid := number(words[0])
	if rest := strings.Join(words[1:], " "); rest != "zero b c" {
		t.Errorf("arguments and environment = %q", rest)
	}
	for _, want := range []string{"0027", "0 1 2 3 "} {
		if got := s.line(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if blocked := s.mask("SigBlk:"); blocked != 0 {
		t.Errorf("SigBlk = %#x, want none", blocked)
	}
	if got := s.line(); got != dir {
		t.Errorf("working directory = %q, want %q", got, dir)
	}
	st, err := ReadStat(pid)
	// This test process is the subreaper of its orphans.
	if own, _ := unix.Getsid(0); err != nil || st.PPID != os.Getpid() || st.SID == pid || st.SID == own || st.PGID != st.SID {
		t.Errorf("ReadStat(%d) = %+v, %v, want an orphan in a session that another led", pid, st, err)
	}
}

// What fails is told, wherever the descriptors are that it is told through, and leaves no child.
func TestSpawnOrphanFails(t *testing.T) {
	s := newStage(t)
	files := s.files()
	for len(files) < 100 {
		files = append(files, files[1])
	}
	_, err := SpawnOrphan(SpawnSpec{Path: filepath.Join(t.TempDir(), "program"), Argv: []string{"program"}, Files: files, Umask: -1})
	if failed := (*SpawnError)(nil); !errors.As(err, &failed) || failed.Step != StepExec || failed.Errno != syscall.ENOENT {
		t.Errorf("SpawnOrphan = %v, want exec: ENOENT", err)
	}
}

// Orphans and children have the soft limit of open files that their starter was started with.
func TestOrphanNofile(t *testing.T) {
	s := newStage(t)
	spec := helperSpec("limited", "", false, s.files())
	spec.Argv = []string{"sh", "-c", `ulimit -Sn 123; exec "$0"`, spec.Path}
	spec.Path = "/bin/sh"
	if _, err := Spawn(spec); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if got := s.line(); got != "123" {
			t.Errorf("ulimit -Sn = %s, want 123", got)
		}
	}
}

// Many at once, while signals come and the collector runs: nothing of Go's runs in a child, and each gets its own.
func TestSpawnOrphanStorm(t *testing.T) {
	const spawners, each = 4, 25
	s := newStage(t)
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, syscall.SIGUSR1)
	defer signal.Stop(caught)
	over := make(chan struct{})
	var noise sync.WaitGroup
	noise.Go(func() {
		for {
			select {
			case <-over:
				return
			default:
				syscall.Kill(os.Getpid(), syscall.SIGUSR1)
				runtime.GC()
			}
		}
	})
	files := s.files()
	var all sync.WaitGroup
	for spawner := range spawners {
		all.Go(func() {
			for i := range each {
				name := fmt.Sprintf("%d/%d", spawner, i)
				if _, err := SpawnOrphan(SpawnSpec{Path: "/bin/echo", Argv: []string{"echo", name}, Files: files, Umask: -1}); err != nil {
					t.Errorf("SpawnOrphan(%s) = %v", name, err)
				}
			}
		})
	}
	seen := map[string]bool{}
	for range spawners * each {
		seen[s.line()] = true
	}
	all.Wait()
	close(over)
	noise.Wait()
	if len(seen) != spawners*each {
		t.Errorf("%d orphans have spoken, want %d", len(seen), spawners*each)
	}
}
