package seglog

import (
	"errors"
	"os"
	"slices"

	"bgtasks/lib/fail"
	"bgtasks/lib/fsys"
)

// maxParts bounds the number of closed parts. A cap alone leaves at most seven;
// more come only from a disk that flaps between full and not full.
const maxParts = 48

func (w *Writer) partPath(p part) string { return w.path + "." + p.name() }

// ready makes output.log able to take the byte at w.end, and says how many of
// want bytes fit into it.
func (w *Writer) ready(want int) (int, error) {
	if w.due() {
		if err := w.seal(); err != nil {
			return 0, err
		}
	}
	if w.file == nil {
		if err := w.openFile(os.O_CREATE | os.O_TRUNC); err != nil {
			return 0, err
		}
	}
	if w.part == 0 {
		return want, nil
	}
	return int(min(int64(want), w.part-w.size)), nil
}

// due tells whether the next byte needs a new part: bytes were lost after the
// newest one, or it is full.
func (w *Writer) due() bool { return w.end > w.base+w.size || w.isFull() }

func (w *Writer) isFull() bool { return w.part > 0 && w.size >= w.part }

// seal closes the newest part under its exact name and, if bytes were lost
// after it, marks where the stream stands. Afterwards the base is the end of
// the stream. Each step can be the last one before a crash; see the package
// comment. After an error it can be called again.
func (w *Writer) seal() error {
	if w.size > 0 {
		if err := w.closePart(); err != nil {
			return err
		}
	}
	if w.end > w.base {
		if err := w.mark(w.end); err != nil {
			return err
		}
		w.base = w.end
	}
	w.lookAtParts()
	w.trim()
	return nil
}

func (w *Writer) closePart() error {
	p := part{w.base, w.base + w.size}
	if err := errors.Join(w.allow("rename"), fail.Point("log-rename")); err != nil {
		return err
	}
	err := fsys.Rename(w.path, w.partPath(p))
	if errors.Is(err, os.ErrNotExist) {
		w.shrunk(0) // just now
		w.release()
		return nil
	}
	if err != nil {
		return err
	}
	w.closing()
	w.release()
	w.size, w.base, w.dirty = 0, p.end, true
	w.parts = append(w.parts, p)
	return nil
}

// mark makes the empty part that says that the stream had reached at. It needs
// an entry in the directory but no block, so it mostly succeeds on a full disk,
// and moving it needs nothing.
func (w *Writer) mark(at int64) error {
	if err := errors.Join(w.allow("mark"), fail.Point("log-mark")); err != nil {
		return err
	}
	to := w.partPath(part{at, at})
	if n := len(w.marks); n > 0 && w.marks[n-1] == w.base {
		if err := fsys.Rename(w.partPath(part{w.base, w.base}), to); err == nil {
			w.marks[n-1] = at
			return nil
		}
	}
	f, _, err := openPlain(to, os.O_WRONLY|os.O_CREATE)
	if err != nil {
		return err
	}
	w.marks = append(w.marks, at)
	return f.Close()
}

// lose counts the next n bytes of the stream as not stored.
func (w *Writer) lose(n int64) {
	w.gaps = addGap(w.gaps, Gap{w.end, w.end + n, Full})
	w.end += n
	w.dirty = true
	// If this fails too, nothing is stored until it succeeds, and only the
	// memory of this process knows of the loss.
	_ = w.seal()
}

// trim removes parts of the middle until the newest part can grow to its size
// within the cap. A part that cannot be removed is tried again next time.
func (w *Writer) trim() {
	for i := w.surplus(); i > 0; i = w.surplus() {
		p := w.parts[i]
		if w.allow("remove") != nil || fail.Point("log-remove") != nil {
			return
		}
		if err := os.Remove(w.partPath(p)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return
		}
		w.parts = slices.Delete(w.parts, i, i+1)
		w.gaps = addGap(w.gaps, Gap{p.start, p.end, Rotated})
		w.dirty = true
		w.index.forget(w.parts[i-1].end, p.end)
	}
}

// surplus is the index of the part to remove next, or 0. For the cap it is the
// oldest but the first; for the number of parts the shortest but the first.
func (w *Writer) surplus() int {
	if len(w.parts) < 2 {
		return 0
	}
	var stored int64
	short := 1
	for i, p := range w.parts {
		stored += p.end - p.start
		if i > 0 && p.end-p.start < w.parts[short].end-w.parts[short].start {
			short = i
		}
	}
	switch {
	case w.part > 0 && stored+w.part > w.o.Max:
		return 1
	case len(w.parts) > maxParts:
		return short
	}
	return 0
}

// save replaces output.json, then removes the marks that no longer tell the
// base. A failure is no loss: names tell the offsets and the sizes of gaps.
func (w *Writer) save() error {
	if err := errors.Join(w.allow("replace"), fail.Point("log-save")); err != nil {
		return err
	}
	m := meta{base: w.base, gaps: w.gaps}
	if err := w.o.Replace(metaPath(w.o.Dir, w.o.Stem), m.encode()); err != nil {
		return err
	}
	w.dirty = false
	w.marks = slices.DeleteFunc(w.marks, func(m int64) bool {
		return m < w.base && w.allow("unmark") == nil && fail.Point("log-unmark") == nil && os.Remove(w.partPath(part{m, m})) == nil
	})
	return nil
}
