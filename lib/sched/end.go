package sched

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"syscall"
	"time"

	"bgtasks/lib/fail"
	"bgtasks/lib/launch"
	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
)

// patience is how long the lock of a task that waits is waited for: who has it
// looks at the task for a moment, or is about to start it.
const patience = 2 * time.Second

// Cancel ends a task that waits, with the stop that was asked for. cancelled is
// false if it does not wait: it runs, is just being started, or is over. What
// follows from the end is left to a Dispatch.
func Cancel(h *store.Home, id string, stop *record.Stop) (cancelled bool, err error) {
	err = endWaiting(h, id, patience, func(_ *index, f *facts) error {
		cancelled = true
		f.state.Stop = stop
		return launch.End(h, f.spec, f.state, record.Cancelled, stop.Cause)
	})
	if errors.Is(err, store.ErrLocked) || errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return cancelled, err
}

// endDoomed ends a task whose dependencies can't be met. The error is store.ErrLocked
// if someone else has its lock for longer than patience: he may be ending it.
func endDoomed(h *store.Home, id string, patience time.Duration) error {
	return endWaiting(h, id, patience, func(x *index, f *facts) error {
		if all, _, err := x.judgeDependencies(x.listed(f), never); err != nil || all != never {
			return err
		}
		return launch.End(h, f.spec, f.state, record.Failed, record.DependencyFailed)
	})
}

// endWaiting ends a task that waits, under its lock. Before the end is recorded
// there is a lookout for it, so that what follows from it is not forgotten by a
// crash.
func endWaiting(h *store.Home, id string, patience time.Duration, end func(*index, *facts) error) error {
	lock, err := store.LockWithin(h.TaskDir(id), patience)
	if err != nil {
		return err
	}
	f, err := read(h, id)
	if err == nil && f.waits() {
		err = endLocked(h, f, end)
	}
	err = errors.Join(err, lock.Unlock())
	store.Ring(filepath.Join(h.TaskDir(id), store.BellsDir), store.BellChange)
	return err
}

func endLocked(h *store.Home, f *facts, end func(*index, *facts) error) error {
	x := newIndex(h)
	waited := *f.state
	err := x.locked(func() error {
		if exists(x.path(newDir, f.spec.ID)) {
			if err := h.Append(enqueuedEvent(f.spec, f.state)); err != nil {
				return err
			}
			x.unmarkNew(f.spec.ID)
		}
		return x.lookout(f.spec.ID)
	})
	if err != nil {
		return err
	}
	if err := end(x, f); err != nil {
		return err
	}
	fail.Pass("end-waiting-entries")
	return x.locked(func() error { return x.removeEntries(&facts{spec: f.spec, state: &waited}) })
}

// supersede ends a task in favour of another one. It asks, and does not wait.
func supersede(h *store.Home, v victim) error {
	f, err := look(h, v.id)
	if err != nil || f.terminal() {
		return err
	}
	stop, number, err := stopFor(h, v, f.spec)
	if err != nil {
		return fmt.Errorf("supersede %q: %w", v.id, err)
	}
	if f.waits() && !f.held {
		cancelled, err := Cancel(h, v.id, stop)
		if cancelled || err != nil {
			return err
		}
	}
	if _, err := store.AskToStop(h.TaskDir(v.id), stop, int(number)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("supersede %q: %w", v.id, err)
	}
	return nil
}

// stopFor is the stop that a victim is asked for: the one that was left for it, if
// there is one, so that its supervisor knows it again.
func stopFor(h *store.Home, v victim, s *record.Spec) (*record.Stop, syscall.Signal, error) {
	stop, err := parse(filepath.Join(h.TaskDir(v.id), store.StopFile), view.ParseStop)
	if err != nil {
		stop = &record.Stop{
			RequestedAt: time.Now(), By: "bg-start", Signal: s.Signal, GraceMs: s.KillGraceMs,
			Reason: fmt.Sprintf("superseded by %q", v.by), Cause: record.Superseded,
		}
	}
	number, err := proc.ParseSignal(stop.Signal)
	if err == nil {
		stop.Signal = proc.SignalName(number)
	}
	return stop, number, err
}
