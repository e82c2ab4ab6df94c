package view

import (
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// Accepted gives a task as it was when it was accepted and had to wait, without a
// look at its files: whoever accepted it knows what is in them, and for a hundred
// thousand tasks the looks would take as long as the rest.
func Accepted(h *store.Home, s *record.Spec) *Task {
	state := &record.State{Run: s.Run, Attempt: 1, State: record.Queued, UpdatedAt: s.CreatedAt}
	return newReader(h).derive(&snapshot{id: s.ID, home: h.Path(), spec: s, state: state})
}
