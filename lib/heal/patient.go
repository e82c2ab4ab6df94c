package heal

import "bgtasks/lib/view"

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

// seeLocked reads the files of a task whose lock is ours. What its output FIFOs tell is
// with those who hold them open.
func (r healer) seeLocked(id string) (*patient, *outputs, error) {
	s, err := r.Locked(id)
	if err != nil {
		return nil, nil, err
	}
	p := &patient{Snapshot: s}
	out := holdOutputs(r.Home.TaskDir(id), p.split())
	s.Output, p.lost = out.use, out.lost
	return p, out, nil
}
