package report

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"bgtasks/lib/codec"
	"bgtasks/lib/fsys"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
)

// stepFile is an opened steps.ndjson with the line that is to come.
type stepFile struct {
	f    *os.File
	size int64 // of its whole lines
	line []byte
}

// openSteps opens the file for a step, gives the step the next number, and cuts
// off what a crash left of a line.
func openSteps(h *store.Home, step *record.Step) (*stepFile, error) {
	last, err := view.LastStep(h, step.TaskID)
	if err != nil {
		return nil, err
	}
	step.Sequence = last + 1
	f, err := fsys.Open(filepath.Join(h.TaskDir(step.TaskID), store.StepsFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	s := &stepFile{f: f, line: step.AppendJSON(nil)}
	if err := s.repair(); err != nil {
		return nil, errors.Join(fmt.Errorf("repair %s: %w", f.Name(), err), f.Close())
	}
	return s, nil
}

// repair makes the file end with its last whole line.
func (s *stepFile) repair() error {
	st, err := fsys.Stat(s.f)
	if err != nil {
		return err
	}
	if s.size, err = wholeLines(s.f, st.Size); err != nil || s.size == st.Size {
		return err
	}
	return s.f.Truncate(s.size)
}

// errEndless says that a file has no line where one should end: what is there is damage,
// a gigabyte perhaps, and is not looked through.
var errEndless = fmt.Errorf("no line ends in its last %d MiB", fsys.MaxRecord>>20)

// wholeLines is the offset after the last newline of a file of that size.
func wholeLines(f *os.File, size int64) (int64, error) {
	buf := make([]byte, 64<<10)
	first := max(size-fsys.MaxRecord, 0)
	for end := size; end > first; {
		start := max(end-int64(len(buf)), first)
		n, err := f.ReadAt(buf[:end-start], start)
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, err
		}
		if i := bytes.LastIndexByte(buf[:n], '\n'); i >= 0 {
			return start + int64(i) + 1, nil
		}
		end = start
	}
	if first > 0 {
		return 0, errEndless
	}
	return 0, nil
}

func (s *stepFile) append() error {
	_, err := s.f.WriteAt(s.line, s.size)
	return err
}

// undo takes back what was written of the line, and closes the file.
func (s *stepFile) undo() error { return errors.Join(s.f.Truncate(s.size), s.f.Close()) }

// TrimSteps removes all but the newest keep steps of a task, at least one,
// whether it is open or not, and tells how many. Their numbers are not used
// again. Of more than fsys.MaxRecord bytes of them the oldest go as well. The file
// is replaced whole: a reader, or a crash, meets the old one or the new one. It
// keeps its time of modification, which tells the watchdog when the task reported
// last.
func TrimSteps(h *store.Home, id string, keep int) (removed int, err error) {
	path := filepath.Join(h.TaskDir(id), store.StepsFile)
	if !fsys.Exists(path) {
		return 0, nil
	}
	lock, err := store.LockReports(h.TaskDir(id))
	if err != nil {
		return 0, fmt.Errorf("lock the reports of %q: %w", id, err)
	}
	defer lock.Unlock()
	kept, removed, err := trimmed(path, max(keep, 1))
	if err != nil || removed == 0 {
		return 0, err
	}
	if err := replaceSteps(path, kept); err != nil {
		return 0, fmt.Errorf("trim the steps of %q: %w", id, err)
	}
	return removed, nil
}

func replaceSteps(path string, text []byte) error {
	old, err := os.Stat(path)
	if err != nil {
		return err
	}
	file, err := store.Prepare(path, text, true)
	if err != nil {
		return err
	}
	if err = file.Date(old.ModTime()); err == nil {
		err = file.Commit()
	}
	if err != nil {
		return errors.Join(err, file.Discard())
	}
	return nil
}

// CountSteps tells how many steps of a task are kept, by their numbers.
func CountSteps(h *store.Home, id string) (int, error) {
	f, err := fsys.Open(filepath.Join(h.TaskDir(id), store.StepsFile), os.O_RDONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer f.Close()
	first, err := firstStep(io.NewSectionReader(f, 0, fsys.MaxRecord))
	if first == 0 || err != nil {
		return 0, err
	}
	last, err := view.LastStep(h, id)
	return int(max(last-first+1, 0)), err
}

// firstStep gives the number of the first step among these lines; 0 for none. The last
// line may be cut short.
func firstStep(from io.Reader) (int64, error) {
	for lines := bufio.NewReader(from); ; {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return 0, nil
		}
		if err != nil {
			return 0, err
		}
		if s, err := codec.ParseStep(line); err == nil {
			return s.Sequence, nil
		}
	}
}

// trimmed is the end of a file of steps that holds its last keep whole lines, and how
// many steps there are before it. No more is read than that, and the first of all.
func trimmed(path string, keep int) (kept []byte, removed int, err error) {
	f, err := fsys.Open(path, os.O_RDONLY, 0)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	st, err := fsys.Stat(f)
	if err != nil {
		return nil, 0, err
	}
	size, err := wholeLines(f, st.Size)
	if err != nil || size == 0 {
		return nil, 0, err
	}
	if kept, err = lastLines(f, size, keep); err != nil || int64(len(kept)) == size {
		return nil, 0, err
	}
	first, err := firstStep(io.NewSectionReader(f, 0, fsys.MaxRecord))
	if err != nil {
		return nil, 0, err
	}
	next, err := firstStep(bytes.NewReader(kept))
	return kept, int(max(next-first, 1)), err
}

// lastLines is the end of a file, of that size and with whole lines only, that holds its
// last n lines; of more than fsys.MaxRecord bytes of them the newest.
func lastLines(f *os.File, size int64, n int) ([]byte, error) {
	most := min(size, fsys.MaxRecord)
	for window := min(most, 64<<10); ; window = min(4*window, most) {
		text := make([]byte, window)
		if _, err := f.ReadAt(text, size-window); err != nil {
			return nil, err
		}
		at, lines := len(text), 0
		for at > 0 && lines < n {
			before := bytes.LastIndexByte(text[:at-1], '\n') + 1
			if before == 0 && window < size {
				break // its beginning is not among these
			}
			at, lines = before, lines+1
		}
		if lines == n || window == most {
			return text[at:], nil
		}
	}
}
