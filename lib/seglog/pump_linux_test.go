package seglog

import (
	"io"
	"os"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// A stream that keeps its pipe full gets a larger one, and loses nothing by it.
func TestPumpWidens(t *testing.T) {
	var p [2]int
	if err := syscall.Pipe(p[:]); err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(p[0])
	syscall.SetNonblock(p[0], true)
	w := open(t, t.TempDir(), 0)
	buf := make([]byte, 64<<10)
	total := 0
	for range saturated {
		syscall.Write(p[1], chunk(int64(total), 2*spliceChunk))
		for range 2 {
			if n, err := w.Pump(p[0], buf); n != spliceChunk || err != nil {
				t.Fatalf("Pump() = %d, %v, want %d, nil", n, err, spliceChunk)
			}
		}
		total += 2 * spliceChunk
		if w.wide {
			break
		}
	}
	if size, err := unix.FcntlInt(uintptr(p[0]), unix.F_GETPIPE_SZ, 0); err != nil || w.wide != (size == widePipe) || !w.wide && os.Geteuid() == 0 {
		t.Errorf("size of the pipe = %d, %v, want %d", size, err, widePipe)
	}
	syscall.Write(p[1], chunk(int64(total), 40000))
	total += 40000
	syscall.Close(p[1])
	for {
		if _, err := w.Pump(p[0], buf); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if c := verify(t, w); c.end != int64(total) {
		t.Errorf("end = %d, want %d", c.end, total)
	}
}
