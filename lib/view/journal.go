package view

import (
	"bytes"
	"errors"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"bgtasks/lib/record"
	"bgtasks/lib/seglog"
	"bgtasks/lib/store"
)

// lookBack is how far back at least the journal is searched for the end of a
// run, in bytes: a few thousand events. A crash between the journal's line and
// the removal of the marker that is healed only after more than that gives the
// end a second line; readers of the journal know a run by its number.
const lookBack = 1 << 20

// journalled tells whether the newest part of the journal holds this event of
// this run of the task.
func journalled(h *store.Home, id string, run int, name record.EventName) (bool, error) {
	from, err := journalTail(h)
	if err != nil {
		return false, err
	}
	return journalledFrom(h, from, id, run, name)
}

// journalledSince does the same for an event of that time or later, however far
// back. known is false if the journal no longer reaches back to it.
func journalledSince(h *store.Home, since time.Time, id string, run int, name record.EventName) (said, known bool, err error) {
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
			said, err = journalledFrom(h, start, id, run, name)
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
	e, err := ParseEvent(line)
	return err == nil && e.Time.Before(since.Add(-clockStep))
}

func journalledFrom(h *store.Home, from int64, id string, run int, name record.EventName) (bool, error) {
	r, err := seglog.OpenJournalReader(h.EventsDir(), from)
	if err != nil {
		return false, err
	}
	defer r.Close()
	mention := record.AppendString([]byte(`"taskId":`), id)
	for {
		line, _, err := r.Next()
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		if bytes.Contains(line, mention) && tells(line, id, run, name) {
			return true, nil
		}
	}
}

func tells(line []byte, id string, run int, name record.EventName) bool {
	e, err := ParseEvent(line)
	return err == nil && e.TaskID == id && e.State.Run == run && e.Name == name
}

// journalTail is where the newest segment begins that has lookBack bytes or
// more behind it: the start of a segment is that of a line.
func journalTail(h *store.Home) (int64, error) {
	end, err := h.Journal().End()
	if err != nil {
		return 0, err
	}
	entries, err := os.ReadDir(h.EventsDir())
	if err != nil {
		return 0, err
	}
	for _, e := range slices.Backward(entries) {
		digits, isSegment := strings.CutSuffix(e.Name(), ".ndjson")
		start, err := strconv.ParseInt(digits, 10, 64)
		if isSegment && err == nil && (start == 0 || start <= end-lookBack) {
			return start, nil
		}
	}
	return oldestSegment(entries), nil
}

// oldestSegment is where a short journal begins whose first segments were
// removed; 0 for an empty one.
func oldestSegment(entries []os.DirEntry) int64 {
	for _, e := range entries {
		if digits, ok := strings.CutSuffix(e.Name(), ".ndjson"); ok {
			start, _ := strconv.ParseInt(digits, 10, 64)
			return start
		}
	}
	return 0
}
