package view

import "bgtasks/lib/store"

// Look reads one task as Load does, and heals nothing. unsettled tells that the
// next Load will: its supervisor is gone before its work was done. An answer of
// one look may be about an end that comes in between, so it counts only when a
// second look says the same. A vanished task is fs.ErrNotExist.
func Look(h *store.Home, id string) (t *Task, unsettled bool, err error) {
	r := newReader(h)
	for range 2 {
		s, err := r.snapshot(id, thorough)
		if err != nil {
			return nil, false, err
		}
		unsettled = s.wantsHealing()
		t = r.derive(s)
		t.Bare = r.ails(s) && supervises(*s.holder)
		unsettled = unsettled || t.Supervisor == SupervisorLost
		if !unsettled {
			break
		}
	}
	return t, unsettled, nil
}
