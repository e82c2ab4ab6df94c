package heal

import (
	"bytes"
	"errors"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"bgtasks/lib/codec"
	"bgtasks/lib/fail"
	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/seglog"
	"bgtasks/lib/store"
)

// lookBack is how far back the journal is searched first for an event that was
// probably written just now, in bytes: a few thousand events.
const lookBack = 1 << 20

// journalled tells whether the journal holds this event of this attempt of the
// task, of that time or later. Where it no longer reaches back so far, it does
// not: an event is told twice rather than not at all.
func journalled(h *store.Home, since time.Time, id string, run, attempt int, name record.EventName) (bool, error) {
	end, err := h.Journal().End()
	if err != nil {
		return false, err
	}
	r, err := seglog.OpenJournalTail(h.EventsDir(), end, lookBack)
	if err != nil {
		return false, err
	}
	defer r.Close()
	said, err := journalledIn(r, id, run, attempt, name)
	if said || err != nil {
		return said, err
	}
	said, _, err = journalledSince(h, since, id, run, attempt, name)
	return said, err
}

// journalledSince does the same for an event of that time or later, however far
// back. known is false if the journal no longer reaches back to it.
func journalledSince(h *store.Home, since time.Time, id string, run, attempt int, name record.EventName) (said, known bool, err error) {
	entries, err := os.ReadDir(h.EventsDir())
	if err != nil {
		return false, false, err
	}
	empty := true
	for _, e := range slices.Backward(entries) {
		digits, isSegment := strings.CutSuffix(e.Name(), ".ndjson")
		start, err := strconv.ParseInt(digits, 10, 64)
		empty = empty && !isSegment
		if isSegment && err == nil && (start == 0 || beginsBefore(h, start, since)) {
			said, err = journalledFrom(h, start, id, run, attempt, name)
			if old := (*seglog.TooOldError)(nil); errors.As(err, &old) {
				return false, false, nil
			}
			return said, err == nil, err
		}
	}
	return false, empty, nil
}

// clockStep is by how much the wall clock may have been set back between two
// events of the journal.
const clockStep = time.Hour

// beginsBefore tells whether the segment's first event is older than since.
func beginsBefore(h *store.Home, start int64, since time.Time) bool {
	r, err := seglog.OpenJournalReader(h.EventsDir(), start)
	if err != nil {
		return false
	}
	defer r.Close()
	line, _, err := r.Next()
	if err != nil {
		return false
	}
	e, err := codec.ParseEvent(line)
	return err == nil && e.Time.Before(since.Add(-clockStep))
}

func journalledFrom(h *store.Home, from int64, id string, run, attempt int, name record.EventName) (bool, error) {
	r, err := seglog.OpenJournalReader(h.EventsDir(), from)
	if err != nil {
		return false, err
	}
	defer r.Close()
	return journalledIn(r, id, run, attempt, name)
}

// journalledIn reads to the end, because what was said before the task was removed
// is about another one: the runs of an id that was free count from 1 again.
func journalledIn(r *seglog.JournalReader, id string, run, attempt int, name record.EventName) (said bool, err error) {
	mention := record.AppendString([]byte(`"taskId":`), id)
	for {
		line, _, err := r.Next()
		if errors.Is(err, io.EOF) {
			return said, nil
		}
		if err != nil {
			return false, err
		}
		if !bytes.Contains(line, mention) {
			continue
		}
		switch e, err := codec.ParseEvent(line); {
		case err != nil || e.TaskID != id:
		case e.Name == record.EventRemoved:
			said = false
		case e.State.Run == run && e.State.Attempt == attempt && e.Name == name:
			said = true
		}
	}
}

// journalStart makes up for the started event of a run whose supervisor was
// killed before it could write one, or never found room for it (P10). Where the
// journal no longer reaches back that far, the event counts as written.
func (r healer) journalStart(s *patient, leader *record.Process) error {
	if leader == nil {
		return nil
	}
	at := startOf(s, leader)
	said, known, err := journalledSince(r.Home, at, s.ID, s.Spec.Run, s.Attempt(), record.EventStarted)
	if said || !known {
		return err
	}
	then := &record.State{Run: s.Spec.Run, Attempt: s.Attempt(), State: record.Running, Leader: leader}
	return r.Home.Append(&record.Event{
		Name: record.EventStarted, Time: at, TaskID: s.ID, Labels: s.Spec.EventLabels(), State: then,
	})
}

// startOf is when the run's program was executed: as recorded, or by the age of
// its leader.
func startOf(s *patient, leader *record.Process) time.Time {
	if s.State != nil && !s.State.StartedAt.IsZero() {
		return s.State.StartedAt
	}
	age, err := proc.Age(proc.Identity(*leader))
	if err != nil {
		age = 0
	}
	return time.Now().Add(-age)
}

func (r healer) journalEnd(s *patient) error {
	if err := fail.Point("heal-journal"); err != nil {
		return err
	}
	if err := r.journalStart(s, s.State.Leader); err != nil {
		return err
	}
	return r.Home.AppendDue(s.ID, &record.Event{
		Name:   record.EndEvent(s.State),
		Time:   s.State.UpdatedAt,
		TaskID: s.ID,
		Labels: s.Spec.EventLabels(),
		State:  s.State,
	})
}
