package proc

import (
	"strconv"
	"strings"
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
