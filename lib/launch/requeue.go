package launch

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"bgtasks/lib/fail"
	"bgtasks/lib/store"
)

// Requeue makes the next run of an ended task wait. The caller holds its run.lock and
// has made sure that the last run is over. Requeue releases the lock. r.Spec is the spec
// of the last run with the Schedule of the next one, and becomes the spec of the next
// run. On an error the task is unchanged.
func Requeue(h *store.Home, held *store.Lock, r *Request) error {
	dir := h.TaskDir(r.Spec.ID)
	last, err := formerOf(dir, r)
	if err != nil {
		return errors.Join(err, store.GiveBack(dir, held))
	}
	if err = requeue(h, held, dir, r); err != nil {
		err = errors.Join(err, revert(h, dir, r.Spec.ID, last), store.RemoveEnv(dir))
	}
	return errors.Join(err, store.GiveBack(dir, held))
}

// requeue names itself in the lock first: a spec.json of a run without a state,
// by the last holder of the lock, tells that this was cut short, and how it goes
// on.
func requeue(h *store.Home, held *store.Lock, dir string, r *Request) error {
	s := &r.Spec
	program, err := Resolve(s, r.Env)
	if err != nil {
		return err
	}
	r.wait(program)
	self, err := claimant(held)
	if err != nil {
		return err
	}
	s.StartedBy = *self
	if err := keepAttempt(dir, r.Last); err != nil {
		return err
	}
	s.Run++
	s.RunToken = newToken()
	if err := h.MarkLive(s.ID); err != nil {
		return fmt.Errorf("mark task %q: %w", s.ID, err)
	}
	if err := errors.Join(store.SweepTask(dir), store.RemoveStop(dir), store.RemoveFIFOs(dir), store.WriteEnv(dir, r.Env), r.keepEnv(dir)); err != nil {
		return err
	}
	fail.Pass("requeue-spec")
	if err := store.Replace(filepath.Join(dir, store.SpecFile), append(s.AppendJSON(nil), '\n')); err != nil {
		return err
	}
	fail.Pass("requeue-state")
	return replaceState(dir, queued(s.Run, 1, time.Now()), store.Replace)
}
