//go:build linux

package script

import (
	"bufio"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"

	"bgtasks/test/suite"
)

var eventCommands = map[string]scriptCommand{
	"fifo":    cmdFIFO,
	"await":   cmdAwait,
	"release": cmdRelease,
	"appears": cmdAppears,
}

// fifo is a named pipe between a script and its tasks. The script has it open
// for reading and writing all the time, so neither side blocks in open(2) and
// a line is never lost.
type fifo struct {
	file  *os.File
	lines *bufio.Reader
}

func (f *fifo) close() { f.file.Close() }

// fifo NAME... makes named pipes in the script's directory. A task writes a
// line to one to be awaited, or reads a line from one to be released.
func cmdFIFO(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: fifo NAME...")
	}
	for _, name := range args {
		path := ts.MkAbs(name)
		ts.Check(unix.Mkfifo(path, 0o600))
		f, err := os.OpenFile(path, os.O_RDWR|unix.O_NONBLOCK, 0)
		ts.Check(err)
		scriptOf(ts).fifos[name] = &fifo{f, bufio.NewReader(f)}
	}
}

func fifoOf(ts *testscript.TestScript, name string) *fifo {
	f := scriptOf(ts).fifos[name]
	if f == nil {
		ts.Fatalf("no fifo %q was made", name)
	}
	return f
}

// await FIFO [VAR] waits for a line in a FIFO and puts it into a variable.
func cmdAwait(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: await FIFO [VAR]")
	}
	f := fifoOf(ts, args[0])
	ts.Check(f.file.SetReadDeadline(time.Now().Add(suite.Patience)))
	line, err := f.lines.ReadString('\n')
	if err != nil {
		ts.Fatalf("await %s: %v", args[0], err)
	}
	if len(args) == 2 {
		ts.Setenv(args[1], strings.TrimSpace(line))
	}
}

// release FIFO writes a line into a FIFO, for one reader.
func cmdRelease(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: release FIFO")
	}
	_, err := fifoOf(ts, args[0]).file.WriteString("go\n")
	ts.Check(err)
}

// appears GLOB [N] waits until a file matches, or N of them.
func cmdAppears(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: appears GLOB [N]")
	}
	want := 1
	if len(args) == 2 {
		n, err := strconv.Atoi(args[1])
		ts.Check(err)
		want = n
	}
	awaitFiles(ts, ts.MkAbs(args[0]), want)
}

// awaitFiles waits until as many files match, and for their directory before.
func awaitFiles(ts *testscript.TestScript, glob string, want int) {
	if _, err := os.Stat(filepath.Dir(glob)); errors.Is(err, fs.ErrNotExist) {
		awaitFiles(ts, filepath.Dir(glob), 1)
	}
	watch, err := watchDir(filepath.Dir(glob))
	ts.Check(err)
	defer watch.Close()
	ts.Check(watch.SetReadDeadline(time.Now().Add(suite.Patience)))
	for buf := make([]byte, 64<<10); ; {
		found, err := filepath.Glob(glob)
		ts.Check(err)
		if len(found) >= want {
			return
		}
		if _, err := watch.Read(buf); err != nil {
			ts.Fatalf("%d files match %s, want %d: %v", len(found), glob, want, err)
		}
	}
}

// watchDir opens an inotify(7) instance whose reads return when a file comes
// into dir.
func watchDir(dir string) (*os.File, error) {
	fd, err := unix.InotifyInit1(unix.IN_NONBLOCK | unix.IN_CLOEXEC)
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), "inotify")
	if _, err := unix.InotifyAddWatch(fd, dir, unix.IN_CREATE|unix.IN_MOVED_TO); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
