package proc

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// A task starts clean although its supervisor was started under nohup, with blocked signals and a leaked descriptor.
func TestSpawnStartsClean(t *testing.T) {
	s := newStage(t)
	s.spawn("nohup", "")

	const hup = 1 << 0
	for _, caught := range []bool{false, true} {
		if got := s.line(); strings.TrimLeft(got, "0") != "27" {
			t.Errorf("umask = %s, want 027", got)
		}
		if got := s.line(); got != "0 1 2 3 " {
			t.Errorf("descriptors = %q, want 0 to 2, and the 3 of ls", got)
		}
		if blocked := s.mask("SigBlk:"); blocked != 0 {
			t.Errorf("SigBlk = %#x, want none", blocked)
		}
		ignored := s.mask("SigIgn:")
		if caught && ignored != 0 {
			t.Errorf("SigIgn = %#x after DefaultIgnored, want none", ignored)
		}
		if !caught && ignored&hup == 0 {
			t.Errorf("SigIgn = %#x before DefaultIgnored, want HUP in it, or this test shows nothing", ignored)
		}
	}
}

// mask reads a line of /proc/PID/status such as "SigBlk:	0000000000000000".
func (s *stage) mask(name string) uint64 {
	s.t.Helper()
	line := s.line()
	hex, ok := strings.CutPrefix(line, name)
	mask, err := strconv.ParseUint(strings.TrimSpace(hex), 16, 64)
	if !ok || err != nil {
		s.t.Fatalf("%q, want a line of %s", line, name)
	}
	return mask
}

// What close_range(2) does, for kernels without it.
func TestSealListed(t *testing.T) {
	fd, err := unix.Dup(0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := sealListed(); err != nil {
		t.Fatal(err)
	}
	if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); flags&unix.FD_CLOEXEC == 0 || err != nil {
		t.Errorf("descriptor flags = %#x, %v, want close-on-exec", flags, err)
	}
}

// What is peeked at is what is then reaped.
func TestPeekStatus(t *testing.T) {
	s := newStage(t)
	for script, want := range map[string]syscall.WaitStatus{
		"exit 0": 0, "exit 7": 7 << 8, "exit 255": 255 << 8, "kill -KILL $$": 9, "ulimit -c 0; kill -TERM $$": 15,
	} {
		pid, err := Spawn(SpawnSpec{Path: "/bin/sh", Argv: []string{"sh", "-c", script}, Umask: -1})
		if err != nil {
			t.Fatal(err)
		}
		s.awaitEnd(pid)
		peeked, err1 := PeekStatus(pid)
		reaped, _, err2 := Reap1(pid)
		if peeked != want || reaped != want || err1 != nil || err2 != nil {
			t.Errorf("%s: PeekStatus = %#x, Reap1 = %#x, %v, %v, want %#x", script, peeked, reaped, err1, err2, want)
		}
		if _, err := PeekStatus(pid); !errors.Is(err, syscall.ECHILD) {
			t.Errorf("PeekStatus of a reaped child = %v, want ECHILD", err)
		}
	}
}

func TestExecutable(t *testing.T) {
	self, err := Self()
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.Executable()
	if got := Executable(self); got != want || err != nil {
		t.Errorf("Executable = %q, want %q, %v", got, want, err)
	}
	self.StartTicks++
	if got := Executable(self); got != "" {
		t.Errorf("Executable of a stranger = %q, want none", got)
	}
}

func TestBootMs(t *testing.T) {
	first, err1 := BootMs()
	second, err2 := BootMs()
	if first <= 0 || second < first || err1 != nil || err2 != nil {
		t.Errorf("BootMs = %d, %v, then %d, %v", first, err1, second, err2)
	}
}
