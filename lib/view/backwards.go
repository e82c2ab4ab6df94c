package view

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

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
			s, err := ParseStep(line)
			return err != nil || visit(s)
		})
	}
	if err != nil {
		return &RecordError{id, store.StepsFile, err}
	}
	return nil
}

// eachLineBackwards visits the whole lines of a file from the last on, until
// visit says no. A line that was begun and not ended is none.
func eachLineBackwards(f *os.File, visit func(line []byte) bool) error {
	st, err := fsys.Stat(f)
	if err != nil {
		return err
	}
	var rest []byte // read, and not visited: it begins within a line
	ended := false  // a newline was seen
	for end := st.Size; end > 0; {
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
			rest = rest[:i]
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
