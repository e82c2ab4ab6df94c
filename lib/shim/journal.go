package shim

import (
	"time"

	"bgtasks/lib/record"
	"bgtasks/lib/seglog"
	"bgtasks/lib/store"
)

// journal is a supervisor's way to the journal of the home. Others may hold that for
// long: an event that can't be written now is kept, in order, and tried again.
type journal struct {
	home   *home
	turn   *store.Turn
	file   *seglog.Journal
	path   string // of the home, as file knows it
	due    string // a file: what reports have left to be journalled before
	unsaid [][]byte
	brief  bool // the file stays open between two events
}

// newJournal gives a journal that calls ring, from another goroutine, when it is free
// after it was not.
func newJournal(h *home, due string, ring func()) *journal {
	turn := store.NewTurn(h.Home, ring)
	return &journal{home: h, due: due, turn: turn, file: turn.Journal(), path: h.Path(), brief: true}
}

// letGo closes the journal's file. A task that is over at once finds it still open for
// the event of its end; one that goes on would keep a segment on the disk long after it
// was removed.
func (j *journal) letGo() {
	j.file.Close()
	j.file, j.path = j.turn.Journal(), j.home.Path()
}

// add takes a line, and says what can be said.
func (j *journal) add(line []byte) {
	j.unsaid = append(j.unsaid, line)
	j.say()
}

// say writes the events that are not in the journal yet, as far as that does not keep
// us from the task.
func (j *journal) say() {
	if !j.home.inReach() {
		return
	}
	if j.path != j.home.Path() {
		j.letGo()
	}
	err := j.file.Take(j.due)
	for err == nil && len(j.unsaid) > 0 {
		if _, err = j.file.Append(j.unsaid[0]); err == nil {
			j.unsaid = j.unsaid[1:]
		}
	}
	if !j.brief {
		j.letGo()
	}
	if err == nil {
		store.Ring(j.home.JournalBells(), store.BellChange)
	}
}

// goOn makes the journal that of a task which goes on.
func (j *journal) goOn() {
	j.brief = false
	j.letGo()
}

// tell journals what happened to the run.
func (s *Shim) tell(name record.EventName, at time.Time) {
	event := record.Event{Name: name, Time: at, TaskID: s.launch.ID, Labels: s.launch.Labels, State: &s.state}
	s.journal.add(event.AppendJSON(nil))
}

// unmark removes the marker of the run, in our own home only.
func (s *Shim) unmark() {
	if s.home.inReach() {
		s.home.UnmarkLive(s.launch.ID)
	}
}
