package seglog

import "time"

// Write-back of what was stored is started this often while output comes. The
// kernel would wait for half a minute, and a power failure takes what it has not
// written by then. Nothing waits for the disk, and no timer is needed: what comes
// last is left to the kernel.
const flushEvery = time.Second

// flushMark is how far write-back of output.log was started, and when.
type flushMark struct {
	at     time.Time
	size   int64
	opened time.Time // output.log was
}

// flush starts write-back if it is time for it.
func (w *Writer) flush(now time.Time) {
	if since := now.Sub(w.flushed.at); since >= 0 && since < flushEvery || w.races(now) {
		return
	}
	w.flushed.at = now
	if w.file != nil && w.size > w.flushed.size {
		startWriteBack(w.file, w.flushed.size)
		w.flushed.size = w.size
	}
	if w.index.file != nil {
		startWriteBack(w.index.file, 0)
	}
}

// races tells whether the log grows so fast that parts are full within a second. They
// are soon removed again, all but the first: to write them back would cost the disk's
// time, and hold up the removal.
func (w *Writer) races(now time.Time) bool {
	age := now.Sub(w.flushed.opened)
	return len(w.parts) > 0 && age >= 0 && age < flushEvery
}

// closing starts write-back of the rest of a part that is closed.
func (w *Writer) closing() {
	if !w.races(w.o.Now()) && w.file != nil && w.size > w.flushed.size {
		startWriteBack(w.file, w.flushed.size)
	}
}
