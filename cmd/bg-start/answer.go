package main

import (
	"bgtasks/lib/cli"
	"bgtasks/lib/heal"
	"bgtasks/lib/record"
	"bgtasks/lib/sched"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
)

// startData is what JSON mode tells.
type startData struct {
	Task        cli.Told          `json:"task"`
	Lifecycle   lifecycle         `json:"lifecycle"`
	Disposition sched.Disposition `json:"disposition"`
	Reused      *string           `json:"reusedTaskId"`      // null unless an open task is the answer
	Superseded  []string          `json:"supersededTaskIds"` // that are ended in favour of this one

	*cli.Verdict // nil unless it was waited for

	answer *sched.Result
}

type lifecycle struct {
	SubmittedAt    string         `json:"submitted_at"`
	Waited         bool           `json:"waited"`
	Status         record.Status  `json:"status"`
	TerminalStatus *record.Status `json:"terminal_status"` // null unless it was waited for
}

// complete tells about the task that is the answer: as it was when it was started,
// queued or found, or as it has ended if that was to be waited for.
func (d *startData) complete(c *cli.Call, h *store.Home) error {
	t, err := d.task(h)
	d.answer.Queued, d.answer.Started = nil, nil // of a batch of a hundred thousand they would fill the memory
	if err != nil {
		return err
	}
	d.Disposition, d.Superseded = d.answer.Disposition, append([]string{}, d.answer.Superseded...)
	if d.Disposition == sched.Reused {
		d.Reused = &d.answer.ID
	} else {
		t = cli.AtStart(t)
	}
	d.Lifecycle = lifecycle{SubmittedAt: t.CreatedAt, Waited: c.Opts.Wait, Status: t.Status}
	if c.Opts.Wait {
		if t, err = cli.Await(c, t.ID); err != nil {
			return err
		}
		d.Lifecycle.Status, d.Lifecycle.TerminalStatus = t.Status, &t.Status
		d.Verdict = cli.NewVerdict(c, t)
	}
	t.Spec, t.Current = nil, nil // nor these
	d.Task = c.Tell(t)
	return nil
}

// task is the task that is the answer. One that had to wait was as it was accepted.
func (d *startData) task(h *store.Home) (*view.Task, error) {
	if d.answer.Queued != nil {
		return view.Accepted(h, d.answer.Queued), nil
	}
	if d.answer.Started != nil {
		if t, ok := view.Started(h, d.answer.Started); ok {
			return t, nil
		}
	}
	return heal.Load(h, d.answer.ID)
}
