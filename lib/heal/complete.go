package heal

import (
	"io/fs"

	"bgtasks/lib/store"
	"bgtasks/lib/view"
)

// Complete makes directories of the home anew that somebody has removed. Without live/
// nobody would find what runs, so each task that is not over gets its marker again.
func Complete(h *store.Home) error {
	if len(h.Missing()) == 0 {
		return nil
	}
	return h.Complete(func(id string) bool {
		_, state, err := view.Records(h, id)
		return err != fs.ErrNotExist && (err != nil || state == nil || !state.State.Terminal())
	})
}
