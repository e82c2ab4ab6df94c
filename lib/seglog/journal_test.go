package seglog

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// flock is a journal's lock as a caller would give it.
func flock(dir string) func() (func(), error) {
	return func() (func(), error) {
		f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, err
		}
		for {
			err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
			if err == nil {
				return func() { f.Close() }, nil
			}
			if err != syscall.EINTR {
				f.Close()
				return nil, err
			}
		}
	}
}

func journal(t testing.TB, dir string, limit int64) *Journal {
	j := OpenJournal(dir, flock(dir))
	j.limit = limit
	t.Cleanup(func() { j.Close() })
	return j
}

func appendLine(t testing.TB, j *Journal, line string) int64 {
	t.Helper()
	off, err := j.Append([]byte(line))
	if err != nil {
		t.Fatalf("Append(%q) = %v", line, err)
	}
	return off
}

func journalReader(t testing.TB, dir string, cursor int64) *JournalReader {
	t.Helper()
	r, err := OpenJournalReader(dir, cursor)
	if err != nil {
		t.Fatalf("OpenJournalReader(%d) = %v", cursor, err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// expect reads the given lines and then the end, and returns the cursor.
func expect(t testing.TB, r *JournalReader, lines ...string) int64 {
	t.Helper()
	for _, want := range lines {
		if got, _, err := r.Next(); string(got) != want || err != nil {
			t.Fatalf("Next() = %q, %v, want %q", got, err, want)
		}
	}
	got, cursor, err := r.Next()
	if err != io.EOF {
		t.Fatalf("Next() = %q, %v, want EOF", got, err)
	}
	return cursor
}

func TestEveryCursorResumes(t *testing.T) {
	dir := t.TempDir()
	j := journal(t, dir, 100)
	live := journalReader(t, dir, 0)
	expect(t, live)
	var lines []string
	cursors := []int64{0}
	for i := range 60 {
		line := strings.Repeat("z", i*31%57) + "\n"
		lines = append(lines, line)
		cursors = append(cursors, appendLine(t, j, line))
		if got := expect(t, live, line); got != cursors[i+1] {
			t.Fatalf("cursor = %d, want %d", got, cursors[i+1])
		}
	}
	starts, _ := segments(dir)
	if len(starts) < 10 {
		t.Errorf("%d segments, want many", len(starts))
	}
	for i, c := range cursors {
		expect(t, journalReader(t, dir, c), lines[i:]...)
	}
	end := cursors[len(cursors)-1]
	if got, err := j.End(); got != end || err != nil {
		t.Errorf("End() = %d, %v, want %d", got, err, end)
	}
}

func TestJournalCursorsThatNeverWere(t *testing.T) {
	dir := t.TempDir()
	j := journal(t, dir, 10)
	var bad *BadCursorError
	if _, err := OpenJournalReader(dir, 1); !errors.As(err, &bad) {
		t.Errorf("OpenJournalReader(empty, 1) = %v, want BadCursorError", err)
	}
	appendLine(t, j, "12345678901\n")
	appendLine(t, j, "abc\n")
	for _, c := range []int64{-1, 1, 11, 13, 17, 1000} {
		if _, err := OpenJournalReader(dir, c); !errors.As(err, &bad) || bad.Cursor != c {
			t.Errorf("OpenJournalReader(%d) = %v, want BadCursorError", c, err)
		}
	}
}

func TestJournalSegmentsRemoved(t *testing.T) {
	dir := t.TempDir()
	j := journal(t, dir, 4)
	late := journalReader(t, dir, 0)
	appendLine(t, j, "one\n")
	slow := journalReader(t, dir, 0)
	for _, s := range []string{"two\n", "three\n", "four\n"} {
		appendLine(t, j, s)
	}
	for _, start := range []int64{0, 4} {
		if err := os.Remove(segmentPath(dir, start)); err != nil {
			t.Fatal(err)
		}
	}
	var old *TooOldError
	if _, err := OpenJournalReader(dir, 4); !errors.As(err, &old) || *old != (TooOldError{4, 8}) {
		t.Errorf("OpenJournalReader(4) = %v, want TooOldError from 8", err)
	}
	if line, _, err := slow.Next(); string(line) != "one\n" || err != nil {
		t.Errorf("Next() = %q, %v, want the line of an open segment", line, err)
	}
	for name, r := range map[string]*JournalReader{"slow": slow, "late": late} {
		if _, _, err := r.Next(); !errors.As(err, &old) || old.Oldest != 8 {
			t.Errorf("%s: Next() = %v, want TooOldError from 8", name, err)
		}
	}
	expect(t, journalReader(t, dir, 8), "three\n", "four\n")
}

// A writer that died in the middle of a line: nobody sees that part.
func TestTornLine(t *testing.T) {
	dir := t.TempDir()
	j := journal(t, dir, segmentSize)
	off := appendLine(t, j, "one\n")
	r := journalReader(t, dir, 0)
	torn := "to" + strings.Repeat("r", 5000)
	if _, err := j.file.WriteAt([]byte(torn), off); err != nil {
		t.Fatal(err)
	}
	expect(t, r, "one\n")
	if got, err := j.End(); got != off || err != nil {
		t.Errorf("End() = %d, %v, want %d", got, err, off)
	}
	appendLine(t, journal(t, dir, segmentSize), "two\n")
	expect(t, r, "two\n")
}

func TestJournalTakesOneLine(t *testing.T) {
	j := journal(t, t.TempDir(), segmentSize)
	for _, s := range []string{"", "a", "a\nb\n", "a\nb", "\n\n"} {
		if _, err := j.Append([]byte(s)); err == nil {
			t.Errorf("Append(%q) succeeded", s)
		}
	}
	long := strings.Repeat("l", 3<<20) + "\n"
	appendLine(t, j, long)
	expect(t, journalReader(t, j.dir, 0), long)
}

func TestJournalLockFails(t *testing.T) {
	want := errors.New("no lock")
	j := OpenJournal(t.TempDir(), func() (func(), error) { return nil, want })
	if _, err := j.Append([]byte("x\n")); !errors.Is(err, want) {
		t.Errorf("Append() = %v, want %v", err, want)
	}
}

const (
	appenders = 4 // processes
	threads   = 2 // in each of them
	appended  = 500
)

// TestMain lets the test binary be one of the appending processes.
func TestMain(m *testing.M) {
	dir := os.Getenv("SEGLOG_APPEND_TO")
	if dir == "" {
		os.Exit(m.Run())
	}
	j := OpenJournal(dir, flock(dir))
	j.limit = 2000
	var wg sync.WaitGroup
	for i := range threads {
		wg.Go(func() {
			for n := range appended {
				line := os.Getenv("SEGLOG_NAME") + "." + strconv.Itoa(i) + " " + strconv.Itoa(n) + "\n"
				if _, err := j.Append([]byte(line)); err != nil {
					panic(err)
				}
			}
		})
	}
	wg.Wait()
}

// Eight writers in four processes, and a reader beside them: every line once,
// whole, and in each writer's order.
func TestConcurrentAppenders(t *testing.T) {
	dir := t.TempDir()
	var cmds []*exec.Cmd
	for i := range appenders {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "SEGLOG_APPEND_TO="+dir, "SEGLOG_NAME="+strconv.Itoa(i))
		cmd.Stderr = os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		cmds = append(cmds, cmd)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for _, cmd := range cmds {
			if err := cmd.Wait(); err != nil {
				t.Error(err)
			}
		}
	}()
	next := map[string]int{}
	r := journalReader(t, dir, 0)
	for range appenders * threads * appended {
		line := nextLine(t, r, ended)
		name, n, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if n != strconv.Itoa(next[name]) {
			t.Fatalf("line of %s = %q, want %d", name, line, next[name])
		}
		next[name]++
	}
	<-ended
	if len(next) != appenders*threads {
		t.Errorf("%d writers were read, want %d", len(next), appenders*threads)
	}
}

// nextLine waits for a line until the writers have ended.
func nextLine(t *testing.T, r *JournalReader, ended <-chan struct{}) string {
	t.Helper()
	for {
		last := false
		select {
		case <-ended:
			last = true
		default:
		}
		line, _, err := r.Next()
		if err == nil {
			return string(line)
		}
		if err != io.EOF || last {
			t.Fatalf("Next() = %v, want a line", err)
		}
		runtime.Gosched()
	}
}

func TestJournalOnFullFileSystem(t *testing.T) {
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		t.Skip("mounting a tmpfs needs Linux and root")
	}
	dir := t.TempDir()
	if err := mountTmpfs(dir, "size=256k"); err != nil {
		t.Skip("cannot mount a tmpfs: ", err)
	}
	defer unmount(t, dir)
	j := journal(t, dir, segmentSize)
	line := strings.Repeat("e", 999) + "\n"
	appendLine(t, j, line)
	// Ends with an error: the file system is full then.
	_ = os.WriteFile(filepath.Join(dir, "ballast"), make([]byte, 256<<10), 0o600)
	kept := 1
	for ; kept < 1000; kept++ {
		if _, err := j.Append([]byte(line)); err != nil {
			if !errors.Is(err, syscall.ENOSPC) {
				t.Errorf("Append() = %v, want %v", err, syscall.ENOSPC)
			}
			break
		}
	}
	if kept < 16 || kept == 1000 {
		t.Errorf("%d lines found room, want those of the reservation", kept)
	}
	if err := os.Remove(filepath.Join(dir, "ballast")); err != nil {
		t.Fatal(err)
	}
	appendLine(t, j, "last\n")
	r := journalReader(t, dir, 0)
	for range kept {
		if got, _, err := r.Next(); string(got) != line || err != nil {
			t.Fatalf("Next() = %q, %v, want a whole line", got, err)
		}
	}
	expect(t, r, "last\n")
	j.Close()
	r.Close()
}

func BenchmarkAppend(b *testing.B) {
	dir := b.TempDir()
	j := journal(b, dir, segmentSize)
	line := []byte(strings.Repeat("e", 300) + "\n")
	for b.Loop() {
		if _, err := j.Append(line); err != nil {
			b.Fatal(err)
		}
	}
}
