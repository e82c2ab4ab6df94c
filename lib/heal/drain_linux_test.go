package heal

import (
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"bgtasks/lib/record"
	"bgtasks/lib/seglog"
	"bgtasks/lib/store"
	"bgtasks/test/testhome"
)

// readChars is how many bytes this thread has read into its memory (proc_pid_io(5)).
func readChars(t *testing.T) int64 {
	t.Helper()
	text, err := os.ReadFile("/proc/thread-self/io")
	if err != nil {
		t.Skip("the system counts no bytes: ", err)
	}
	_, rest, _ := strings.Cut(string(text), "rchar: ")
	n, err := strconv.ParseInt(strings.SplitN(rest, "\n", 2)[0], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Case 111: what a healer drains is never in its memory alone, where a kill would
// lose it.
func TestDrainHoldsNothing(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	path := blockingFIFO(t)
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	const size = 60_000
	if _, err := f.Write(make([]byte, size)); err != nil {
		t.Fatal(err)
	}
	fd, _ := holdFIFO(path)
	defer syscall.Close(fd)
	f.Close()
	dir := t.TempDir()
	before := readChars(t)
	ended, err := drain(fd, func() (*seglog.Writer, error) {
		return seglog.Open(seglog.Options{Dir: dir, Stem: "output", Now: time.Now, Replace: store.Replace})
	})
	read := readChars(t) - before
	info, _ := os.Stat(filepath.Join(dir, "output.log"))
	if err != nil || !ended || info == nil || info.Size() != size || read > size/2 {
		t.Errorf("drain = %t, %v, read %d bytes into memory, log %v, want %d bytes moved by the kernel", ended, err, read, info, size)
	}
}

// Case 110: an end says whether the output was held until it was recorded.
func TestOutputEnd(t *testing.T) {
	for name, c := range map[string]struct {
		held bool
		want string
	}{"held by a survivor": {true, ""}, "held by nobody": {false, record.OutputUnknown}} {
		t.Run(name, func(t *testing.T) {
			h, state := testhome.New(t), testhome.State(record.Running)
			state.Leader = testhome.Gone(t)
			testhome.Put(t, h, testhome.Spec(t, "web"), state)
			if c.held {
				f, err := os.OpenFile(filepath.Join(h.TaskDir("web"), store.OutFIFO), os.O_RDWR, 0)
				if err != nil {
					t.Fatal(err)
				}
				defer f.Close()
			}
			if task := load(t, h, "web"); task.OutputEnd != c.want || task.Current.OutputEnd != c.want {
				t.Errorf("outputEnd = %q, want %q", task.OutputEnd, c.want)
			}
		})
	}
}
