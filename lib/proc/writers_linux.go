package proc

import (
	"os"
	"strconv"
	"strings"
	"syscall"

	"bgtasks/lib/fsys"
)

// EndWriters kills those who have a pipe open for writing whose other end is ours: a program that was started to
// answer by it and does not. Whoever only reads from it, as a child of ours that has not executed its program yet, is
// left alone. first is as [SpawnOrphan] gave it.
func EndWriters(pipe *os.File, first int) {
	own, err := os.Readlink("/proc/self/fd/" + strconv.Itoa(int(pipe.Fd())))
	if err != nil {
		return
	}
	names, _ := fsys.Names("/proc")
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil || pid == os.Getpid() {
			continue
		}
		if id, err := Identify(pid); err == nil && writesTo(name, own) {
			_ = id.Signal(syscall.SIGKILL) // it has ended, or is another user's
		}
	}
}

// writesTo tells whether a process has a file open for writing (proc_pid_fdinfo(5)).
func writesTo(pid, file string) bool {
	fds, _ := fsys.Names("/proc/" + pid + "/fd")
	for _, fd := range fds {
		if target, err := os.Readlink("/proc/" + pid + "/fd/" + fd); err != nil || target != file {
			continue
		}
		info, _ := os.ReadFile("/proc/" + pid + "/fdinfo/" + fd)
		_, flags, _ := strings.Cut(string(info), "flags:\t")
		flags, _, _ = strings.Cut(flags, "\n")
		if mode, err := strconv.ParseInt(flags, 8, 64); err == nil && mode&syscall.O_ACCMODE != syscall.O_RDONLY {
			return true
		}
	}
	return false
}
