package store

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"bgtasks/lib/fsys"
	"bgtasks/lib/record"
)

// WriteHolder writes into the held run.lock f which process holds it: a line of
// boot id, pid and start, written in place by the holder alone. It is advice
// for those who wait for that process's end. The lock itself says whether
// anyone holds it, and after that one's death the line is stale.
func WriteHolder(f *os.File, p record.Process) error {
	line := p.BootID + " " + strconv.Itoa(p.PID) + " " + strconv.FormatUint(p.StartTicks, 10) + "\n"
	_, err := f.WriteAt([]byte(line), 0)
	return errors.Join(err, f.Truncate(int64(len(line))))
}

// Holder reads that line from the run.lock of the task in taskDir. It is nil if
// none was written, or one just is.
func Holder(taskDir string) *record.Process { return holderIn(filepath.Join(taskDir, LockFile)) }

func holderIn(path string) *record.Process {
	f, err := fsys.Open(path, os.O_RDONLY, 0)
	if err != nil {
		return nil
	}
	defer f.Close()
	return readHolder(f)
}

// Holder reads that line from a lock that is held.
func (l *Lock) Holder() *record.Process { return readHolder(l.f) }

func readHolder(f *os.File) *record.Process {
	var buf [128]byte
	n, err := f.ReadAt(buf[:], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil
	}
	words := strings.Split(string(buf[:n]), " ")
	if len(words) != 3 || !strings.HasSuffix(words[2], "\n") {
		return nil
	}
	pid, err1 := strconv.Atoi(words[1])
	start, err2 := strconv.ParseUint(strings.TrimSuffix(words[2], "\n"), 10, 64)
	if errors.Join(err1, err2) != nil {
		return nil
	}
	return &record.Process{BootID: words[0], PID: pid, StartTicks: start}
}
