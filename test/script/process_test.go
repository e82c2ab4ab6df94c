//go:build linux

package script

import (
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/tidwall/gjson"
	"golang.org/x/sys/unix"

	"bgtasks/test/suite"
)

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
		if got := pidOf(ts, arg).Runs(); got == neg {
			ts.Fatalf("alive(%s) = %t, want %t", arg, got, !neg)
		}
	}
}

func pidOf(ts *testscript.TestScript, word string) suite.Process {
	pid, err := strconv.Atoi(word)
	if err != nil || pid <= 1 {
		ts.Fatalf("%q is no pid of a test", word)
	}
	return suite.Process{PID: pid}
}

// gone PID... waits until processes have ended.
func cmdGone(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("usage: gone PID...")
	}
	for _, arg := range args {
		if !pidOf(ts, arg).AwaitEnd(suite.Patience) {
			ts.Fatalf("process %s has not ended", arg)
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
		ts.Check(unix.Kill(pidOf(ts, arg).PID, signalNamed(ts, args[0])))
	}
	if args[0] == "KILL" {
		cmdGone(ts, false, args[1:])
		for _, arg := range args[1:] {
			unix.Wait4(pidOf(ts, arg).PID, nil, unix.WNOHANG, nil)
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
	for _, p := range suite.ProcessesOf(scriptOf(ts).work) {
		if !p.IsShim() {
			continue
		}
		shims++
		if line := strings.Join(p.Args(), " "); strings.Contains(line, args[0]) {
			ts.Fatalf("argument list of shim %d = %q", p.PID, line)
		}
	}
	if shims == 0 {
		ts.Fatalf("no shim runs")
	}
}

// mayUnshare tells whether unshare(1) can make a pid namespace here.
var mayUnshare = sync.OnceValue(func() bool {
	return exec.Command("unshare", "-p", "-f", "--mount-proc", "true").Run() == nil
})
