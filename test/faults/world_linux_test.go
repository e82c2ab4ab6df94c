package faults

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"bgtasks/lib/store"
	"bgtasks/test/suite"
)

// world is a home of its own with one task, whose truth the test knows without
// asking the suite: the task tells through a pipe what it has done, and goes on
// when it is let.
type world struct {
	*suite.Home
	id string

	flags   []string // of each start
	unarmed []string // the environment of its verbs while no point is armed
	armed   bool     // one is
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
	suite.Process
	run   int
	stage stage
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

func newWorld(t *testing.T, programs *suite.Programs, id string) *world {
	t.Helper()
	w := &world{Home: suite.NewHome(t, programs), id: id + "-" + strconv.Itoa(os.Getpid())}
	w.unarmed = append(w.Env, "WORLD="+w.Work)
	w.disarm()
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
	w.Must(os.WriteFile(filepath.Join(w.Work, name), []byte(text), 0o700))
}

func (w *world) pipe(name string) *os.File {
	path := filepath.Join(w.Work, name)
	w.Must(unix.Mkfifo(path, 0o600))
	f, err := os.OpenFile(path, os.O_RDWR|unix.O_NONBLOCK, 0)
	w.Must(err)
	return f
}

// leave ends what is left, whatever the test found.
func (w *world) leave() {
	kill(w.processes())
	for _, l := range w.lives {
		unix.Wait4(l.PID, nil, unix.WNOHANG, nil)
	}
	w.note.Close()
	w.gate.Close()
}

// armedTime is the most that a verb may take while a point is armed. One that is held
// up by a fault is killed, and that is one more fault.
const armedTime = 8 * time.Second

// run runs a verb with the world's environment.
func (w *world) run(verb string, args ...string) suite.Answer {
	w.T.Helper()
	words := append([]string{verb}, args...)
	var a suite.Answer
	if w.armed {
		ctx, cancel := context.WithTimeout(context.Background(), armedTime)
		defer cancel()
		a = w.RunUntil(ctx, words...)
	} else {
		a = w.Run(words...)
	}
	if strings.Contains(a.Err, "goroutine ") {
		w.T.Errorf("%s %v: %s", verb, args, a.Err)
	}
	return a
}

// must runs a verb whose answer has to be code.
func (w *world) must(code int, verb string, args ...string) suite.Answer {
	w.T.Helper()
	a := w.run(verb, args...)
	if a.Code != code {
		w.T.Errorf("%s %v exits %d, want %d: %s", verb, args, a.Code, code, a.Err)
	}
	return a
}

// start starts the task.
func (w *world) start() suite.Answer {
	w.hear()
	w.past = len(w.lives)
	args := append([]string{"--id", w.id, "--log-max", logMax, "--grace", "0"}, w.flags...)
	return w.run("bg-start", append(args, filepath.Join(w.Work, "task"))...)
}

// restart runs it again.
func (w *world) restart() suite.Answer {
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
		w.T.Fatalf("note %q: %v", note, err)
	}
	at := begun
	for i, word := range stages {
		if word == words[0] {
			at = stage(i)
		}
	}
	if at == begun {
		w.lives = append(w.lives, &life{Process: suite.Process{PID: pid}, run: run})
		return
	}
	for _, l := range w.lives {
		if l.PID == pid && l.run == run {
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
	deadline := time.Now().Add(suite.Patience)
	for {
		w.hear()
		if l := which(); l != nil && l.stage >= at {
			return true
		}
		left := w.processes()
		if len(left) == 0 {
			w.hear()
			l := which()
			return l != nil && l.stage >= at
		}
		if time.Now().After(deadline) {
			w.T.Errorf("the task does not get to %q: %v", stages[at], left)
			return false
		}
		w.sleepUntilChange(left, deadline)
	}
}

// sleepUntilChange waits for a note or the end of a process.
func (w *world) sleepUntilChange(processes []suite.Process, deadline time.Time) {
	set := []unix.PollFd{{Fd: int32(w.note.Fd()), Events: unix.POLLIN}}
	for _, p := range processes {
		fd, err := unix.PidfdOpen(p.PID, 0)
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
	w.T.Helper()
	bell, err := store.NewBell(store.At(w.Path).JournalBells(), store.BellChange)
	w.Must(err)
	defer bell.Close()
	set := []unix.PollFd{{Fd: int32(bell.FD()), Events: unix.POLLIN}}
	deadline := time.Now().Add(suite.Patience)
	for !w.hasEvent(name) {
		if time.Now().After(deadline) {
			w.T.Fatalf("no event %q: %v", name, w.events())
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
	return l != nil && l.Runs()
}

// release lets the task go on once.
func (w *world) release() {
	_, err := w.gate.WriteString("go\n")
	w.Must(err)
}

// finish lets the newest life run to its end.
func (w *world) finish() {
	w.await(begun)
	for w.alive() {
		l := w.latest()
		if l.stage == exiting {
			l.AwaitEnd(suite.Patience)
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
func (w *world) processes() []suite.Process {
	return suite.Find(func(p suite.Process) bool {
		if p.PID == os.Getpid() {
			return false
		}
		if p.IsShim() && p.Args() == nil && p.Runs() {
			p.AwaitEnd(time.Second) // it is ending, and may hold its lock for another moment
			return false
		}
		return w.owns(p) && p.Runs()
	})
}

func (w *world) owns(p suite.Process) bool {
	_, home := p.QueueMode()
	return home == w.Path || p.HasEnv("BACKGROUND_TASKS_HOME="+w.Path) || slices.Equal(p.Args(), []string{"bg-shim", w.id})
}

// shims are the supervisors of this world.
func (w *world) shims() []suite.Process {
	return slices.DeleteFunc(w.processes(), func(p suite.Process) bool { return !p.IsShim() })
}

// killShims kills the supervisors, and waits until they have ended.
func (w *world) killShims() { kill(w.shims()) }

func kill(processes []suite.Process) {
	for _, p := range processes {
		unix.Kill(p.PID, unix.SIGKILL)
		p.AwaitEnd(suite.Patience)
	}
}
