package launch

import (
	"errors"
	"fmt"
	"path/filepath"

	"bgtasks/lib/fail"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// Restart runs an ended task again under its id. The caller holds its run.lock and has
// made sure that the last run is over. Restart releases the lock when the shim has it.
// r.Spec is the spec of the last run, and becomes that of the new one. On an error the
// task is unchanged.
func Restart(h *store.Home, held *store.Lock, r *Request) error {
	dir := h.TaskDir(r.Spec.ID)
	fail.Pass("restart-begin")
	last, err := formerOf(dir, r)
	var program string
	if err == nil {
		program, err = Resolve(&r.Spec, r.Env)
	}
	if err == nil {
		err = keepAttempt(dir, r.Last)
	}
	if err == nil {
		if err = prepareRun(h, dir, r); err != nil {
			err = errors.Join(err, unprepare(h, dir, r.Spec.ID), store.KeepEnv(dir, last.env))
		} else if err = r.run(h, held, program); err != nil && !errors.Is(err, record.ErrReport) {
			err = errors.Join(err, revert(h, dir, r.Spec.ID, last))
		}
	}
	if err == nil || errors.Is(err, record.ErrReport) {
		return errors.Join(err, held.Unlock()) // the supervisor has it, or may have
	}
	return errors.Join(err, store.GiveBack(dir, held))
}

// prepareRun makes the record of the next run. From the moment that spec.json
// names it, a reader sees a claimed run.
func prepareRun(h *store.Home, dir string, r *Request) error {
	self, err := starter()
	if err != nil {
		return err
	}
	s := &r.Spec
	s.StartedBy = self
	s.Run++
	s.RunToken = newToken()
	if err := h.MarkLive(s.ID); err != nil {
		return fmt.Errorf("mark task %q: %w", s.ID, err)
	}
	if err := errors.Join(fail.Point("restart-sweep"), store.SweepTask(dir), store.RemoveStop(dir), store.MakeFIFOs(dir, s.Split), r.keepEnv(dir)); err != nil {
		return err
	}
	if err := fail.Point("restart-spec"); err != nil {
		return err
	}
	return store.Replace(filepath.Join(dir, store.SpecFile), append(s.AppendJSON(nil), '\n'))
}

func revert(h *store.Home, dir, id string, last former) error {
	fail.Pass("restart-revert")
	return errors.Join(
		store.Replace(filepath.Join(dir, store.SpecFile), last.spec),
		store.KeepEnv(dir, last.env),
		unprepare(h, dir, id))
}

// unprepare takes back what prepareRun makes beside the spec.
func unprepare(h *store.Home, dir, id string) error {
	return errors.Join(store.RemoveFIFOs(dir), h.UnmarkLive(id))
}

// former is what a restart that fails puts back.
type former struct {
	spec []byte
	env  []string // what was kept; nil for nothing
}

// formerOf reads it before anything is changed.
func formerOf(dir string, r *Request) (former, error) {
	env, err := store.KeptEnv(dir)
	return former{append(r.Spec.AppendJSON(nil), '\n'), env}, err
}
