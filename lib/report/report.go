package report

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"bgtasks/lib/fail"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
)

// Change is what a report does to one thing: nothing, unless it is Given; a nil
// Value clears it.
type Change[T any] struct {
	Given bool
	Value *T
}

// Report is what a task says about itself in one go.
type Report struct {
	ID        string
	From      Origin
	Percent   Change[float64] // 0 to 100
	Label     Change[string]
	Meta      Change[[]byte] // a JSON object on one line
	Result    []byte         // a JSON value on one line, nil for none
	Heartbeat bool
	Step      *record.Step // Kind, Level, Message, Meta and Percent; the rest is filled in
}

// Outcome is what was recorded.
type Outcome struct {
	State    *record.State    // of the task
	Progress *record.Progress // as it is now
	Step     *record.Step     // nil if none was reported
}

// Deliver records the report, and writes it to the journal unless it is nothing
// but a heartbeat, or says what the last one said. It waits for other reports about the task, and for the record
// of the task's start if that is not written yet. The error is *RefusedError or
// *view.NotFoundError, with which nothing was changed, a *view.RecordError, or
// wraps what the store met.
func (r *Report) Deliver(h *store.Home) (*Outcome, error) {
	spec, state, err := r.records(h)
	if err != nil {
		return nil, err
	}
	lock, err := store.LockReports(h.TaskDir(r.ID))
	if err != nil {
		return nil, fmt.Errorf("lock the reports of %q: %w", r.ID, err)
	}
	defer lock.Unlock()
	d := &delivery{report: r, home: h, spec: spec, state: state, now: time.Now()}
	if err := d.prepare(); err != nil {
		return nil, fmt.Errorf("prepare the report about %q: %w", r.ID, err)
	}
	if err := d.commit(); err != nil {
		return nil, errors.Join(err, d.discard())
	}
	d.close()
	if spec.WatchdogMs > 0 {
		// A supervisor that is not there has no watchdog that barks.
		_ = store.Knock(h.TaskDir(r.ID), []byte(record.AliveMessage))
	}
	return &Outcome{d.state, d.progress, r.Step}, nil
}

// delivery is a report on its way into the files, under report.lock.
type delivery struct {
	report   *Report
	home     *store.Home
	spec     *record.Spec
	state    *record.State
	now      time.Time
	progress *record.Progress
	file     *store.Prepared // of progress.json; nil when it stays as it is, or is in place
	steps    *stepFile       // nil without a step
	repeated bool            // the progress is as it was reported last, but for its time
}

// prepare does what takes time, or may find no room, before anything is changed.
func (d *delivery) prepare() error {
	last, err := view.Reported(d.home, d.report.ID)
	if err != nil || last == nil || last.Run != d.state.Run || last.Attempt != d.state.Attempt {
		last = &record.Progress{Run: d.state.Run, Attempt: d.state.Attempt}
	}
	d.progress = last
	before := *last
	if d.report.changes(d.progress, d.now) {
		path := filepath.Join(d.home.TaskDir(d.report.ID), store.ProgressFile)
		data := append(d.progress.AppendJSON(nil), '\n')
		// A result must outlive a power failure as the task's end does.
		if d.file, err = store.Prepare(path, data, len(d.progress.Result) > 0); err != nil {
			return err
		}
	}
	d.repeated = !before.UpdatedAt.IsZero() && same(&before, d.progress)
	if step := d.report.Step; step != nil {
		step.TaskID, step.Run, step.Attempt, step.CreatedAt = d.report.ID, d.state.Run, d.state.Attempt, d.now
		if d.steps, err = openSteps(d.home, step); err != nil {
			return errors.Join(err, d.discard())
		}
	}
	return nil
}

// changes applies the report to the progress, and tells whether that makes it
// another one.
func (r *Report) changes(p *record.Progress, now time.Time) bool {
	percent := r.Percent
	if r.Step != nil && r.Step.Percent != nil {
		percent = Change[float64]{true, r.Step.Percent}
	}
	told := percent.Given || r.Label.Given || r.Meta.Given || r.Result != nil
	if percent.Given {
		p.Percent = percent.Value
	}
	if r.Label.Given {
		p.Label = valueOf(r.Label)
	}
	if r.Meta.Given {
		p.Meta = valueOf(r.Meta)
	}
	if r.Result != nil {
		p.Result = r.Result
	}
	if told {
		p.UpdatedAt = now
	}
	if r.Heartbeat {
		p.HeartbeatAt = now
	}
	return told || r.Heartbeat
}

// same tells whether two reports say the same of a task.
func same(a, b *record.Progress) bool {
	percent := a.Percent == b.Percent || a.Percent != nil && b.Percent != nil && *a.Percent == *b.Percent
	return percent && a.Label == b.Label && bytes.Equal(a.Meta, b.Meta) && bytes.Equal(a.Result, b.Result)
}

func valueOf[T any](c Change[T]) (none T) {
	if c.Value == nil {
		return none
	}
	return *c.Value
}

// event is the line of the journal about the report; ok is false for a
// heartbeat, of which it keeps none, and for what has been said before: a task that
// says it a thousand times a second would drive out what happened to all others.
func (d *delivery) event() (e *record.Event, ok bool) {
	e = &record.Event{Time: d.now, TaskID: d.spec.ID, Labels: d.spec.EventLabels(), State: d.state}
	r := d.report
	switch {
	case r.Step != nil:
		e.Name = record.EventStep
		e.Extra = r.Step.AppendMember(nil)
		if d.file != nil {
			e.Extra = d.progress.AppendMember(append(e.Extra, ','))
		}
	case d.repeated:
		return nil, false
	case r.Percent.Given || r.Label.Given || r.Meta.Given || r.Result != nil:
		e.Name = record.EventProgress
		e.Extra = d.progress.AppendMember(nil)
	default:
		return nil, false
	}
	return e, true
}

// errMoved says that the state has changed since it was read, and that the
// attempt goes on.
var errMoved = errors.New("the state has changed")

// commit changes the files and writes the line.
func (d *delivery) commit() error {
	for {
		e, ok := d.event()
		var err error
		if ok {
			err = d.tell(e)
		} else {
			err = d.write()
		}
		if !errors.Is(err, errMoved) {
			return err
		}
	}
}

// write changes the files if the attempt is still under way, and stands where
// the journal will say.
func (d *delivery) write() error {
	spec, state, err := view.Records(d.home, d.report.ID)
	if err != nil {
		return err
	}
	here := Origin{d.state.Run, d.state.Attempt, d.spec.RunToken}
	if stands, why := (&Report{From: here}).stands(spec, state); stands != underWay {
		return d.report.refuse(state, cmp.Or(why, here.over()))
	}
	if moved := state.State != d.state.State; moved {
		d.state = state
		return errMoved
	}
	if d.steps != nil {
		fail.Pass("report-step")
		if err := d.steps.append(); err != nil {
			return err
		}
	}
	if d.file != nil {
		fail.Pass("report-progress")
		if err := d.file.Commit(); err != nil {
			return err
		}
		d.file = nil
	}
	fail.Pass("report-journal")
	return nil
}

func (d *delivery) close() {
	if d.steps != nil {
		d.steps.f.Close()
	}
}

// discard takes back what is not in place, and a step that the journal does not
// tell of: whoever reported it will do so again.
func (d *delivery) discard() (err error) {
	if d.file != nil {
		err = d.file.Discard()
	}
	if d.steps != nil {
		err = errors.Join(err, d.steps.undo())
	}
	return err
}
