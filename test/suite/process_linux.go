package suite

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Process is a process as /proc shows it.
type Process struct{ PID int }

// File reads one of its files in /proc; nothing if the process is gone.
func (p Process) File(name string) []byte {
	data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/%s", p.PID, name))
	return data
}

// Args are the words it was called with. A zombie has none.
func (p Process) Args() []string {
	text := strings.TrimSuffix(string(p.File("cmdline")), "\x00")
	if text == "" {
		return nil
	}
	return strings.Split(text, "\x00")
}

// String is the pid with the words it was called with.
func (p Process) String() string { return fmt.Sprint(p.PID, " ", strings.Join(p.Args(), " ")) }

// HasEnv tells whether it was started with NAME=VALUE in its environment.
func (p Process) HasEnv(pair string) bool {
	return bytes.Contains(append([]byte{0}, p.File("environ")...), []byte("\x00"+pair+"\x00"))
}

// IsShim tells whether it is a supervisor.
func (p Process) IsShim() bool { return strings.TrimSpace(string(p.File("comm"))) == "bg-shim" }

// QueueMode is what a process of bg-dispatch does for the queues of a home: dispatch
// or sleep, with the home.
func (p Process) QueueMode() (mode, home string) {
	args := p.Args()
	switch {
	case len(args) < 2 || filepath.Base(args[0]) != "bg-dispatch":
		return "", ""
	case len(args) == 3 && args[1] == "--sleep":
		return "sleep", args[2]
	}
	return "dispatch", args[1]
}

// stat gives a field of proc_pid_stat(5) behind the name, by its number there; ""
// if the process is gone.
func (p Process) stat(field int) string {
	text := string(p.File("stat"))
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	if len(fields) <= field-3 {
		return ""
	}
	return fields[field-3]
}

// Runs tells whether it has not ended. A zombie has.
func (p Process) Runs() bool {
	state := p.stat(3)
	return state != "" && state != "Z" && state != "X"
}

// Parent is the pid of its parent, 0 if it is gone.
func (p Process) Parent() int {
	pid, _ := strconv.Atoi(p.stat(4))
	return pid
}

// Start is when it started, in ticks; "" if it is gone.
func (p Process) Start() string { return p.stat(22) }

// supervises tells whether a shim has a child.
func (p Process) supervises() bool {
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", p.PID))
	for _, list := range lists {
		if data, _ := os.ReadFile(list); len(bytes.TrimSpace(data)) > 0 {
			return true
		}
	}
	return false
}

// AwaitEnd waits for the end of a process on a pidfd (Linux 5.3).
func (p Process) AwaitEnd(limit time.Duration) bool {
	fd, err := unix.PidfdOpen(p.PID, 0)
	if err != nil {
		return errors.Is(err, unix.ESRCH)
	}
	defer unix.Close(fd)
	deadline := time.Now().Add(limit)
	for {
		left := time.Until(deadline).Milliseconds()
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, int(max(left, 0)))
		if n > 0 || left <= 0 {
			return n > 0
		}
		if err != nil && !errors.Is(err, unix.EINTR) {
			return false
		}
	}
}

// KillIf kills the process if it is still the one that was meant. A pidfd pins it
// before that look, so that nothing else can be hit.
func (p Process) KillIf(meant func() bool) bool {
	fd, err := unix.PidfdOpen(p.PID, 0)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	return meant() && unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0) == nil
}

// Find lists the processes that a test asks for.
func Find(meant func(Process) bool) (found []Process) {
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if p := (Process{pid}); err == nil && meant(p) {
			found = append(found, p)
		}
	}
	return found
}

// belongsTo tells whether the process was started below a test's work directory:
// every process of a test inherits WORK, but for those of the queues, which are
// called with the home.
func (p Process) belongsTo(work string) bool {
	_, home := p.QueueMode()
	return p.HasEnv("WORK="+work) || strings.HasPrefix(home, work+"/")
}

// ProcessesOf lists the processes of a test, by its work directory.
func ProcessesOf(work string) []Process {
	return Find(func(p Process) bool { return p.belongsTo(work) && p.Runs() })
}

// EndProcesses kills every process of a test and tells which there were. A
// supervisor whose task has just ended may have its last steps to do, and whoever
// dispatches has nothing else: they are waited for.
func EndProcesses(work string) (left []string) {
	for _, p := range ProcessesOf(work) {
		mode, _ := p.QueueMode()
		last := p.IsShim() && !p.supervises() || mode != ""
		if last && p.AwaitEnd(10*time.Second) {
			continue
		}
		what := p.String()
		if p.KillIf(func() bool { return p.Runs() && p.belongsTo(work) }) {
			left = append(left, what)
		}
	}
	return left
}
