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
	return NewReader(h).Derive(&Snapshot{ID: s.ID, Home: h.Path(), Spec: s, State: state})
}

// Started gives a task as it was when its program was executed, to whoever has started
// it with this spec. That costs one look at a file, where Load has a dozen. ok is false
// if its state does not tell: then Load has to.
func Started(h *store.Home, s *record.Spec) (t *Task, ok bool) {
	r := NewReader(h)
	now, err := parsed(r, s.ID, store.StateFile, r.parseState)
	if err != nil || now.Run != s.Run || now.StartedAt.IsZero() {
		return nil, false
	}
	then := &record.State{
		Run: now.Run, Attempt: now.Attempt, State: record.Running, StartedAt: now.StartedAt, UpdatedAt: now.StartedAt,
		Leader: now.Leader, Shim: now.Shim, Containment: now.Containment, Cgroup: now.Cgroup,
	}
	return r.Derive(&Snapshot{ID: s.ID, Home: h.Path(), Spec: s, State: then, Held: true}), true
}

// Restate makes the view of a task again, for another state; nil for none.
func (r *Reader) Restate(t *Task, state *record.State) *Task {
	open := state == nil || !state.State.Terminal()
	u := r.Derive(&Snapshot{ID: t.ID, Home: r.Home.Path(), Spec: t.Spec, State: state, Fault: t.Unreadable, Held: open})
	if state != nil && t.Spec != nil {
		u.RestartCount = state.Run - t.Spec.FirstRun
	}
	u.LogBytes, u.LogDroppedBytes = t.LogBytes, t.LogDroppedBytes
	return u
}
