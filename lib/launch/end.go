package launch

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"bgtasks/lib/fail"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// Ending is the end of a task without a supervisor: it was cancelled while it waited,
// its dependency failed, or its program can't be executed.
type Ending struct {
	Spec    *record.Spec
	State   *record.State // until now; then how it ended
	As      record.LifeState
	Why     record.Reason
	Because *Ending // one before it in the set, without which it does not end; nil for none
	Err     error   // why the end was not recorded, or not all was done that follows from it

	prepared *store.Prepared
}

// End records one end as EndAll does.
func End(h *store.Home, s *record.Spec, end *record.State, as record.LifeState, why record.Reason) error {
	e := &Ending{Spec: s, State: end, As: as, Why: why}
	EndAll(h, []*Ending{e})
	return e.Err
}

// EndAll records ends, in their order. The caller holds the run.lock of each task
// and keeps it. When EndAll returns, the ends without an Err are on the disk and in the
// journal. A crash before that leaves the marker of a task in live/, by which the next
// look finds the missing steps. All ends together wait for the disk twice.
func EndAll(h *store.Home, set []*Ending) {
	fail.Pass("end-record")
	now := time.Now()
	for _, e := range set {
		s := e.State
		s.State, s.Reason, s.UpdatedAt = e.As, e.Why, now
		s.RetryAt, s.RetryDueBootMs, s.ClaimedBy = time.Time{}, 0, nil
	}
	if len(set) == 1 {
		set[0].record(h)
	} else {
		recordAll(h, set)
	}
	fail.Pass("end-journal")
	journalAll(h, set)
	fail.Pass("end-tidy")
	for _, e := range set {
		e.step("tidy up after %q: %w", func() error { return tidy(h, e.Spec.ID) })
	}
}

// step does something of an ending, unless it failed before.
func (e *Ending) step(format string, do func() error) {
	if e.Err == nil && e.Because != nil {
		e.Err = e.Because.Err
	}
	if e.Err != nil {
		return
	}
	if err := do(); err != nil {
		e.Err = fmt.Errorf(format, e.Spec.ID, err)
	}
}

const (
	recordFailed  = "record the end of %q: %w"
	journalFailed = "journal the end of %q: %w"
)

func (e *Ending) record(h *store.Home) {
	dir := h.TaskDir(e.Spec.ID)
	e.step(recordFailed, func() error { return errors.Join(replaceState(dir, e.State, store.Replace), store.SyncDir(dir)) })
}

// recordAll does so for many: what takes the place of the records is on the disk
// before it does, and that it has done so is before anybody is told.
func recordAll(h *store.Home, set []*Ending) {
	for _, e := range set {
		path := filepath.Join(h.TaskDir(e.Spec.ID), store.StateFile)
		e.step(recordFailed, func() (err error) {
			e.prepared, err = store.Prepare(path, append(e.State.AppendJSON(nil), '\n'), false)
			return err
		})
	}
	synced := h.SyncAll()
	for _, e := range set {
		e.step(recordFailed, func() error {
			err := synced
			if err == nil {
				err = e.prepared.Commit()
			}
			if err != nil {
				err = errors.Join(err, e.prepared.Discard())
			}
			return err
		})
	}
	synced = h.SyncAll()
	for _, e := range set {
		e.step(recordFailed, func() error { return synced })
	}
}

func journalAll(h *store.Home, set []*Ending) {
	journal := h.Journal()
	defer journal.Close()
	for _, e := range set {
		e.step(journalFailed, func() error {
			event := record.Event{
				Name: record.EndEvent(e.State), Time: e.State.UpdatedAt, TaskID: e.Spec.ID, Labels: e.Spec.EventLabels(), State: e.State,
			}
			_, err := journal.Append(event.AppendJSON(nil))
			return err
		})
	}
	store.Ring(h.JournalBells(), store.BellChange)
}

// tidy removes what only an open run needs, and wakes those who wait.
func tidy(h *store.Home, id string) error {
	dir := h.TaskDir(id)
	err := errors.Join(store.RemoveStop(dir), store.RemoveEnv(dir), store.RemoveFIFOs(dir), h.UnmarkLive(id))
	bells := filepath.Join(dir, store.BellsDir)
	store.Ring(bells, store.BellLog)
	store.Ring(bells, store.BellChange)
	return err
}
