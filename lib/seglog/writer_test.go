package seglog

import (
	"bytes"
	"errors"
	"io"
	"math/rand"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// 100 MB under a cap of 1 MiB leave at most the cap and one
// part, with the first and the last bytes.
func TestCapKeepsFirstAndLast(t *testing.T) {
	const limit, step, steps = 1 << 20, 100_000, 1000
	dir := t.TempDir()
	w := open(t, dir, limit)
	buf := make([]byte, step)
	for range steps {
		for i := range buf {
			buf[i] = pattern(w.Offset() + int64(i))
		}
		w.Write(buf)
		if got := usage(t, dir); got > limit+limit/8 {
			t.Fatalf("stored = %d bytes, want at most %d", got, limit+limit/8)
		}
	}
	c := verify(t, w)
	if len(c.gaps) != 1 || c.gaps[0].Start != limit/8 || c.gaps[0].Why != Rotated {
		t.Errorf("gaps = %v, want one of kind rotated from %d on", c.gaps, limit/8)
	}
	if kept := w.Offset() - w.Dropped(); kept < limit-2*limit/8 {
		t.Errorf("kept %d bytes, want nearly %d", kept, limit)
	}
	if c.end != step*steps || w.Lost() != 0 {
		t.Errorf("end, lost = %d, %d, want %d, 0", c.end, w.Lost(), step*steps)
	}
}

func TestSmallestCaps(t *testing.T) {
	for _, limit := range []int64{1, minPart, 2 * minPart, 8 * minPart} {
		dir := t.TempDir()
		w := open(t, dir, limit)
		for range 300 {
			feed(t, w, 777)
			if got, most := usage(t, dir), max(limit, 2*minPart); got > most {
				t.Fatalf("cap %d: stored = %d bytes, want at most %d", limit, got, most)
			}
		}
		verify(t, w)
	}
}

// A line of any length, and any bytes, are stored as they are.
func TestBytesAreStoredAsTheyAre(t *testing.T) {
	random := make([]byte, 16<<20)
	rand.New(rand.NewSource(1)).Read(random)
	for name, data := range map[string][]byte{
		"64 MiB line":   bytes.Repeat([]byte("x"), 64<<20),
		"random binary": random,
	} {
		dir := t.TempDir()
		w := open(t, dir, 1<<30)
		w.part = 5 << 20 // so that several parts hold it
		w.Write(data)
		got, err := io.ReadAll(&sequential{reader(t, dir), 0})
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("%s: read %d bytes, %v, not what was written", name, len(got), err)
		}
	}
}

// sequential reads a log from a position on.
type sequential struct {
	r   *Reader
	off int64
}

func (s *sequential) Read(p []byte) (int, error) {
	n, err := s.r.ReadAt(p, s.off)
	s.off += int64(n)
	return n, err
}

func TestModes(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o777))
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	replaced := ""
	w := openWith(t, Options{Dir: dir, Stem: "output", Max: 1, Replace: func(path string, _ []byte) error {
		replaced = filepath.Base(path)
		return nil
	}})
	w.fault = (&fullDisk{budget: 3 * minPart}).fault
	feed(t, w, 5*minPart)
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if fi, err := e.Info(); err != nil || fi.Mode() != 0o600 {
			t.Errorf("mode of %s = %v, %v, want 0600", e.Name(), fi.Mode(), err)
		}
	}
	if replaced != "output.json" {
		t.Errorf("replaced %q, want output.json", replaced)
	}
}

func TestNoMetaWithoutNeed(t *testing.T) {
	dir := t.TempDir()
	w := open(t, dir, 8*minPart)
	feed(t, w, minPart)
	w.Sync()
	if _, err := os.Stat(metaPath(dir, "output")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("stat output.json = %v, want not exist", err)
	}
	feed(t, w, 1)
	m, err := readMeta(dir, "output")
	if err != nil || m.base != minPart {
		t.Errorf("readMeta = %v, %v, want base %d", m, err, minPart)
	}
}

func TestReopenContinues(t *testing.T) {
	dir := t.TempDir()
	for range 40 {
		w := open(t, dir, 8*minPart)
		feed(t, w, 1500)
		verify(t, w)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if got := readAll(t, reader(t, dir), 0).end; got != 40*1500 {
		t.Errorf("end = %d, want %d", got, 40*1500)
	}
}

func TestOpenRefuses(t *testing.T) {
	if _, err := Open(Options{Dir: t.TempDir(), Stem: "output"}); err == nil {
		t.Error("Open without Replace succeeded")
	}
	absent := Options{Dir: filepath.Join(t.TempDir(), "no"), Stem: "output", Replace: replaceFile}
	if _, err := Open(absent); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Open in no directory = %v, want not exist", err)
	}
	dir := t.TempDir()
	if err := syscall.Mkfifo(logPath(dir, "output"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Options{Dir: dir, Stem: "output", Replace: replaceFile}); err == nil {
		t.Error("Open on a FIFO succeeded")
	}
}

func TestClosed(t *testing.T) {
	w := open(t, t.TempDir(), 0)
	w.Close()
	_, err1 := w.Write([]byte("x"))
	_, err2 := w.Pump(0, nil)
	for _, err := range []error{err1, err2, w.Sync(), w.Close()} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("use after Close = %v, want %v", err, ErrClosed)
		}
	}
}

// A broken output.json costs the kinds of gaps and nothing else.
func TestUnreadableMetaIsRebuilt(t *testing.T) {
	dir := t.TempDir()
	w := open(t, dir, 8*minPart)
	feed(t, w, 40*minPart)
	w.Close()
	want := w.gaps
	if err := os.WriteFile(metaPath(dir, "output"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	w = open(t, dir, 8*minPart)
	verify(t, w)
	feed(t, w, 1)
	m, err := readMeta(dir, "output")
	if err != nil || len(m.gaps) != len(want) {
		t.Errorf("readMeta = %v, %v, want gaps %v", m, err, want)
	}
}

// A power failure can take the end of a closed part, and of the index.
func TestShortPart(t *testing.T) {
	dir := t.TempDir()
	w := open(t, dir, 8*minPart)
	feed(t, w, 3*minPart)
	w.Close()
	if err := os.Truncate(w.partPath(part{minPart, 2 * minPart}), 100); err != nil {
		t.Fatal(err)
	}
	lost := Gap{minPart + 100, 2 * minPart, Gone}
	if c := readAll(t, reader(t, dir), 0); len(c.gaps) != 1 || c.gaps[0] != lost {
		t.Errorf("gaps = %v, want %v", c.gaps, lost)
	}
	w = open(t, dir, 8*minPart)
	feed(t, w, 10)
	if c := verify(t, w); c.end != 3*minPart+10 {
		t.Errorf("end = %d, want %d", c.end, 3*minPart+10)
	}
}

func TestPump(t *testing.T) {
	var p [2]int
	if err := syscall.Pipe(p[:]); err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(p[0])
	syscall.SetNonblock(p[0], true)
	w := open(t, t.TempDir(), 0)
	buf := make([]byte, 4096)
	if n, err := w.Pump(p[0], buf); n != 0 || err != syscall.EAGAIN {
		t.Errorf("Pump(empty) = %d, %v, want 0, EAGAIN", n, err)
	}
	syscall.Write(p[1], chunk(0, 5000))
	for moved := 0; moved < 5000; {
		n, err := w.Pump(p[0], buf)
		if n <= 0 || err != nil {
			t.Fatalf("Pump() after %d bytes = %d, %v, want more, nil", moved, n, err)
		}
		moved += n
	}
	syscall.Close(p[1])
	if n, err := w.Pump(p[0], buf); n != 0 || err != io.EOF {
		t.Errorf("Pump(closed) = %d, %v, want 0, EOF", n, err)
	}
	verify(t, w)
}

func TestWriteDoesNotAllocate(t *testing.T) {
	w := open(t, t.TempDir(), 0)
	b := make([]byte, 1000)
	if got := testing.AllocsPerRun(1000, func() { w.Write(b) }); got != 0 {
		t.Errorf("allocations per Write = %v, want 0", got)
	}
}

func BenchmarkWrite(b *testing.B) {
	w := open(b, b.TempDir(), 128<<20)
	p := make([]byte, 64<<10)
	b.SetBytes(int64(len(p)))
	for b.Loop() {
		w.Write(p)
	}
}

func BenchmarkPump(b *testing.B) {
	r, pw, err := os.Pipe()
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	defer pw.Close()
	w := open(b, b.TempDir(), 128<<20)
	p := make([]byte, 64<<10)
	b.SetBytes(int64(len(p)))
	for b.Loop() {
		pw.Write(p)
		if n, err := w.Pump(int(r.Fd()), p); n != len(p) || err != nil {
			b.Fatalf("Pump() = %d, %v", n, err)
		}
	}
}
