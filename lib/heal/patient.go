package heal

import (
	"path/filepath"

	"bgtasks/lib/store"
	"bgtasks/lib/view"
)

// healer looks at tasks, and mends them.
type healer struct{ *view.Reader }

// patient is a task as a healer sees it.
type patient struct {
	*view.Snapshot
	lost     bool // nobody had the output open: its end may be missing
	salvaged bool // the records can't be read, and this is what is known without
}

// see reads a task's files and looks at its lock.
func (r healer) see(id string, known view.Hint) (*patient, error) {
	s, err := r.Snapshot(id, known)
	if err != nil {
		return nil, err
	}
	return &patient{Snapshot: s, lost: s.Output != view.FIFOHeld}, nil
}

// split tells whether stderr has a FIFO of its own, also of a task whose spec can't be
// read.
func (s *patient) split() bool {
	if s.Spec != nil {
		return s.Spec.Split
	}
	return store.IsFIFO(filepath.Join(s.dir(), store.ErrFIFO))
}
