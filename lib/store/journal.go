package store

import (
	"os"
	"path/filepath"

	"bgtasks/lib/record"
	"bgtasks/lib/seglog"
)

// Journal is the event journal of the home. Appends are ordered by a lock on
// events/lock that is held for one short write.
func (h *Home) Journal() *seglog.Journal {
	return seglog.OpenJournal(h.EventsDir(), func() (func(), error) {
		lock, err := openLock(filepath.Join(h.EventsDir(), eventsLock), os.O_CREATE, waitLock)
		if err != nil {
			return nil, err
		}
		return func() { lock.Unlock() }, nil
	})
}

// JournalBells is where those who follow the journal hang their bells.
func (h *Home) JournalBells() string { return filepath.Join(h.EventsDir(), BellsDir) }

// Append writes an event to the journal and wakes those who follow it.
func (h *Home) Append(e *record.Event) error {
	if _, err := h.Journal().Append(e.AppendJSON(nil)); err != nil {
		return err
	}
	Ring(h.JournalBells(), BellChange)
	return nil
}
