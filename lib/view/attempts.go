package view

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"bgtasks/lib/codec"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// Attempt is what is known of one execution of a task, as verbs print it. What is
// null is not known, or has not come yet.
type Attempt struct {
	Run         int              `json:"run"`
	Attempt     int              `json:"attempt"`
	State       record.LifeState `json:"state"`
	Reason      record.Reason    `json:"reason,omitempty"`
	SpawnError  *SpawnError      `json:"spawnError,omitempty"`
	ExitCode    *int             `json:"exitCode"`
	Signal      *string          `json:"signal"`
	StartedAt   *string          `json:"startedAt"`
	ExitedAt    *string          `json:"exitedAt"`
	LogStart    int64            `json:"logStart"`
	LogEnd      *int64           `json:"logEnd"`
	ErrorsStart int64            `json:"errorsStart,omitzero"`
	ErrorsEnd   int64            `json:"errorsEnd,omitzero"`
	OutputEnd   string           `json:"outputEnd,omitempty"` // as of a Task
}

// NoAttemptError says that a task has no such run or attempt, or that nothing is
// known of it any more.
type NoAttemptError struct {
	ID           string
	Run, Attempt int    // Attempt is 0 if a run was asked for
	Have         string // those that are known
}

func (e *NoAttemptError) Error() string {
	what := "run " + strconv.Itoa(e.Run)
	if e.Attempt > 0 {
		what = "attempt " + strconv.Itoa(e.Attempt) + " of " + what
	}
	return fmt.Sprintf("task %q has no %s", e.ID, what)
}

// Attempts lists the executions of a task that are known, of all its runs, in
// order; the last is the one at hand, once it has begun. The error is a
// *RecordError.
func Attempts(h *store.Home, t *Task) ([]Attempt, error) {
	past, err := PastAttempts(h, t.ID)
	if err != nil {
		return nil, err
	}
	if s := t.Current; s != nil && s.State != record.Queued && s.State != record.Claimed {
		past = append(past, *s)
	}
	list := make([]Attempt, 0, len(past))
	for i := range past {
		a, last := newAttempt(&past[i]), len(list)-1
		if last >= 0 && list[last].Run == a.Run && list[last].Attempt == a.Attempt {
			list[last] = a // of what was written down twice in a row the later counts
			continue
		}
		list = append(list, a)
	}
	return list, nil
}

func newAttempt(s *record.State) Attempt {
	a := Attempt{
		Run: s.Run, Attempt: s.Attempt, State: s.State, Reason: s.Reason, SpawnError: spawnErrorOf(s), ExitCode: s.ExitCode, Signal: s.Signal,
		StartedAt: knownTime(s.StartedAt), ExitedAt: knownTime(s.ExitedAt), LogStart: s.LogStart, ErrorsStart: s.ErrorsStart, ErrorsEnd: s.ErrorsEnd,
		OutputEnd: s.OutputEnd,
	}
	if s.State.Terminal() || s.State == record.Retrying {
		a.LogEnd = &s.LogEnd
	}
	return a
}

// PastAttempts reads attempts.ndjson. A line that a crash cut short is passed
// over.
func PastAttempts(h *store.Home, id string) (list []record.State, err error) {
	data, err := NewReader(h).file(id, store.AttemptsFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, &RecordError{id, store.AttemptsFile, err}
	}
	for line := range bytes.Lines(data) {
		if s, err := codec.ParseAttempt(line); err == nil {
			list = append(list, *s)
		}
	}
	return list, nil
}

// LogRange gives where in a task's log the output of a run begins and ends, or of
// an attempt of it; end is -1 if it is the last that is known: what leftovers of a
// run write belongs to it until the next begins, and one that has not begun yet begins
// where the last ended. stderr means the log of a task
// with separate streams. A run of 0 is the newest one, an attempt of 0 all of the
// run. The error is *NoAttemptError, or a *RecordError.
func LogRange(h *store.Home, t *Task, run, attempt int, stderr bool) (from, end int64, err error) {
	list, err := Attempts(h, t)
	if err != nil {
		return 0, 0, err
	}
	newest := run == 0 && attempt == 0
	if run == 0 {
		run = t.Run
	}
	wanted := func(a Attempt) bool { return a.Run == run && (attempt == 0 || a.Attempt == attempt) }
	start := func(a Attempt) int64 {
		if stderr {
			return a.ErrorsStart
		}
		return a.LogStart
	}
	first := slices.IndexFunc(list, wanted)
	if first < 0 && newest && !t.begun() {
		return lastEnd(list, stderr), -1, nil
	}
	if first < 0 {
		return 0, 0, &NoAttemptError{t.ID, run, attempt, named(list)}
	}
	after := first + 1
	for after < len(list) && wanted(list[after]) {
		after++
	}
	if after == len(list) {
		return start(list[first]), -1, nil
	}
	return start(list[first]), start(list[after]), nil
}

// begun tells whether the newest run has begun.
func (t *Task) begun() bool {
	return t.Current != nil && t.Current.State != record.Queued && t.Current.State != record.Claimed
}

// lastEnd is where the newest of the attempts ended.
func lastEnd(list []Attempt, stderr bool) int64 {
	if len(list) == 0 {
		return 0
	}
	last := list[len(list)-1]
	switch {
	case stderr:
		return max(last.ErrorsStart, last.ErrorsEnd)
	case last.LogEnd != nil:
		return max(last.LogStart, *last.LogEnd)
	}
	return last.LogStart
}

// RunStart is where in a log the output of a run begins.
type RunStart struct {
	Run    int
	Offset int64
}

// RunStarts gives where the runs begin that are known, but for the first of them.
// stderr means the log of a task with separate streams. The error is a *RecordError.
func RunStarts(h *store.Home, t *Task, stderr bool) (starts []RunStart, err error) {
	list, err := Attempts(h, t)
	for i := 1; i < len(list); i++ {
		if list[i].Run == list[i-1].Run {
			continue
		}
		s := RunStart{list[i].Run, list[i].LogStart}
		if stderr {
			s.Offset = list[i].ErrorsStart
		}
		starts = append(starts, s)
	}
	return starts, err
}

// named names the attempts of a list for people: "run 1 (attempts 1, 2), run 2".
func named(list []Attempt) string {
	var runs []string
	for i := 0; i < len(list); {
		run, j := list[i].Run, i
		var attempts []string
		for ; j < len(list) && list[j].Run == run; j++ {
			attempts = append(attempts, strconv.Itoa(list[j].Attempt))
		}
		word := "run " + strconv.Itoa(run)
		if len(attempts) > 1 {
			word += " (attempts " + strings.Join(attempts, ", ") + ")"
		}
		runs, i = append(runs, word), j
	}
	return strings.Join(runs, ", ")
}
