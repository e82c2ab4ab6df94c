package seglog

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"
)

// pattern is the byte that tests write at a stream offset, so that a byte that
// is read at a wrong offset shows.
func pattern(off int64) byte {
	x := uint64(off) * 0x9e3779b97f4a7c15
	return byte(x >> 40)
}

func chunk(off int64, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = pattern(off + int64(i))
	}
	return b
}

// replaceFile is a Replace as a caller would give it.
func replaceFile(path string, data []byte) error {
	tmp := path + ".tmp"
	err := os.WriteFile(tmp, data, 0o600)
	if err == nil {
		err = os.Rename(tmp, path)
	}
	if err != nil {
		os.Remove(tmp)
	}
	return err
}

// clock is a settable time.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

func (c *clock) add(d time.Duration) { c.now = c.now.Add(d) }

func newClock() *clock { return &clock{time.Unix(1_700_000_000, 0)} }

func open(t testing.TB, dir string, max int64) *Writer {
	t.Helper()
	return openWith(t, Options{Dir: dir, Stem: "output", Max: max, Replace: replaceFile})
}

func openWith(t testing.TB, o Options) *Writer {
	t.Helper()
	w, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil && !errors.Is(err, ErrClosed) && w.fault == nil {
			t.Error(err)
		}
	})
	return w
}

// feed writes n bytes of the pattern.
func feed(t testing.TB, w *Writer, n int) {
	t.Helper()
	if got, err := w.Write(chunk(w.Offset(), n)); got != n || err != nil {
		t.Fatalf("Write(%d bytes) = %d, %v, want %d, nil", n, got, err, n)
	}
}

func reader(t testing.TB, dir string) *Reader {
	t.Helper()
	r, err := OpenReader(dir, "output")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// content is what a reader found: where the stream ends, and its gaps as they
// were met, merged.
type content struct {
	end  int64
	gaps []Gap
}

// readAll reads a log from off to its end and sees to it that each stored byte
// is the pattern's.
func readAll(t testing.TB, r *Reader, off int64) content {
	t.Helper()
	var c content
	buf := make([]byte, 5000)
	for {
		n, err := r.ReadAt(buf, off)
		var gap *GapError
		switch {
		case errors.As(err, &gap):
			if gap.Gap.Start > off || gap.Gap.End <= off {
				t.Fatalf("ReadAt(%d) = gap %v, which does not hold the offset", off, gap.Gap)
			}
			c.gaps = addGap(c.gaps, Gap{off, gap.Gap.End, gap.Gap.Why})
			off = gap.Gap.End
		case err == io.EOF:
			c.end = off
			return c
		case err != nil:
			t.Fatalf("ReadAt(%d) = %v", off, err)
		default:
			checkPattern(t, buf[:n], off)
			off += int64(n)
		}
	}
}

func checkPattern(t testing.TB, b []byte, off int64) {
	t.Helper()
	for i, got := range b {
		if want := pattern(off + int64(i)); got != want {
			t.Fatalf("byte %d = %#x, want %#x", off+int64(i), got, want)
		}
	}
}

// verify compares what a fresh reader finds with what the writer says.
func verify(t testing.TB, w *Writer) content {
	t.Helper()
	r := reader(t, w.o.Dir)
	defer r.Close()
	c := readAll(t, r, 0)
	if c.end != w.Offset() {
		t.Fatalf("reader ends at %d, want %d", c.end, w.Offset())
	}
	if !slices.Equal(c.gaps, w.gaps) {
		t.Fatalf("reader met gaps %v, want %v", c.gaps, w.gaps)
	}
	if got, err := r.End(); got != c.end || err != nil {
		t.Fatalf("End() = %d, %v, want %d", got, err, c.end)
	}
	return c
}

// usage is how many bytes the parts of the log take.
func usage(t testing.TB, dir string) int64 {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "output.log*"))
	if err != nil {
		t.Fatal(err)
	}
	var sum int64
	for _, p := range paths {
		fi, err := os.Lstat(p)
		if err != nil {
			t.Fatal(err)
		}
		sum += fi.Size()
	}
	return sum
}

// copyDir copies the files of a directory: what a crash would leave.
func copyDir(t testing.TB, from string) string {
	t.Helper()
	to := t.TempDir()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	return to
}

// fullDisk is a fault that lets budget more bytes be written, and with noEntry
// no new names either.
type fullDisk struct {
	budget  int
	noEntry bool
}

func (d *fullDisk) fault(op string, n int) (int, error) {
	switch {
	case op == "write" && n <= d.budget:
		d.budget -= n
		return n, nil
	case op == "write":
		n, d.budget = d.budget, 0
		return n, syscall.ENOSPC
	case op == "replace" && d.budget == 0:
		return 0, syscall.ENOSPC
	case d.noEntry && d.budget == 0 && (op == "mark" || op == "create" || op == "rename"):
		return 0, syscall.ENOSPC
	}
	return 0, nil
}
