package proc

import (
	"bytes"
	"errors"
	"strconv"
)

// Stat is what this package needs of proc_pid_stat(5), or of the kinfo_proc of a BSD.
type Stat struct {
	PID, PPID, PGID, SID int
	// State is the letter of the state: R, S, D, T, t, I, Z, X. The BSDs' states are given the like letters.
	State byte
	// StartTicks is as in [Identity].
	StartTicks uint64
	// ExitCode is the raw wait status, as wait(2) would tell it. It means something for a zombie only, and only if
	// the reader may inspect it; [Identity.ZombieStatus] takes care of both.
	ExitCode int
	// Comm is the short name of the program, as the kernel writes it (Linux writes a newline in it as \n).
	Comm string
	// Threads is the number of threads; 0 where the system does not tell.
	Threads int
	// executing: it has memory, and no environment in it yet. Or we may not know.
	executing bool
	// bare: it has no memory.
	bare bool
	// kernel: it is a thread of the kernel, which belongs to nobody and has no memory to be asked about.
	kernel bool
}

// Ended tells whether the process has ended, that is, all of it: a process whose first thread has ended while others
// run is shown as a zombie too, but with more than one thread.
func (s Stat) Ended() bool {
	return (s.State == 'Z' || s.State == 'X') && s.Threads <= 1
}

// ReadStat returns the state of the process that has pid now. The error wraps [ErrGone] if there is none.
func ReadStat(pid int) (Stat, error) {
	if pid < 1 {
		return Stat{}, wrapPID("read state of process", pid, ErrRefused)
	}
	st, err := readStat(pid)
	return st, wrapPID("read state of process", pid, err)
}

// Numbers of fields in proc_pid_stat(5), which counts from 1.
const (
	statPPID       = 4
	statPGID       = 5
	statSID        = 6
	statFlags      = 9
	statThreads    = 20
	statStartTicks = 22
	statMemory     = 23
	statEnvEnd     = 51
	statExitCode   = 52
)

// kernelThread is PF_KTHREAD of linux/sched.h, since Linux 2.6.27.
const kernelThread = 0x00200000

var errBadStat = errors.New("malformed process state")

// ParseStat decodes the content of /proc/PID/stat of Linux 3.5 or later. The name in it is chosen by the process and
// may hold spaces, parentheses and newlines; everything else is held to the format, a missing final newline (a
// truncated read) included. Fields after the 52nd are allowed, for later kernels.
func ParseStat(b []byte) (Stat, error) {
	open, shut := bytes.IndexByte(b, '('), bytes.LastIndexByte(b, ')')
	if open < 2 || shut < open || b[open-1] != ' ' || !bytes.HasSuffix(b, []byte("\n")) {
		return Stat{}, errBadStat
	}
	pid, ok := parseField(b[:open-1], 31)
	if !ok || pid < 1 {
		return Stat{}, errBadStat
	}
	s := Stat{PID: int(pid), Comm: string(b[open+1 : shut])}
	if !s.parseTail(b[shut+1 : len(b)-1]) {
		return Stat{}, errBadStat
	}
	return s, nil
}

// parseTail decodes " S 1 2 3…", the fields from the third on.
func (s *Stat) parseTail(b []byte) bool {
	if len(b) < 2 || b[0] != ' ' || !isLetter(b[1]) {
		return false
	}
	s.State = b[1]
	b = b[2:]
	n := 3
	for ; len(b) > 0; n++ {
		if b[0] != ' ' {
			return false
		}
		end := len(b)
		if i := bytes.IndexByte(b[1:], ' '); i >= 0 {
			end = i + 1
		}
		if !s.setField(n+1, b[1:end]) {
			return false
		}
		b = b[end:]
	}
	return n >= statExitCode
}

// setField keeps the fields that are wanted and checks that the others are numbers.
func (s *Stat) setField(n int, b []byte) bool {
	switch n {
	case statPPID:
		return setInt(&s.PPID, b, 0)
	case statPGID: // -1 while the process is being reaped
		return setInt(&s.PGID, b, -1)
	case statSID:
		return setInt(&s.SID, b, -1)
	case statThreads:
		return setInt(&s.Threads, b, 0)
	case statExitCode:
		return setInt(&s.ExitCode, b, 0)
	case statStartTicks:
		ticks, err := strconv.ParseUint(string(b), 10, 64)
		s.StartTicks = ticks
		return err == nil
	}
	switch n {
	case statFlags:
		flags, err := strconv.ParseUint(string(b), 10, 64)
		s.kernel = flags&kernelThread != 0
		return err == nil
	case statMemory:
		s.bare = string(b) == "0"
		s.executing = !s.bare
	case statEnvEnd:
		s.executing = s.executing && string(b) == "0"
	}
	return isNumber(b)
}

func setInt(to *int, b []byte, least int64) bool {
	v, ok := parseField(b, 32)
	*to = int(v)
	return ok && v >= least
}

// parseField refuses the signs and underscores that strconv would let through.
func parseField(b []byte, bits int) (int64, bool) {
	if !isNumber(b) {
		return 0, false
	}
	v, err := strconv.ParseInt(string(b), 10, bits)
	return v, err == nil
}

func isNumber(b []byte) bool {
	if len(b) > 0 && b[0] == '-' {
		b = b[1:]
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(b) > 0
}

func isLetter(c byte) bool {
	return 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
}
