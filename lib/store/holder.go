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

// WriteHolder writes the identity of its holder into the held run.lock f: a line of boot
// id, pid, start, pid namespace and time namespace. Only the holder writes it, in place.
// The line is advice for processes that wait for the holder's end. Only the lock itself
// shows whether it is held; after the holder's death the line is stale.
func WriteHolder(f *os.File, p record.Process) error {
	line := p.BootID + " " + strconv.Itoa(p.PID)
	for _, n := range []uint64{p.StartTicks, p.PIDNS, p.TimeNS} {
		line += " " + strconv.FormatUint(n, 10)
	}
	line += "\n"
	_, err := f.WriteAt([]byte(line), 0)
	return errors.Join(err, f.Truncate(int64(len(line))))
}

// Holder reads that line from the run.lock of the task in taskDir. It is nil if no line
// was written, or if one is being written.
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
	var buf [192]byte
	n, err := f.ReadAt(buf[:], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil
	}
	return parseHolder(string(buf[:n]))
}

// parseHolder reads the line of an older version too, which ends with the start.
func parseHolder(text string) *record.Process {
	line, whole := strings.CutSuffix(text, "\n")
	words := strings.Split(line, " ")
	if !whole || len(words) != 3 && len(words) != 5 {
		return nil
	}
	pid, err := strconv.Atoi(words[1])
	var numbers [3]uint64
	for i, word := range words[2:] {
		if err == nil {
			numbers[i], err = strconv.ParseUint(word, 10, 64)
		}
	}
	if err != nil {
		return nil
	}
	return &record.Process{BootID: words[0], PID: pid, StartTicks: numbers[0], PIDNS: numbers[1], TimeNS: numbers[2]}
}

// MarkerHolder reads that line from the marker of a task, if the marker is another name
// of the lock that the supervisor holds. It is nil if that lock is not held.
func (h *Home) MarkerHolder(id string) *record.Process {
	path := filepath.Join(h.LiveDir(), id)
	if held, err := fileHeld(path); err != nil || !held {
		return nil
	}
	return holderIn(path)
}
