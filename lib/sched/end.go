package sched

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"syscall"
	"time"

	"bgtasks/lib/codec"
	"bgtasks/lib/launch"
	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// patience is how long the locks of tasks that wait are waited for: who has one
// looks at the task for a moment, or is about to start it.
const patience = 2 * time.Second

// Cancelled is the result of cancelling a task.
type Cancelled struct {
	Done bool // it waited, and has ended; else it runs, is just being started, is over, removed or unreadable
	Err  error
}

// Cancel ends the waiting ones among the tasks. stop returns the requested stop for the
// task with index i and spec s. A later Dispatch carries out the consequences of the
// ends, so that none of the tasks starts meanwhile.
func Cancel(h *store.Home, ids []string, stop func(i int, s *record.Spec) (*record.Stop, error)) []Cancelled {
	results := make([]Cancelled, len(ids))
	e := &enders{home: h, patience: patience}
	e.why = func(q *quitter) (*launch.Ending, error) {
		stop, err := stop(q.index, q.facts.spec)
		if err != nil {
			return nil, err
		}
		q.facts.state.Stop = stop
		return q.end(record.Cancelled, stop.Cause), nil
	}
	e.each(ids, func(q *quitter) {
		err := q.err
		if errors.Is(err, store.ErrLocked) || errors.Is(err, fs.ErrNotExist) || unreadable(err) {
			err = nil
		}
		results[q.index] = Cancelled{q.ended(), err}
	})
	return results
}

// endDoomed ends tasks whose dependencies can't be met, and with spread those that this
// dooms in turn. A task whose lock someone else has for longer than patience is left:
// he may be ending it. The errors are those of the tasks that were named.
func endDoomed(h *store.Home, ids []string, patience time.Duration, spread bool) (err error) {
	e := &enders{home: h, patience: patience, spread: spread}
	e.why = func(q *quitter) (*launch.Ending, error) {
		all, _, err := e.x.judgeDependencies(e.x.listed(q.facts), never)
		if err != nil || all != never {
			return nil, err
		}
		return q.end(record.Failed, record.DependencyFailed), nil
	}
	e.each(ids, func(q *quitter) {
		if q.index >= 0 {
			err = errors.Join(err, q.err)
		}
	})
	return err
}

// supersede ends tasks in favour of others. It asks, and does not wait.
func supersede(h *store.Home, victims []victim) {
	var waiting []string
	stops := map[string]victim{}
	for _, v := range victims {
		f, err := look(h, v.id)
		if err != nil {
			continue
		}
		if f.terminal() {
			_ = knock(h, v, f.spec) // for what outlived it
			continue
		}
		if f.waits() && !f.held {
			waiting = append(waiting, v.id)
			stops[v.id] = v
			continue
		}
		_ = ask(h, v, f.spec)
	}
	results := Cancel(h, waiting, func(i int, s *record.Spec) (*record.Stop, error) {
		stop, _, err := stopFor(h, stops[waiting[i]], s)
		return stop, err
	})
	for i, r := range results {
		if r.Done || r.Err != nil {
			continue
		}
		if f, err := look(h, waiting[i]); err == nil && !f.terminal() {
			_ = ask(h, stops[waiting[i]], f.spec)
		}
	}
}

// ask leaves the stop with the supervisor.
func ask(h *store.Home, v victim, s *record.Spec) error {
	stop, number, err := stopFor(h, v, s)
	if err == nil {
		_, err = store.AskToStop(h.TaskDir(v.id), stop, int(number))
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("supersede %q: %w", v.id, err)
	}
	return nil
}

// knock asks the supervisor of what outlived a run to end that, if there is one.
func knock(h *store.Home, v victim, s *record.Spec) error {
	stop, number, err := stopFor(h, v, s)
	if err != nil {
		return err
	}
	return store.Knock(h.TaskDir(v.id), stop.AppendMessage(nil, int(number)))
}

// stopFor is the stop that a victim is asked for: the one that was left for it, if
// there is one, so that its supervisor knows it again.
func stopFor(h *store.Home, v victim, s *record.Spec) (*record.Stop, syscall.Signal, error) {
	stop, err := parse(filepath.Join(h.TaskDir(v.id), store.StopFile), codec.ParseStop)
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
