package view

import "bgtasks/lib/store"

// Complete makes directories of the home anew that somebody has removed. Without live/
// nobody would find what runs, so each task that is not over gets its marker again.
func Complete(h *store.Home) error {
	if len(h.Missing()) == 0 {
		return nil
	}
	r := newReader(h)
	return h.Complete(func(id string) bool {
		s, err := r.records(id)
		return err == nil && (s.fault != nil || !s.terminal())
	})
}
