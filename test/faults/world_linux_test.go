package bgtasks_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"bgtasks/lib/store"
)

// world is a home of its own with one task, whose truth the test knows without
// asking the suite: the task tells through a pipe what it has done, and goes on
// when it is let.
type world struct {
	t    *testing.T
	bin  string
	dir  string
	home string
	id   string

	flags   []string // of each start
	armed   []string // the environment that arms a point; nil while none is
	broken  bool     // the armed fault stays: the disk never takes what it refused
	lives   []*life
	past    int  // how many of them are of earlier starts
	cleared bool // the task was removed, or was to be
	note    *os.File
	rest    string // of a note that has not come whole
	gate    *os.File
}

// life is what the test knows of one run of the task's program.
type life struct {
	pid, run int
	stage    stage
	killed   bool // by the test itself
}

// stage is how far a life has come.
type stage int

const (
	begun   stage = iota // the program was executed
	printed              // it wrote the first part, and waits to be released
	written              // it wrote the rest, and waits to be released
	exiting              // it exits with trueCode
)

// stages are the words in which the task tells them.
var stages = []string{"begun", "printed", "written", "exiting"}

// trueCode is the exit code of every run that ends by itself.
const trueCode = 7

// taskScript tells each stage and waits twice. All of its output together fits
// into a pipe, so it gets on without a supervisor, too.
const taskScript = `#!/bin/sh
echo "begun $$ $BG_RUN" >"$WORLD/note"
cat "$WORLD/first"
echo "printed $$ $BG_RUN" >"$WORLD/note"
read -r go <"$WORLD/gate"
cat "$WORLD/second"
echo "written $$ $BG_RUN" >"$WORLD/note"
read -r go <"$WORLD/gate"
echo "exiting $$ $BG_RUN" >"$WORLD/note"
exit 7
`

// What a run writes: enough for some rotations under logMax.
const (
	firstBytes, secondBytes = 40000, 8000
	logMax                  = "32K"
)

func newWorld(t *testing.T, bin, id string) *world {
	t.Helper()
	dir := t.TempDir()
	w := &world{t: t, bin: bin, dir: dir, home: filepath.Join(dir, "home"), id: id + "-" + strconv.Itoa(os.Getpid())}
	w.write("task", taskScript)
	w.write("first", lines(0, firstBytes))
	w.write("second", lines(firstBytes, secondBytes))
	w.note, w.gate = w.pipe("note"), w.pipe("gate")
	t.Cleanup(w.leave)
	return w
}

// lines gives n bytes in lines that name their own offset.
func lines(from, n int) string {
	var b strings.Builder
	for ; b.Len() < n; from += 16 {
		fmt.Fprintf(&b, "%015d\n", from)
	}
	return b.String()
}

func (w *world) write(name, text string) {
	if err := os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o700); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) pipe(name string) *os.File {
	path := filepath.Join(w.dir, name)
	if err := unix.Mkfifo(path, 0o600); err != nil {
		w.t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|unix.O_NONBLOCK, 0)
	if err != nil {
		w.t.Fatal(err)
	}
	return f
}

// leave ends what is left, whatever the test found.
func (w *world) leave() {
	for _, pid := range w.processes() {
		unix.Kill(pid, unix.SIGKILL)
		awaitEnd(pid, patience)
	}
	for _, l := range w.lives {
		unix.Wait4(l.pid, nil, unix.WNOHANG, nil)
	}
	w.note.Close()
	w.gate.Close()
}

// answer is what a verb said.
type answer struct {
	code     int // -1 if a signal ended it
	out, err string
}

// verbTime is the most that a verb may take. One that is held up by a fault is
// killed, and that is one more fault.
const (
	verbTime  = 60 * time.Second
	armedTime = 8 * time.Second
)

// run runs a verb with the world's environment.
func (w *world) run(verb string, args ...string) answer {
	w.t.Helper()
	limit := verbTime
	if w.armed != nil {
		limit = armedTime
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(w.bin, verb), args...)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + w.dir, "WORLD=" + w.dir, "BACKGROUND_TASKS_HOME=" + w.home}, w.armed...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	cmd.WaitDelay = 10 * time.Second // who holds a dead verb's output that long is a fault
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		w.t.Fatalf("%s: %v", verb, err)
	}
	a := answer{cmd.ProcessState.ExitCode(), out.String(), errs.String()}
	if ctx.Err() != nil && w.armed == nil {
		w.t.Errorf("%s %v hangs", verb, args)
	}
	if strings.Contains(a.err, "goroutine ") {
		w.t.Errorf("%s %v: %s", verb, args, a.err)
	}
	return a
}

// must runs a verb whose answer has to be code.
func (w *world) must(code int, verb string, args ...string) answer {
	w.t.Helper()
	a := w.run(verb, args...)
	if a.code != code {
		w.t.Errorf("%s %v exits %d, want %d: %s", verb, args, a.code, code, a.err)
	}
	return a
}

// start starts the task.
func (w *world) start() answer {
	w.hear()
	w.past = len(w.lives)
	args := append([]string{"--id", w.id, "--log-max", logMax, "--grace", "0"}, w.flags...)
	return w.run("bg-start", append(args, filepath.Join(w.dir, "task"))...)
}

// restart runs it again.
func (w *world) restart() answer {
	w.hear()
	w.past = len(w.lives)
	return w.run("bg-restart", w.id)
}

// latest is the life that the newest start or restart began, if it did.
func (w *world) latest() *life {
	if len(w.lives) == w.past {
		return nil
	}
	return w.lives[len(w.lives)-1]
}

// hear takes in the notes that are there.
func (w *world) hear() {
	buf := make([]byte, 4096)
	for {
		n, err := unix.Read(int(w.note.Fd()), buf)
		if n <= 0 || err != nil {
			return
		}
		w.rest += string(buf[:n])
		for {
			line, rest, whole := strings.Cut(w.rest, "\n")
			if !whole {
				break
			}
			w.rest = rest
			w.learn(line)
		}
	}
}

func (w *world) learn(note string) {
	words := strings.Fields(note)
	pid, err1 := strconv.Atoi(words[1])
	run, err2 := strconv.Atoi(words[2])
	if err := errors.Join(err1, err2); err != nil {
		w.t.Fatalf("note %q: %v", note, err)
	}
	at := begun
	for i, word := range stages {
		if word == words[0] {
			at = stage(i)
		}
	}
	if at == begun {
		w.lives = append(w.lives, &life{pid: pid, run: run})
		return
	}
	for _, l := range w.lives {
		if l.pid == pid && l.run == run {
			l.stage = at
		}
	}
}

// await waits until the newest life has come that far, or no process is left
// that could bring it there.
func (w *world) await(at stage) bool { return w.awaitOf(w.latest, at) }

// awaitOf does the same for another life: the next attempt may have begun before
// this one was heard to come so far.
func (w *world) awaitOf(which func() *life, at stage) bool {
	deadline := time.Now().Add(patience)
	for {
		w.hear()
		if l := which(); l != nil && l.stage >= at {
			return true
		}
		pids := w.processes()
		if len(pids) == 0 {
			w.hear()
			l := which()
			return l != nil && l.stage >= at
		}
		if time.Now().After(deadline) {
			w.t.Errorf("the task does not get to %q: %v", stages[at], pids)
			return false
		}
		w.sleepUntilChange(pids, deadline)
	}
}

// sleepUntilChange waits for a note or the end of a process.
func (w *world) sleepUntilChange(pids []int, deadline time.Time) {
	set := []unix.PollFd{{Fd: int32(w.note.Fd()), Events: unix.POLLIN}}
	for _, pid := range pids {
		fd, err := unix.PidfdOpen(pid, 0)
		if err != nil {
			return
		}
		defer unix.Close(fd)
		set = append(set, unix.PollFd{Fd: int32(fd), Events: unix.POLLIN})
	}
	unix.Poll(set, int(max(time.Until(deadline).Milliseconds(), 0)))
}

// awaitEvent waits until the journal has an event of this name. It hangs up a
// bell of its own there, as a verb that follows the journal does.
func (w *world) awaitEvent(name string) {
	w.t.Helper()
	bell, err := store.NewBell(store.At(w.home).JournalBells(), store.BellChange)
	if err != nil {
		w.t.Fatal(err)
	}
	defer bell.Close()
	set := []unix.PollFd{{Fd: int32(bell.FD()), Events: unix.POLLIN}}
	deadline := time.Now().Add(patience)
	for !w.hasEvent(name) {
		if time.Now().After(deadline) {
			w.t.Fatalf("no event %q: %v", name, w.events())
		}
		unix.Poll(set, int(max(time.Until(deadline).Milliseconds(), 0)))
		bell.Drain()
	}
}

func (w *world) hasEvent(name string) bool {
	for _, names := range w.events() {
		if slices.Contains(names, name) {
			return true
		}
	}
	return false
}

// alive tells whether the newest life goes on.
func (w *world) alive() bool {
	w.hear()
	l := w.latest()
	return l != nil && runs(l.pid)
}

// release lets the task go on once.
func (w *world) release() {
	if _, err := w.gate.WriteString("go\n"); err != nil {
		w.t.Fatal(err)
	}
}

// finish lets the newest life run to its end.
func (w *world) finish() {
	w.await(begun)
	for w.alive() {
		l := w.latest()
		if l.stage == exiting {
			awaitEnd(l.pid, patience)
			return
		}
		if l.stage != begun {
			w.release()
		}
		if !w.awaitOf(func() *life { return l }, l.stage+1) {
			return
		}
	}
}

// processes are those of this world that have not ended: its verbs, shims and
// tasks have its home in their environment, and a shim that adopted the task
// its id in the argument list.
func (w *world) processes() (pids []int) {
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		if p := (process{pid}); p.isShim() && len(p.proc("cmdline")) == 0 && runs(pid) {
			awaitEnd(pid, time.Second) // it is ending, and may hold its lock for another moment
		} else if w.owns(p) && runs(pid) {
			pids = append(pids, pid)
		}
	}
	return pids
}

func (w *world) owns(p process) bool {
	environ := append([]byte{0}, p.proc("environ")...)
	return bytes.Contains(environ, []byte("\x00BACKGROUND_TASKS_HOME="+w.home+"\x00")) ||
		string(p.proc("cmdline")) == "bg-shim\x00"+w.id+"\x00" ||
		p.queueMode() != "" && strings.HasSuffix(p.cmdline(), " "+w.home)
}

// shims are the supervisors of this world.
func (w *world) shims() (pids []int) {
	for _, pid := range w.processes() {
		if (process{pid}).isShim() {
			pids = append(pids, pid)
		}
	}
	return pids
}

// killShims kills the supervisors, and waits until they have ended.
func (w *world) killShims() {
	for _, pid := range w.shims() {
		unix.Kill(pid, unix.SIGKILL)
		awaitEnd(pid, patience)
	}
}
