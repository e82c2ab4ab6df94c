package store

import (
	"errors"
	"path/filepath"

	"bgtasks/lib/record"
	"bgtasks/lib/seglog"
)

// Journal is the event journal of the home. Appends are ordered by a lock on
// events/lock that is held for one short write; the error of one is a *HeldError
// if who holds it is stopped.
func (h *Home) Journal() *seglog.Journal {
	return h.journal(h.lockJournal)
}

// Hurried is the same home for one who can't wait for the journal for longer than a
// moment: it is as if who holds it were stopped.
func (h *Home) Hurried() *Home {
	return &Home{path: h.path, place: h.place, away: h.away, patience: little}
}

// Patient is the same home for one who waits for the journal and the queues for as
// long as it takes: who keeps nobody waiting himself.
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

// JournalEnd is the cursor at the end of the journal at a moment when nobody is
// about to write to it: what AppendAfter has changed by then is journalled. In a
// home that can't be written to nobody is; nor can it be told in one of another host. The error is a *HeldError if one who
// writes is stopped.
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

// JournalBells is where those who follow the journal hang their bells.
func (h *Home) JournalBells() string { return filepath.Join(h.EventsDir(), BellsDir) }

// Append writes an event to the journal and wakes those who follow it.
func (h *Home) Append(e *record.Event) error {
	journal := h.Journal()
	defer journal.Close()
	if _, err := journal.Append(e.AppendJSON(nil)); err != nil {
		return err
	}
	Ring(h.JournalBells(), BellChange)
	return nil
}

// Locked does something under the lock that orders the journal.
func (h *Home) Locked(work func() error) error {
	unlock, err := h.lockJournal()
	if err != nil {
		return err
	}
	defer unlock()
	return work()
}

// AppendDue writes the lines that reports about a task have left for later, and wakes
// those who follow the journal.
func (h *Home) AppendDue(id string) error {
	journal := h.Journal()
	defer journal.Close()
	if err := journal.Take(filepath.Join(h.TaskDir(id), DueFile)); err != nil {
		return err
	}
	Ring(h.JournalBells(), BellChange)
	return nil
}

// AppendAfter writes an event as Append does, after first has returned without
// an error. first runs under the lock that orders the journal: what it finds in
// a record has been journalled or will be after this event.
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
