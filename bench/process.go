package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"
)

// command is a program to be run to its end. It gets an empty standard input, and
// the environment of the lab with env after it.
type command struct {
	argv []string
	env  []string
	dir  string
	fine []int // exit codes beside 0 that are no failures
}

// errUnavailable is wrapped by all errors that say that a program has not got the
// verb or the flag which a scenario needs.
var errUnavailable = errors.New("not available")

// exitError is a command that ended otherwise than with 0.
type exitError struct {
	program string
	code    int // -1 for a signal
	said    string
}

func (e *exitError) Error() string {
	return fmt.Sprintf("%s exited with %d: %s", e.program, e.code, e.said)
}

// Unwrap makes a usage error of a command of the suite one of a flag that is not
// there: the benchmark's own command lines are right.
func (e *exitError) Unwrap() error {
	if e.code == 2 && strings.HasPrefix(e.program, "bg-") || strings.Contains(e.said, "unknown field") {
		return errUnavailable
	}
	return nil
}

// timed runs a command and returns how long it took from before its fork until it
// was reaped, and what it wrote to standard output. Its output goes to files, not
// pipes: what a background process of it keeps open is not waited for.
func (l *lab) timed(ctx context.Context, c command) (time.Duration, string, error) {
	stdout, stderr, release, err := l.outputs()
	if err != nil {
		return 0, "", err
	}
	defer release()
	cmd := l.prepare(ctx, c)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, "", startError(c.argv[0], err)
	}
	err = cmd.Wait()
	took := time.Since(began)
	if ctx.Err() != nil {
		return took, "", fmt.Errorf("run %s: %w", c.argv[0], context.Cause(ctx))
	}
	if err != nil && !slices.Contains(c.fine, cmd.ProcessState.ExitCode()) {
		return took, "", &exitError{base(c.argv[0]), cmd.ProcessState.ExitCode(), firstLine(reread(stderr) + "\n" + reread(stdout))}
	}
	return took, reread(stdout), nil
}

// do is timed for commands whose time and output are of no interest.
func (l *lab) do(ctx context.Context, c command) error {
	_, _, err := l.timed(ctx, c)
	return err
}

// prepare makes a command in a process group of its own, so that Ctrl-C reaches
// the benchmark alone, which ends what it started in good order.
func (l *lab) prepare(ctx context.Context, c command) *exec.Cmd {
	cmd := exec.CommandContext(ctx, c.argv[0], c.argv[1:]...)
	cmd.Env = append(append([]string{}, l.env...), c.env...)
	cmd.Dir = l.dir
	if c.dir != "" {
		cmd.Dir = c.dir
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd
}

// startError tells programs that aren't there from other failures.
func startError(program string, err error) error {
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%w: there is no %s", errUnavailable, base(program))
	}
	return fmt.Errorf("start %s: %w", program, err)
}

// outputs makes two files without a name.
func (l *lab) outputs() (stdout, stderr *os.File, release func(), err error) {
	if stdout, err = l.nameless(); err != nil {
		return nil, nil, nil, err
	}
	if stderr, err = l.nameless(); err != nil {
		stdout.Close()
		return nil, nil, nil, err
	}
	return stdout, stderr, func() { stdout.Close(); stderr.Close() }, nil
}

func (l *lab) nameless() (*os.File, error) {
	f, err := os.CreateTemp(l.dir, "out-")
	if err != nil {
		return nil, fmt.Errorf("make a file for output: %w", err)
	}
	return f, os.Remove(f.Name())
}

// reread returns what was written to a file.
func reread(f *os.File) string {
	info, err := f.Stat()
	if err != nil {
		return ""
	}
	data := make([]byte, info.Size())
	n, _ := f.ReadAt(data, 0)
	return string(bytes.TrimSpace(data[:n]))
}

// firstLine is the first line that says something.
func firstLine(text string) string {
	for line := range strings.Lines(text) {
		if trimmed := strings.TrimSpace(line); trimmed != "" {
			return trimmed
		}
	}
	return "nothing said"
}

func base(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// mkfifo makes a FIFO for this user alone.
func mkfifo(path string) error {
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		return fmt.Errorf("make the FIFO %s: %w", path, err)
	}
	return nil
}

// lookup is the absolute path of a program, or its name if there is none.
func lookup(program string) string {
	if path, err := exec.LookPath(program); err == nil {
		return path
	}
	return program
}

// background is a command that runs beside the benchmark: a daemon of a peer, or
// a waiter whose return is awaited.
type background struct {
	cmd  *exec.Cmd
	done chan error
	out  string // the path of its output, standard error included
}

// launch starts a command in the background; its output goes to a file in dir.
func (l *lab) launch(ctx context.Context, dir string, c command) (*background, error) {
	out, err := os.CreateTemp(dir, "background-")
	if err != nil {
		return nil, fmt.Errorf("make a file for output: %w", err)
	}
	defer out.Close()
	b := &background{cmd: l.prepare(ctx, c), done: make(chan error, 1), out: out.Name()}
	b.cmd.Stdout, b.cmd.Stderr = out, out
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := b.cmd.Start(); err != nil {
		return nil, startError(c.argv[0], err)
	}
	l.own[b.pid()] = true
	go l.attend(b)
	return b, nil
}

// attend reaps a background command, and only then gives its pid back to [reap].
func (l *lab) attend(b *background) {
	err := b.cmd.Wait()
	l.mu.Lock()
	delete(l.own, b.pid())
	l.mu.Unlock()
	b.done <- err
}

func (b *background) pid() int { return b.cmd.Process.Pid }

// wait returns once the command has ended.
func (b *background) wait() error {
	err := <-b.done
	b.done <- err
	if err != nil {
		text, _ := os.ReadFile(b.out)
		return &exitError{base(b.cmd.Path), b.cmd.ProcessState.ExitCode(), firstLine(string(text))}
	}
	return nil
}

// end asks the command to end with TERM, and after patience with KILL.
func (b *background) end(patience time.Duration) {
	if b == nil {
		return
	}
	b.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case err := <-b.done:
		b.done <- err
	case <-time.After(patience):
		b.cmd.Process.Kill()
		b.wait()
	}
}
