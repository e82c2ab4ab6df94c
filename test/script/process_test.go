//go:build linux

package bgtasks_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/tidwall/gjson"
	"golang.org/x/sys/unix"
)

// The tests see processes with eyes of their own, never with those of
// lib/proc, which they judge.

var processCommands = map[string]scriptCommand{
	"alive":   cmdAlive,
	"gone":    cmdGone,
	"signal":  cmdSignal,
	"shimpid": cmdShimPID,
	"unseen":  cmdUnseen,
}

// alive PID... asserts that processes run, "! alive" that they do not. A
// zombie does not.
func cmdAlive(ts *testscript.TestScript, neg bool, args []string) {
	for _, arg := range args {
		if got := runs(pidOf(ts, arg)); got == neg {
			ts.Fatalf("alive(%s) = %t, want %t", arg, got, !neg)
		}
	}
}

func pidOf(ts *testscript.TestScript, word string) int {
	pid, err := strconv.Atoi(word)
	if err != nil || pid <= 1 {
		ts.Fatalf("%q is no pid of a test", word)
	}
	return pid
}

// runs tells whether pid is a process that has not ended.
func runs(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, fields, _ := bytes.Cut(stat, []byte(") "))
	return len(fields) > 0 && fields[0] != 'Z' && fields[0] != 'X'
}

// gone PID... waits until processes have ended.
func cmdGone(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("usage: gone PID...")
	}
	for _, arg := range args {
		if !awaitEnd(pidOf(ts, arg), patience) {
			ts.Fatalf("process %s has not ended", arg)
		}
	}
}

// awaitEnd waits for the end of a process on a pidfd (Linux 5.3).
func awaitEnd(pid int, limit time.Duration) bool {
	fd, err := unix.PidfdOpen(pid, 0)
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

// signal SIGNAL PID... sends a signal. After KILL it waits for the end and
// reaps what this process has adopted, so that nothing is left to be seen.
func cmdSignal(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: signal SIGNAL PID...")
	}
	for _, arg := range args[1:] {
		ts.Check(unix.Kill(pidOf(ts, arg), signalNamed(ts, args[0])))
	}
	if args[0] == "KILL" {
		cmdGone(ts, false, args[1:])
		for _, arg := range args[1:] {
			unix.Wait4(pidOf(ts, arg), nil, unix.WNOHANG, nil)
		}
	}
}

func signalNamed(ts *testscript.TestScript, name string) unix.Signal {
	sig := unix.SignalNum("SIG" + name)
	if sig == 0 {
		ts.Fatalf("no signal %q", name)
	}
	return sig
}

// shimpid VAR ID puts the pid of a task's supervisor into a variable.
func cmdShimPID(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: shimpid VAR ID")
	}
	state := ts.ReadFile(filepath.Join(ts.Getenv("BACKGROUND_TASKS_HOME"), "tasks", args[1], "state.json"))
	pid := gjson.Get(state, "shim.pid")
	if !pid.Exists() {
		ts.Fatalf("no shim.pid in %s", state)
	}
	ts.Setenv(args[0], pid.Raw)
}

// unseen TEXT asserts that no argument list of a bg-shim of this script
// contains TEXT.
func cmdUnseen(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: unseen TEXT")
	}
	shims := 0
	for _, p := range processesOf(scriptOf(ts).work) {
		if !p.isShim() {
			continue
		}
		shims++
		if strings.Contains(p.cmdline(), args[0]) {
			ts.Fatalf("argument list of shim %d = %q", p.pid, p.cmdline())
		}
	}
	if shims == 0 {
		ts.Fatalf("no shim runs")
	}
}

// process is one of a script's: its environment says so.
type process struct{ pid int }

func (p process) proc(name string) []byte {
	data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/%s", p.pid, name))
	return data
}

func (p process) cmdline() string {
	return strings.TrimSpace(strings.ReplaceAll(string(p.proc("cmdline")), "\x00", " "))
}

func (p process) isShim() bool { return strings.TrimSpace(string(p.proc("comm"))) == "bg-shim" }

// belongsTo tells whether the process was started below a script's work
// directory: every process of a script inherits WORK, but for those of the queues,
// which are called with the home.
func (p process) belongsTo(work string) bool {
	environ := append([]byte{0}, p.proc("environ")...)
	return bytes.Contains(environ, []byte("\x00WORK="+work+"\x00")) ||
		p.queueMode() != "" && strings.Contains(p.cmdline(), " "+work+"/")
}

// queueMode is what a process does for the queues, which nobody asked it for by
// hand: --dispatch or --sleep.
func (p process) queueMode() string {
	argv := strings.Fields(p.cmdline())
	if len(argv) == 3 && argv[0] == "bg-queue" && (argv[1] == "--dispatch" || argv[1] == "--sleep") {
		return argv[1]
	}
	return ""
}

func processesOf(work string) (found []process) {
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if p := (process{pid}); err == nil && p.belongsTo(work) && runs(pid) {
			found = append(found, p)
		}
	}
	return found
}

// endProcesses kills every process of a script and tells which there were. A
// supervisor whose task has just ended may have its last steps to do, and whoever
// dispatches has nothing else: they are waited for.
func endProcesses(work string) (left []string) {
	for _, p := range processesOf(work) {
		last := p.isShim() && !supervises(p.pid) || p.queueMode() != ""
		if last && awaitEnd(p.pid, 10*time.Second) {
			continue
		}
		what := fmt.Sprintf("%d %s", p.pid, p.cmdline())
		if p.kill(work) {
			left = append(left, what)
		}
	}
	return left
}

// supervises tells whether a shim has a child.
func supervises(shim int) bool {
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", shim))
	for _, list := range lists {
		if data, _ := os.ReadFile(list); len(bytes.TrimSpace(data)) > 0 {
			return true
		}
	}
	return false
}

// kill ends the process if it is still the one that was found. The pidfd pins
// it before the second look.
func (p process) kill(work string) bool {
	fd, err := unix.PidfdOpen(p.pid, 0)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	if !runs(p.pid) || !p.belongsTo(work) {
		return false
	}
	return unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0) == nil
}

// mayUnshare tells whether unshare(1) can make a pid namespace here.
var mayUnshare = sync.OnceValue(func() bool {
	return exec.Command("unshare", "-p", "-f", "--mount-proc", "true").Run() == nil
})
