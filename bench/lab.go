package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"
)

// lab is where a run of the benchmark happens: one directory, and the processes
// below this one. Both are gone after close.
type lab struct {
	dir   string   // all files of all contestants
	bin   string   // the programs of the suite
	self  string   // this program, which also plays the tasks that write
	env   []string // of every command
	smoke bool
	runs  int // of each contestant; 0 takes the scenario's own

	empty map[string]string // the programs that do nothing, by language

	accepted map[int]process // what came during a run and is to stay

	mu   sync.Mutex
	own  map[int]bool // pids of commands in the background, which have a waiter
	made int          // directories handed out
}

// openLab makes the directory, and the environment that all commands get: nothing
// of the caller's but the PATH, with the suite's programs first.
func openLab(bin string, smoke bool) (*lab, error) {
	if err := adoptOrphans(); err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find own program: %w", err)
	}
	if bin, err = filepath.Abs(bin); err != nil {
		return nil, fmt.Errorf("find the programs of the suite: %w", err)
	}
	dir, err := os.MkdirTemp("", "bgtasks-bench-")
	if err != nil {
		return nil, fmt.Errorf("make the directory of the benchmark: %w", err)
	}
	scatter(dir)
	path := bin + ":" + os.Getenv("PATH") + ":/usr/sbin:/sbin"
	if err := os.Setenv("PATH", path); err != nil {
		return nil, err
	}
	l := &lab{dir: dir, bin: bin, self: self, smoke: smoke, own: map[int]bool{}}
	l.env = []string{"PATH=" + path, "HOME=" + dir, "TMPDIR=" + dir, "LC_ALL=C", "TERM=dumb", "NO_COLOR=1"}
	return l, nil
}

// close ends every process that is left below this one, whatever its parent was,
// and removes the directory.
func (l *lab) close() error {
	err := l.clear(map[int]process{})
	return errors.Join(err, os.RemoveAll(l.dir))
}

// clear ends all descendants that are not in before, until none is left. Each
// round can only meet what was forked since the last one.
func (l *lab) clear(before map[int]process) error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for {
		list := newcomers(before)
		if len(list) == 0 {
			reap(l.isOwn)
			return nil
		}
		killAll(list)
		if err := await(ctx, list); err != nil {
			return err
		}
	}
}

// settle waits until all processes that came since before have ended of
// themselves, so that no contestant pays for what another one left to do.
func (l *lab) settle(ctx context.Context, before map[int]process) error {
	ctx, cancel := context.WithTimeoutCause(ctx, 20*time.Second, errors.New("still there after 20 s"))
	defer cancel()
	for {
		list := slices.DeleteFunc(newcomers(before), func(p process) bool { return p.in(l.accepted) })
		if len(list) == 0 {
			reap(l.isOwn)
			return nil
		}
		if err := await(ctx, list); err != nil {
			return err
		}
	}
}

// accept lets all processes that there are stay, as far as settle goes. Contestants
// that run in turn are alone when they call it.
func (l *lab) accept() { l.accepted = descendants() }

// await waits for the end of all these processes.
func await(ctx context.Context, list []process) error {
	for _, p := range list {
		h, ok := grasp(p)
		if !ok {
			continue
		}
		err := h.gone(ctx)
		h.close()
		if err != nil {
			return err
		}
	}
	return nil
}

func (l *lab) isOwn(pid int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.own[pid]
}

// folder makes a new directory for one contestant in one scenario. The names are
// short: some peers put sockets there, whose paths may have 108 bytes.
func (l *lab) folder() (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.made++
	dir := filepath.Join(l.dir, strconv.Itoa(l.made))
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", fmt.Errorf("make a directory: %w", err)
	}
	return dir, nil
}

// idle programs, in Go and in C: what a process costs that does nothing; and one
// in Go that does nothing but to run another.
const (
	emptyGo  = "package main\n\nfunc main() {}\n"
	emptyC   = "int main(void) { return 0; }\n"
	parentGo = `package main

import "os"

func main() {
	p, err := os.StartProcess(os.Args[1], os.Args[1:2], &os.ProcAttr{})
	if err != nil {
		panic(err)
	}
	p.Wait()
}
`
)

// buildEmpty builds the empty programs as far as there are compilers.
func (l *lab) buildEmpty(ctx context.Context) {
	l.empty = map[string]string{}
	l.build(ctx, "go", "empty.go", emptyGo, "go", "build", "-ldflags=-s -w", "-o")
	l.build(ctx, "parent", "parent.go", parentGo, "go", "build", "-ldflags=-s -w", "-o")
	l.build(ctx, "c", "empty.c", emptyC, "cc", "-O2", "-o")
}

func (l *lab) build(ctx context.Context, key, name, text string, compiler ...string) {
	source, out := filepath.Join(l.dir, name), filepath.Join(l.dir, "empty-"+key)
	if os.WriteFile(source, []byte(text), 0o600) != nil {
		return
	}
	cmd := exec.CommandContext(ctx, compiler[0], append(compiler[1:], out, source)...)
	cmd.Dir, cmd.Env = l.dir, append(os.Environ(), "CGO_ENABLED=0")
	if cmd.Run() == nil {
		l.empty[key] = out
	}
}

// until asks again and again, with a short pause, until the answer is yes. It is
// for daemons that tell in no other way that they are ready, and for what a tool
// writes with nobody to tell it.
func until(ctx context.Context, what string, patience, pause time.Duration, ready func() bool) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("not within %s", patience))
	defer cancel()
	for !ready() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w", what, context.Cause(ctx))
		case <-time.After(pause):
		}
	}
	return nil
}
