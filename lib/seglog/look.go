package seglog

import (
	"errors"
	"os"
	"slices"
	"syscall"
	"time"

	"bgtasks/lib/fsys"
)

// replacedSuffix is behind the name of what somebody has put in the place of
// output.log.
const replacedSuffix = ".replaced"

// lookEvery is how often it is looked whether output.log still has its name. Whether
// it has any, and its length, cost less, and are looked at before each write.
const lookEvery = 100 * time.Millisecond

// look notices that others have removed, moved, replaced or cut output.log. What is
// gone becomes a gap, and the next byte goes to a new file. What comes at the same
// moment may be missed: then the next look finds it.
func (w *Writer) look(now time.Time) {
	if w.file == nil {
		return
	}
	st, err := fsys.Stat(w.file)
	if err != nil {
		return
	}
	since := now.Sub(w.looked)
	if st.Nlink > 0 && (since < 0 || since >= lookEvery) {
		w.looked = now
		if !fsys.IsAt(w.file, w.path) {
			st.Nlink = 0
		}
	}
	switch {
	case st.Nlink == 0:
		w.shrunk(0)
		w.release()
		if fsys.Exists(w.path) {
			_ = fsys.Rename(w.path, w.path+replacedSuffix)
		}
	case st.Size == w.size:
		return
	case st.Size > w.size:
		_ = w.file.Truncate(w.size) // what others have appended is not the task's
		return
	default:
		w.shrunk(st.Size)
	}
	// As after bytes that could not be stored: if this fails, nothing is stored
	// until it succeeds.
	_ = w.seal()
}

// shrunk counts the bytes of output.log from size on as gone.
func (w *Writer) shrunk(size int64) {
	if size < w.size {
		w.gaps = addGap(w.gaps, Gap{w.base + size, w.base + w.size, Gone})
		w.dirty = true
	}
	w.size = size
}

// release closes output.log, which is no longer written to.
func (w *Writer) release() {
	if w.file != nil {
		w.file.Close()
	}
	w.file = nil
}

// lookAtParts notices that others have removed or cut closed parts. A part that was
// cut gets its true name; if it can't, readers find out by its size.
func (w *Writer) lookAtParts() {
	w.parts = slices.DeleteFunc(w.parts, func(p part) bool {
		var st syscall.Stat_t
		err := syscall.Lstat(w.partPath(p), &st)
		if err == nil && st.Size == 0 {
			err = os.Remove(w.partPath(p))
			w.gone(p.start, p.end)
			return err == nil
		}
		if errors.Is(err, os.ErrNotExist) {
			w.gone(p.start, p.end)
			return true
		}
		return false
	})
	for i, p := range w.repair(slices.Clone(w.parts)) {
		if known := w.parts[i]; p.end < known.end {
			w.gone(p.end, known.end)
			w.parts[i] = p
		}
	}
}

func (w *Writer) gone(start, end int64) {
	if !slices.ContainsFunc(w.gaps, func(g Gap) bool { return g.Start <= start && end <= g.End }) {
		w.gaps, w.dirty = addGap(w.gaps, Gap{start, end, Gone}), true
	}
}
