//go:build linux

package script

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"bgtasks/test/suite"
)

var runCommands = map[string]scriptCommand{
	"exits":    cmdExits,
	"atonce":   cmdAtOnce,
	"launch":   cmdLaunch,
	"send":     cmdSend,
	"prints":   cmdPrints,
	"finishes": cmdFinishes,
}

// exits CODE PROGRAM [ARG...] runs a program and asserts its exact exit code;
// 128+n stands for signal n, as in a shell.
func cmdExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM [ARG...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	if got := exitCode(ts, err); got != want {
		ts.Fatalf("exit code of %s = %d, want %d", args[1], got, want)
	}
}

func exitCode(ts *testscript.TestScript, err error) int {
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		ts.Fatalf("%v", err)
	}
	if exit == nil {
		return 0
	}
	if status := exit.Sys().(syscall.WaitStatus); status.Signaled() {
		return 128 + int(status.Signal())
	}
	return exit.ExitCode()
}

// outcome is how one of the programs of atonce went.
type outcome struct {
	Code   int    `json:"code"`
	Stdout string `json:"stdout"`
	Stderr string `json:"stderr"`
}

// atonce N PROGRAM [ARG...] runs N programs at the same time, with {} in their
// arguments as 0 to N-1, and prints an array of {code, stdout, stderr}.
func cmdAtOnce(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: atonce N PROGRAM [ARG...]")
	}
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	outcomes := make([]outcome, n)
	var all sync.WaitGroup
	for i := range outcomes {
		cmd, stdout, stderr := command(ts, replaceAll(args[1:], "{}", strconv.Itoa(i)))
		ts.Check(cmd.Start())
		all.Go(func() {
			cmd.Wait()
			outcomes[i] = outcome{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
		})
	}
	all.Wait()
	ts.Check(json.NewEncoder(ts.Stdout()).Encode(outcomes))
}

func replaceAll(words []string, old, new string) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = strings.ReplaceAll(w, old, new)
	}
	return out
}

// command is a program with the script's directory and environment.
func command(ts *testscript.TestScript, args []string) (cmd *exec.Cmd, stdout, stderr *watchedBuffer) {
	path, err := lookPath(ts, args[0])
	ts.Check(err)
	stdout, stderr = newWatchedBuffer(), newWatchedBuffer()
	cmd = &exec.Cmd{Path: path, Args: args, Dir: ts.MkAbs("."), Env: environment(ts), Stdout: stdout, Stderr: stderr}
	return cmd, stdout, stderr
}

func lookPath(ts *testscript.TestScript, name string) (string, error) {
	if strings.Contains(name, "/") {
		return ts.MkAbs(name), nil
	}
	for _, dir := range strings.Split(ts.Getenv("PATH"), ":") {
		path := dir + "/" + name
		if info, err := os.Stat(path); err == nil && info.Mode()&0o111 != 0 && info.Mode().IsRegular() {
			return path, nil
		}
	}
	return "", &exec.Error{Name: name, Err: exec.ErrNotFound}
}

// scriptVariables are those that a script's own programs are run with. The
// environment of a TestScript can't be listed, only asked.
var scriptVariables = []string{"WORK", "PATH", "HOME", "TMPDIR", "BACKGROUND_TASKS_HOME", "XDG_STATE_HOME", "NO_COLOR", "COLUMNS"}

func environment(ts *testscript.TestScript) (env []string) {
	for _, name := range scriptVariables {
		if v := ts.Getenv(name); v != "" {
			env = append(env, name+"="+v)
		}
	}
	return env
}

// job is a program that runs beside the script.
type job struct {
	cmd            *exec.Cmd
	stdout, stderr *watchedBuffer
	ended          chan struct{}
	collected      bool
}

// launch NAME PROGRAM [ARG...] runs a program beside the script.
func cmdLaunch(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: launch NAME PROGRAM [ARG...]")
	}
	j := &job{ended: make(chan struct{})}
	j.cmd, j.stdout, j.stderr = command(ts, args[1:])
	ts.Check(j.cmd.Start())
	scriptOf(ts).jobs[args[0]] = j
	ts.Setenv(args[0]+"_pid", strconv.Itoa(j.cmd.Process.Pid))
	go func() {
		j.cmd.Wait()
		close(j.ended)
	}()
}

func jobOf(ts *testscript.TestScript, name string) *job {
	j := scriptOf(ts).jobs[name]
	if j == nil {
		ts.Fatalf("no program %q was launched", name)
	}
	return j
}

// send SIGNAL NAME signals a launched program.
func cmdSend(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: send SIGNAL NAME")
	}
	ts.Check(jobOf(ts, args[1]).cmd.Process.Signal(signalNamed(ts, args[0])))
}

// prints [-err] NAME TEXT waits until the stdout, or the stderr, of a launched
// program contains TEXT.
func cmdPrints(ts *testscript.TestScript, neg bool, args []string) {
	errs := len(args) > 0 && args[0] == "-err"
	if errs {
		args = args[1:]
	}
	if neg || len(args) != 2 {
		ts.Fatalf("usage: prints [-err] NAME TEXT")
	}
	j := jobOf(ts, args[0])
	stream := j.stdout
	if errs {
		stream = j.stderr
	}
	if !stream.await(args[1], j.ended) {
		ts.Fatalf("%s has printed %q, want it to contain %q\nstdout: %s\nstderr: %s", args[0], stream.String(), args[1], j.stdout.String(), j.stderr.String())
	}
}

// finishes NAME CODE[,CODE...] waits for a launched program and asserts its
// exact exit code, one of several where more than one is the truth. Its streams
// become stdout and stderr of the script.
func cmdFinishes(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: finishes NAME CODE[,CODE...]")
	}
	j := jobOf(ts, args[0])
	select {
	case <-j.ended:
	case <-time.After(suite.Patience):
		ts.Fatalf("%s has not finished", args[0])
	}
	j.collected = true
	ts.Stdout().Write([]byte(j.stdout.String()))
	ts.Stderr().Write([]byte(j.stderr.String()))
	status := j.cmd.ProcessState.Sys().(syscall.WaitStatus)
	got := status.ExitStatus()
	if status.Signaled() {
		got = 128 + int(status.Signal())
	}
	if !slices.Contains(strings.Split(args[1], ","), strconv.Itoa(got)) {
		ts.Fatalf("exit code of %s = %d, want %s\nstderr: %s", args[0], got, args[1], j.stderr.String())
	}
}

// endJobs kills the launched programs that still run and tells which.
func (s *script) endJobs() (left []string) {
	for name, j := range s.jobs {
		select {
		case <-j.ended:
		default:
			if !j.collected {
				left = append(left, "launched as "+name)
			}
			j.cmd.Process.Kill()
			<-j.ended
		}
	}
	return left
}

// watchedBuffer is a buffer whose growth can be waited for.
type watchedBuffer struct {
	mu   sync.Mutex
	data bytes.Buffer
	grew chan struct{} // closed and renewed with every write
}

func newWatchedBuffer() *watchedBuffer { return &watchedBuffer{grew: make(chan struct{})} }

func (b *watchedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.grew)
	b.grew = make(chan struct{})
	return b.data.Write(p)
}

func (b *watchedBuffer) String() string {
	text, _ := b.look()
	return text
}

func (b *watchedBuffer) look() (text string, grew <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.data.String(), b.grew
}

// await waits until the buffer contains text, or its writer has ended without.
func (b *watchedBuffer) await(text string, ended <-chan struct{}) bool {
	deadline := time.After(suite.Patience)
	for {
		have, grew := b.look()
		if strings.Contains(have, text) {
			return true
		}
		select {
		case <-grew:
		case <-ended:
			return strings.Contains(b.String(), text)
		case <-deadline:
			return false
		}
	}
}
