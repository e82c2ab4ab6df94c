package store

import (
	"errors"
	"os"
	"path/filepath"

	"bgtasks/lib/record"
	"bgtasks/lib/seglog"
)

// Journal is the event journal of the home. A lock on events/lock, held for one short
// write, orders the appends. The error of an append is a *HeldError if the holder of the
// lock is stopped.
func (h *Home) Journal() *seglog.Journal {
	return h.journal(h.lockJournal)
}

// Hurried is the same home for a caller that can wait for the journal only for a moment:
// after that, the holder counts as stopped.
func (h *Home) Hurried() *Home {
	return &Home{path: h.path, place: h.place, away: h.away, patience: little}
}

// Patient is the same home for a caller that waits for the journal and the queues
// without a limit, because no other process waits for it.
func (h *Home) Patient() *Home {
	return &Home{path: h.path, place: h.place, away: h.away, patience: endless}
}

func (h *Home) journal(lock func() (unlock func(), err error)) *seglog.Journal {
	j := seglog.OpenJournal(h.EventsDir(), lock)
	j.Keep(h.JournalRetention)
	return j
}

func (h *Home) lockJournal() (unlock func(), err error) {
	if err := h.Away(); err != nil {
		return nil, err
	}
	lock, err := takeLock(h.journalLock(), h.patience)
	return unlocker(lock), err
}

func (h *Home) journalLock() string { return filepath.Join(h.EventsDir(), eventsLock) }

// JournalEnd is the cursor at the end of the journal at a moment when no process is about
// to write to it: all changes by AppendAfter up to then are journalled. In a read-only
// home, or one of another host, JournalEnd takes no lock. The error is a *HeldError if a
// process that writes is stopped.
func (h *Home) JournalEnd() (int64, error) {
	unlock, err := h.lockJournal()
	switch held := (*HeldError)(nil); {
	case errors.As(err, &held):
		return 0, held
	case err == nil:
		defer unlock()
	}
	return h.Journal().End()
}

// Append writes an event to the journal and wakes its followers.
func (h *Home) Append(e *record.Event) error {
	journal := h.Journal()
	defer journal.Close()
	if _, err := journal.Append(e.AppendJSON(nil)); err != nil {
		return err
	}
	Ring(h.JournalBells(), BellChange)
	return nil
}

// Locked calls work under the lock that orders the journal.
func (h *Home) Locked(work func() error) error {
	unlock, err := h.lockJournal()
	if err != nil {
		return err
	}
	defer unlock()
	return work()
}

// AppendDue writes the postponed lines of reports about a task and then the event, which
// may be nil, in one step, and wakes the journal's followers.
func (h *Home) AppendDue(id string, e *record.Event) error {
	var line []byte
	if e != nil {
		line = e.AppendJSON(nil)
	}
	journal := h.Journal()
	defer journal.Close()
	if _, err := journal.AppendWith(filepath.Join(h.TaskDir(id), DueFile), line); err != nil {
		return err
	}
	Ring(h.JournalBells(), BellChange)
	return nil
}

// RemoveDue removes the postponed lines of an attempt whose end has been journalled:
// its supervisor did not know of them.
func RemoveDue(taskDir string) { _ = os.Remove(filepath.Join(taskDir, DueFile)) }

// AppendAfter writes an event as Append does, after first has returned without an error.
// first runs under the lock that orders the journal: every change that it finds in a
// record has been journalled or will be journalled after this event.
func (h *Home) AppendAfter(first func() error, e *record.Event) error {
	journal := h.journal(func() (func(), error) {
		unlock, err := h.lockJournal()
		if err == nil {
			if err = first(); err != nil {
				unlock()
			}
		}
		return unlock, err
	})
	defer journal.Close()
	if _, err := journal.Append(e.AppendJSON(nil)); err != nil {
		return err
	}
	Ring(h.JournalBells(), BellChange)
	return nil
}
