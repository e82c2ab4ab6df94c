package view

import (
	"encoding/json"
	"errors"
	"io/fs"
	"slices"
	"strconv"
	"time"

	"bgtasks/lib/codec"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// Progress is how far a task has come: what it reported of itself,
// and what its state says. What is not known, or not so, is null.
type Progress struct {
	State            record.LifeState `json:"state"`
	Percent          *float64         `json:"percent"` // 100 once it has succeeded, whatever was reported
	Label            *string          `json:"label"`
	Meta             json.RawMessage  `json:"meta"`
	StartedAt        *string          `json:"startedAt"`
	UpdatedAt        *string          `json:"updatedAt"`  // the newer of the state's time and the report's
	FinishedAt       *string          `json:"finishedAt"` // the end, or if nobody saw it when it was recorded
	RetryScheduledAt *string          `json:"retryScheduledAt"`
	StaleAt          *string          `json:"staleAt"`
	StaleReason      *string          `json:"staleReason"`
	LastHeartbeatAt  *string          `json:"lastHeartbeatAt"`
}

// hundred is the percentage of a task that has succeeded.
var hundred = 100.0

// Lifecycle is the progress as far as the task's state tells it, without its
// reports. It refers to the task's own members.
func (t *Task) Lifecycle() Progress {
	p := Progress{State: t.State, StartedAt: known(&t.StartedAt), UpdatedAt: known(&t.UpdatedAt)}
	if t.State == record.Succeeded {
		p.Percent = &hundred
	}
	if t.Terminal() {
		if p.FinishedAt = known(&t.ExitedAt); p.FinishedAt == nil {
			p.FinishedAt = p.UpdatedAt
		}
	}
	if s := t.Current; s != nil {
		p.StaleReason = known(&s.StaleReason)
		p.RetryScheduledAt, p.StaleAt = knownTime(s.RetryAt), knownTime(s.StaleAt)
	}
	return p
}

// known is nil for a word that says nothing.
func known(s *string) *string {
	if *s == "" {
		return nil
	}
	return s
}

func knownTime(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	text := TimeOf(t)
	return &text
}

// AddReport fills in what the current attempt has reported of itself. A report
// that can't be read is as good as none: the next one takes its place.
func (r *Reader) AddReport(t *Task) {
	if !t.attempted() {
		return // thousands may wait: not even a look for the file
	}
	p, err := parsed(r, t.ID, store.ProgressFile, codec.ParseProgress)
	if err == nil {
		t.Tell(p)
	}
}

// Tell makes a report part of the task, if it is about the attempt at hand.
func (t *Task) Tell(p *record.Progress) {
	if !t.reports(p) {
		return
	}
	t.Report, t.Result, t.Progress = p, p.Result, t.Lifecycle()
	into := &t.Progress
	if into.Percent == nil {
		into.Percent = p.Percent
	}
	into.Meta = p.Meta
	into.Label, into.LastHeartbeatAt = known(&p.Label), knownTime(p.HeartbeatAt)
	if at := TimeOf(p.UpdatedAt); at > t.UpdatedAt {
		into.UpdatedAt = &at
	}
}

// attempted tells whether the state is about an attempt that can have reported
// something. What waits for its next one has made no progress yet.
func (t *Task) attempted() bool {
	switch t.State {
	case "", record.Queued, record.Claimed, record.Retrying:
		return false
	}
	return true
}

// reports tells whether the report is about the attempt that the state is about.
func (t *Task) reports(p *record.Progress) bool {
	return t.attempted() && p.Run == t.Run && p.Attempt == t.Attempt
}

// Reported reads what was last reported about a task, of whichever attempt; nil
// if nothing was. The error is a *RecordError.
func Reported(h *store.Home, id string) (*record.Progress, error) {
	p, err := parsed(NewReader(h), id, store.ProgressFile, codec.ParseProgress)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return p, err
}

// Step is something that a task did, as verbs print it.
type Step struct {
	ID        string          `json:"id"`
	TaskID    string          `json:"taskId"`
	Run       int             `json:"run"`
	Attempt   int             `json:"attempt"`
	Kind      string          `json:"kind"`
	Level     string          `json:"level"`
	Message   string          `json:"message"`
	Meta      json.RawMessage `json:"meta"`
	Percent   *float64        `json:"percent"`
	CreatedAt string          `json:"createdAt"`
}

// NewStep gives a step as verbs print it.
func NewStep(s *record.Step) Step {
	return Step{strconv.FormatInt(s.Sequence, 10), s.TaskID, s.Run, s.Attempt, s.Kind, s.Level, s.Message, s.Meta, s.Percent,
		TimeOf(s.CreatedAt)}
}

// Reports is what an attempt has reported of its progress, as verbs print it.
type Reports struct {
	Percent         *float64        `json:"percent"`
	Label           *string         `json:"label"`
	Meta            json.RawMessage `json:"meta"`
	UpdatedAt       *string         `json:"updatedAt"`
	LastHeartbeatAt *string         `json:"lastHeartbeatAt"`
	Result          json.RawMessage `json:"result,omitempty"`
}

// NewReports gives the reports as verbs print them.
func NewReports(p *record.Progress) Reports {
	return Reports{p.Percent, known(&p.Label), p.Meta, knownTime(p.UpdatedAt), knownTime(p.HeartbeatAt), p.Result}
}

// Sequence is the step's number.
func (s *Step) Sequence() int64 {
	n, _ := strconv.ParseInt(s.ID, 10, 64)
	return n
}

// Steps reads the newest n steps of a task, all of them if n is negative, in
// the order in which they were reported. None are no error. A line that is cut
// short, as a crash can leave the last one, or that is no step, counts for none.
func Steps(h *store.Home, id string, n int) ([]Step, error) {
	steps := []Step{}
	err := eachStepBackwards(h, id, func(s *record.Step) bool {
		if n >= 0 && len(steps) >= n {
			return false
		}
		steps = append(steps, NewStep(s))
		return n < 0 || len(steps) < n
	})
	slices.Reverse(steps)
	return steps, err
}

// LastStep gives the sequence number of the newest step; 0 if there is none.
func LastStep(h *store.Home, id string) (sequence int64, err error) {
	err = eachStepBackwards(h, id, func(s *record.Step) bool {
		sequence = s.Sequence
		return false
	})
	return sequence, err
}
