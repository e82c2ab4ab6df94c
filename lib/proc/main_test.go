package proc

import (
	"bufio"
	"errors"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// helperEnv makes this test binary one of the programs below, so that tests have real processes to look at.
const helperEnv = "PROC_TEST_HELPER"

// A helper has the descriptors of a [stage]: it reports on 1, and ends when 0 does, which is when the test is over,
// however that came about. So no helper outlives a test, not even one that was killed.
var helpers = map[string]func(arg string){
	// exit ends at once with its argument.
	"exit": func(arg string) { os.Exit(number(arg)) },
	// sleeper reports its pid and waits.
	"sleeper": func(string) { report(os.Getpid()); untilEOF() },
	// killself dies of the signal in its argument.
	"killself": func(arg string) {
		syscall.Kill(os.Getpid(), syscall.Signal(number(arg)))
		untilEOF()
	},
	"termignorer": func(string) {
		signal.Ignore(syscall.SIGTERM)
		report(os.Getpid())
		untilEOF()
	},
	// term7 exits 7 when it gets TERM.
	"term7": func(string) {
		c := make(chan os.Signal, 1)
		signal.Notify(c, syscall.SIGTERM)
		report(os.Getpid())
		<-c
		os.Exit(7)
	},
	"catcher": func(string) { CatchAll(); report(os.Getpid()); untilEOF() },
	// daemon is the middle of a double fork.
	"daemon": func(arg string) { launch(arg, "", true); os.Exit(0) },
	// parent has two children, one of them in a session of its own.
	"parent": func(arg string) {
		launch(arg, "", false)
		launch(arg, "", true)
		untilEOF()
	},
	// unreaping leaves a zombie of the helper "exit N", and reports it when it is one.
	"unreaping": func(arg string) {
		pid := launch("exit", arg, false)
		awaitChild(pid)
		report(pid)
		untilEOF()
	},
	// forgetful starts a sleeper and ends with status 3.
	"forgetful": func(string) { launch("sleeper", "", false); os.Exit(3) },
}

// TestMain makes the test process the supervisor of everything that the tests start.
func TestMain(m *testing.M) {
	if name := os.Getenv(helperEnv); name != "" {
		helpers[name](os.Getenv(helperEnv + "_ARG"))
		os.Exit(0)
	}
	if err := SetSubreaper(); err != nil && !isUnsupported(err) {
		panic(err)
	}
	os.Exit(m.Run())
}

func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		panic(err)
	}
	return n
}

func report(pid int) { os.Stdout.WriteString(strconv.Itoa(pid) + "\n") }

func untilEOF() {
	var b [1]byte
	for {
		if n, err := os.Stdin.Read(b[:]); n == 0 || err != nil {
			os.Exit(0)
		}
	}
}

// launch starts a helper from within a helper, with the same descriptors.
func launch(name, arg string, setsid bool) int {
	pid, err := Spawn(helperSpec(name, arg, setsid, []uintptr{0, 1, 2}))
	if err != nil {
		panic(err)
	}
	return pid
}

func helperSpec(name, arg string, setsid bool, files []uintptr) SpawnSpec {
	exe, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return SpawnSpec{
		Path: exe,
		Argv: []string{"helper-" + name},
		// A program built with -race waits a second at its end if it is not told otherwise.
		Env:    []string{helperEnv + "=" + name, helperEnv + "_ARG=" + arg, "GORACE=atexit_sleep_ms=0"},
		Files:  files,
		Setsid: setsid,
		Umask:  -1,
	}
}

// awaitChild blocks until a child is a zombie.
func awaitChild(pid int) {
	id, err := Identify(pid)
	if err != nil {
		panic(err)
	}
	fd, err := ExitFD(id)
	if err != nil {
		panic(err)
	}
	defer unix.Close(fd)
	if !pollFor(fd) {
		panic("child " + strconv.Itoa(pid) + " did not end")
	}
}

// pollFor waits for fd to be readable, long enough for the slowest machine.
func pollFor(fd int) bool {
	return pollWithin(fd, 60_000)
}

func pollWithin(fd, ms int) bool {
	fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	for {
		n, err := unix.Poll(fds, ms)
		if err != unix.EINTR {
			return n == 1
		}
	}
}

// A stage is where a test's helpers live. Closing its stdin ends those that still listen; its stdout is at its end
// only when no process of the test is left, wherever it went.
type stage struct {
	t      *testing.T
	stdin  *os.File // ours to write to
	theirs [2]*os.File
	lines  *bufio.Reader
	out    *os.File
}

// newStage also checks, at the end of the test, that nothing of it is left.
func newStage(t *testing.T) *stage {
	t.Helper()
	in, stdin, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	out, stdout, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{t, stdin, [2]*os.File{in, stdout}, bufio.NewReader(out), out}
	t.Cleanup(s.close)
	return s
}

func (s *stage) files() []uintptr {
	return []uintptr{s.theirs[0].Fd(), s.theirs[1].Fd(), 2}
}

func (s *stage) close() {
	s.stdin.Close()
	s.theirs[0].Close()
	s.killAll()
	s.assertNoneLeft()
	s.out.Close()
}

// killAll ends everything.
func (s *stage) killAll() {
	s.t.Helper()
	s.killKeeping(0)
}

// killKeeping is the loop that a supervisor runs to end its tree; leader stays a zombie.
func (s *stage) killKeeping(leader int) {
	s.t.Helper()
	notifier, err := NewChildNotifier()
	if err != nil {
		s.t.Fatal(err)
	}
	defer notifier.Start()()
	for !s.killRound(leader) {
		if !pollFor(notifier.FD) {
			s.t.Fatal("no SIGCHLD although children were killed")
		}
		DrainPipe(notifier.FD)
	}
}

func (s *stage) killRound(leader int) (empty bool) {
	s.t.Helper()
	tree := OwnTree(nil)
	if _, err := tree.KillChildren(); err != nil && !isGone(err) {
		s.t.Fatalf("KillChildren() = %v", err)
	}
	empty, err := tree.Empty(0)
	if err != nil {
		s.t.Fatalf("Empty() = %v", err)
	}
	if _, _, err := tree.Reap(leader); err != nil {
		s.t.Fatalf("Reap(%d) = %v", leader, err)
	}
	return empty
}

// assertNoneLeft reads stdout to its end, which comes when the last process that has it is gone, and returns how many
// lines there were.
func (s *stage) assertNoneLeft() (lines int) {
	s.t.Helper()
	s.theirs[1].Close()
	for ; ; lines++ {
		if !pollFor(int(s.out.Fd())) {
			s.t.Fatal("a process of the test is left")
		}
		if _, err := s.lines.ReadString('\n'); err != nil {
			return lines
		}
	}
}

func (s *stage) spawn(name, arg string) int {
	s.t.Helper()
	pid, err := Spawn(helperSpec(name, arg, true, s.files()))
	if err != nil {
		s.t.Fatalf("Spawn(%s) = %v", name, err)
	}
	return pid
}

func (s *stage) line() string {
	s.t.Helper()
	line, err := s.lines.ReadString('\n')
	if err != nil {
		s.t.Fatalf("a helper should have reported: %v", err)
	}
	return strings.TrimSuffix(line, "\n")
}

// reported returns the identity of the next process that reports itself.
func (s *stage) reported() Identity {
	s.t.Helper()
	return s.identify(number(s.line()))
}

func (s *stage) identify(pid int) Identity {
	s.t.Helper()
	id, err := Identify(pid)
	if err != nil {
		s.t.Fatalf("Identify(%d) = %v", pid, err)
	}
	return id
}

func wantPresence(t *testing.T, id Identity, want Presence) {
	t.Helper()
	if got, err := id.Presence(); got != want || err != nil {
		t.Errorf("%v.Presence() = %v, %v, want %v", id, got, err, want)
	}
}

func wantError(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s = %v, want %v", what, err, want)
	}
}

func needSubreaper(t *testing.T) {
	t.Helper()
	if runtime.GOOS == "darwin" {
		t.Skip("orphans cannot be kept on this system")
	}
}

// awaitEnd blocks until the child has ended, and leaves it unreaped.
func (s *stage) awaitEnd(pid int) {
	s.t.Helper()
	awaitChild(pid)
	if ended, err := Ended(pid); !ended || err != nil {
		s.t.Fatalf("Ended(%d) = %v, %v after its exit descriptor was readable", pid, ended, err)
	}
}
