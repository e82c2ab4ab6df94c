package cli

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"slices"
	"syscall"
	"time"

	"bgtasks/lib/record"
	"bgtasks/lib/seglog"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
	"bgtasks/lib/watch"
)

// JournalOptions say which events are printed.
type JournalOptions struct {
	Cursor int64 // -1 for the oldest that is kept
	Last   int   // of what is there already only so many; -1 for all
	Follow bool
	Match  func(*view.Event) bool
}

// eventLine is an event as bg-events prints it.
type eventLine struct {
	Type      string          `json:"type"`
	Cursor    int64           `json:"cursor"`
	Timestamp string          `json:"timestamp"`
	Event     json.RawMessage `json:"event"`
}

// PrintJournal prints events, one a line, and goes on with what comes if that
// is wanted, until the reader of stdout goes away or the call is interrupted.
func (c *Call) PrintJournal(h *store.Home, o JournalOptions) error {
	r, err := openJournal(h, o.Cursor)
	if err != nil {
		return err
	}
	defer r.Close()
	w, err := watch.New(h)
	if err != nil {
		return err
	}
	defer w.Close()
	if o.Follow {
		if err := c.watchJournal(w); err != nil {
			return err
		}
	}
	if err := c.printOld(r, o); err != nil || !o.Follow {
		return err
	}
	for {
		if err := c.awaitJournal(w); err != nil {
			return err
		}
		if err := readEvents(r, o.Match, func(e eventLine) error { return c.Line(e) }); err != nil {
			return err
		}
	}
}

// openJournal begins at a cursor. From the oldest on, segments may be removed
// while they are looked for.
func openJournal(h *store.Home, cursor int64) (*seglog.JournalReader, error) {
	if cursor >= 0 {
		return openSegment(h, cursor)
	}
	r, err := openSegment(h, 0)
	for old := (*seglog.TooOldError)(nil); errors.As(err, &old); old = nil {
		r, err = openSegment(h, old.Oldest)
	}
	return r, err
}

func openSegment(h *store.Home, cursor int64) (*seglog.JournalReader, error) {
	r, err := seglog.OpenJournalReader(h.EventsDir(), cursor)
	if errors.Is(err, os.ErrNotExist) {
		return nil, &homeError{Op: "readJournal", Path: h.EventsDir(), Err: err}
	}
	return r, err
}

func (c *Call) watchJournal(w *watch.Watcher) error {
	if c.stdout != nil {
		w.AddFD(int(c.stdout.Fd()))
	}
	return w.AddJournal()
}

// awaitJournal puts out what was printed and sleeps until the journal grows.
func (c *Call) awaitJournal(w *watch.Watcher) error {
	if err := c.Out.Flush(); err != nil {
		return err
	}
	woken, err := w.Wait(c.Context(), time.Time{})
	if err == nil && slices.Contains(woken, watch.Descriptor) {
		return syscall.EPIPE
	}
	return err
}

// printOld prints what has happened already.
func (c *Call) printOld(r *seglog.JournalReader, o JournalOptions) error {
	if o.Last < 0 {
		return readEvents(r, o.Match, func(e eventLine) error { return c.Line(e) })
	}
	var last []eventLine
	err := readEvents(r, o.Match, func(e eventLine) error {
		e.Event = slices.Clone(e.Event)
		last = append(last, e)
		if extra := len(last) - o.Last; extra > 0 {
			last = last[extra:]
		}
		return nil
	})
	for _, e := range last {
		err = errors.Join(err, c.Line(e))
	}
	return err
}

// readEvents gives the events up to the present end of the journal. A line that
// this version can't read is passed over: it would be so for every reader.
func readEvents(r *seglog.JournalReader, match func(*view.Event) bool, do func(eventLine) error) error {
	for {
		line, cursor, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		e, err := view.ParseEvent(line)
		if err != nil || !match(e) {
			continue
		}
		if err := do(eventLine{"event", cursor, string(record.AppendTime(nil, e.Time)), line}); err != nil {
			return err
		}
	}
}
