package suite

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Patience bounds every wait for an event that a passing test brings about.
const Patience = 60 * time.Second

// Home is a home of its own with the programs that work on it.
type Home struct {
	T    testing.TB
	Bin  string   // where the programs are
	Work string   // the directory in which they run. WORK=Work marks all that they start
	Path string   // the home
	Env  []string // of the programs

	Limit time.Duration // the most that one of them may take
}

// NewHome makes a work directory with a home in it, which does not exist yet. What
// still runs there when the test is over is killed.
func NewHome(t testing.TB, p *Programs) *Home {
	work := t.TempDir()
	h := &Home{T: t, Bin: p.Bin, Work: work, Path: filepath.Join(work, "home"), Limit: Patience}
	h.Env = []string{"PATH=" + p.Path(), "HOME=" + work, "WORK=" + work, "BACKGROUND_TASKS_HOME=" + h.Path}
	t.Cleanup(func() { EndProcesses(work) })
	return h
}

// Must fails the test at once if there is an error.
func (h *Home) Must(err error) {
	h.T.Helper()
	if err != nil {
		h.T.Fatal(err)
	}
}

// Command is a verb with its arguments.
func (h *Home) Command(ctx context.Context, words ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(h.Bin, words[0]), words[1:]...)
	cmd.Env, cmd.Dir = h.Env, h.Work
	return cmd
}

// Answer is what a verb said.
type Answer struct {
	Code     int // -1 if a signal ended it, or it could not be started
	Out, Err string
}

// Run runs a verb, which must end in time.
func (h *Home) Run(words ...string) Answer {
	h.T.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), h.Limit)
	defer cancel()
	a := h.RunUntil(ctx, words...)
	if ctx.Err() != nil {
		h.T.Errorf("%q has not ended in %v: %s", words, h.Limit, a.Err)
	}
	return a
}

// RunUntil runs a verb, which is killed when ctx is done.
func (h *Home) RunUntil(ctx context.Context, words ...string) Answer {
	h.T.Helper()
	var out, errs strings.Builder
	cmd := h.Command(ctx, words...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	cmd.WaitDelay = 10 * time.Second // whoever holds a dead verb's output that long is a fault
	err := cmd.Run()
	if cmd.ProcessState == nil || errors.Is(err, exec.ErrWaitDelay) {
		h.T.Errorf("%q: %v", words, err)
		return Answer{Code: -1}
	}
	return Answer{cmd.ProcessState.ExitCode(), out.String(), errs.String()}
}

// Expect runs a verb that has to exit with a code.
func (h *Home) Expect(code int, words ...string) Answer {
	h.T.Helper()
	a := h.Run(words...)
	if a.Code != code {
		h.T.Fatalf("%q: exit code %d, want %d: %s%s", words, a.Code, code, a.Out, a.Err)
	}
	return a
}

// Record reads a file of a task; the test fails if there is none.
func (h *Home) Record(id, name string) []byte {
	h.T.Helper()
	data, err := os.ReadFile(h.Task(id, name))
	h.Must(err)
	return data
}

// Task is the path of a file of a task.
func (h *Home) Task(id, name string) string { return filepath.Join(h.Path, "tasks", id, name) }
