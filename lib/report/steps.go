package report

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

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

// wholeLines is the offset after the last newline of a file of that size.
func wholeLines(f *os.File, size int64) (int64, error) {
	buf := make([]byte, 64<<10)
	for end := size; end > 0; {
		start := max(end-int64(len(buf)), 0)
		n, err := f.ReadAt(buf[:end-start], start)
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, err
		}
		if i := bytes.LastIndexByte(buf[:n], '\n'); i >= 0 {
			return start + int64(i) + 1, nil
		}
		end = start
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

// CountSteps tells how many steps of a task are kept.
func CountSteps(h *store.Home, id string) (int, error) {
	f, err := fsys.Open(filepath.Join(h.TaskDir(id), store.StepsFile), os.O_RDONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer f.Close()
	st, err := fsys.Stat(f)
	if err != nil {
		return 0, err
	}
	return countLines(io.NewSectionReader(f, 0, st.Size))
}

// countLines counts newlines in little memory: a task that reports for weeks has
// more steps than fit into a record.
func countLines(from io.Reader) (n int, err error) {
	buf := make([]byte, 64<<10)
	for {
		got, err := from.Read(buf)
		n += bytes.Count(buf[:got], []byte("\n"))
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}

// trimmed is the end of a file of steps that holds its last keep whole lines, and
// how many lines there are before it.
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
	all, err := countLines(io.NewSectionReader(f, 0, st.Size))
	if err != nil || all <= keep {
		return nil, 0, err
	}
	text := make([]byte, min(st.Size, fsys.MaxRecord))
	if _, err := f.ReadAt(text, st.Size-int64(len(text))); err != nil {
		return nil, 0, err
	}
	if st.Size > fsys.MaxRecord {
		text = text[bytes.IndexByte(text, '\n')+1:] // the first line lacks its beginning
	}
	kept = lastLines(text, keep)
	return kept, all - bytes.Count(kept, []byte("\n")), nil
}

// lastLines is the end of a text that holds its last n whole lines.
func lastLines(text []byte, n int) []byte {
	text = text[:bytes.LastIndexByte(text, '\n')+1]
	at := len(text)
	for ; n > 0 && at > 0; n-- {
		at = bytes.LastIndexByte(text[:at-1], '\n') + 1
	}
	return text[at:]
}
