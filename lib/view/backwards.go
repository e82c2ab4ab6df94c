package view

import (
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
)

// stepsBlock is how much of a file of steps is read at a time: some hundred
// steps of the usual length. The longest fits whole.
const stepsBlock = 64 << 10

// maxStep is more than the longest step takes, in bytes.
const maxStep = 1 << 20

// eachStepBackwards visits the steps of a task from the newest on, until visit
// says no.
func eachStepBackwards(h *store.Home, id string, visit func(*record.Step) bool) error {
	f, err := fsys.Open(filepath.Join(h.TaskDir(id), store.StepsFile), os.O_RDONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		defer f.Close()
		err = eachLineBackwards(f, func(line []byte) bool {
			s, err := codec.ParseStep(line)
			return err != nil || visit(s)
		})
	}
	if err != nil {
		return &RecordError{id, store.StepsFile, err}
	}
	return nil
}

// errEndless says that what is in a file is no line, a gigabyte of damage perhaps, which
// is not looked through.
var errEndless = fmt.Errorf("no line ends in %d MiB of it", fsys.MaxRecord>>20)

// EndOfRun is how a run of a task ended, as the list of attempts tells; "" if it does
// not.
func EndOfRun(h *store.Home, id string, run int) (end record.LifeState) {
	f, err := fsys.Open(filepath.Join(h.TaskDir(id), store.AttemptsFile), os.O_RDONLY, 0)
	if err != nil {
		return ""
	}
	defer f.Close()
	_ = eachLineBackwards(f, func(line []byte) bool {
		s, err := codec.ParseAttempt(line)
		if err == nil && s.Run == run && s.State.Terminal() {
			end = s.State
		}
		return end == "" && (err != nil || s.Run >= run)
	})
	return end
}

// eachLineBackwards visits the whole lines of a file from the last on, until
// visit says no. A line that was begun and not ended is none.
func eachLineBackwards(f *os.File, visit func(line []byte) bool) error {
	st, err := fsys.Stat(f)
	if err != nil {
		return err
	}
	var rest []byte   // read, and not visited: it begins within a line
	ended := false    // a newline was seen
	newest := st.Size // where the last of them was
	for end := st.Size; end > 0; {
		if newest-end > fsys.MaxRecord {
			return errEndless
		}
		start := max(end-stepsBlock, 0)
		block := make([]byte, end-start, int(end-start)+len(rest))
		if _, err := f.ReadAt(block, start); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		rest, end = append(block, rest...), start
		for {
			i := bytes.LastIndexByte(rest, '\n')
			if i < 0 {
				break
			}
			line := rest[i+1:]
			rest, newest = rest[:i], start+int64(i)
			if ended && !visit(line) {
				return nil
			}
			ended = true
		}
		if !ended || len(rest) > maxStep {
			rest = nil
		}
	}
	if ended {
		visit(rest)
	}
	return nil
}
