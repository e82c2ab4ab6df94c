package shim

import (
	"time"

	"bgtasks/lib/fsys"
	"bgtasks/lib/record"
	"bgtasks/lib/seglog"
	"bgtasks/lib/store"
)

// journal is a supervisor's way to the journal of the home. Others may hold that for
// long: an event that can't be written now is kept, in order, and tried again.
type journal struct {
	home   *home
	turn   *store.Turn
	file   *seglog.Journal // nil while it is closed
	due    string          // a file: what reports have left to be journalled before
	unsaid [][]byte
	brief  bool // file stays open
}

// say writes the events that are not in the journal yet, as far as that does not keep
// us from the task. ok tells that none is left.
func (j *journal) say() (ok bool) {
	if !j.home.inReach() {
		return true // nobody can be told
	}
	if j.file == nil {
		j.file = j.turn.Journal()
	}
	var err error
	for err == nil && len(j.unsaid) > 0 {
		if _, err = j.file.AppendWith(j.due, j.unsaid[0]); err == nil {
			j.unsaid = j.unsaid[1:]
		}
	}
	if err == nil && fsys.Exists(j.due) {
		_, err = j.file.AppendWith(j.due, nil)
	}
	if !j.brief {
		j.letGo()
	}
	if err == nil {
		store.Ring(j.home.JournalBells(), store.BellChange)
	}
	return err == nil
}

// letGo closes the journal's file, from now on after each time. A task that is over at
// once finds it still open for the event of its end; one that goes on would keep a
// segment on the disk long after it was removed.
func (j *journal) letGo() {
	if j.brief = false; j.file != nil {
		j.file.Close()
		j.file = nil
	}
}

// tell journals what happened to the run.
func (s *Shim) tell(name record.EventName, at time.Time) {
	event := record.Event{Name: name, Time: at, TaskID: s.launch.ID, Labels: s.launch.Labels, State: &s.record}
	s.journal.unsaid = append(s.journal.unsaid, event.AppendJSON(nil))
	s.journal.say()
}

// unmark removes the marker of the run, in our own home only.
func (s *Shim) unmark() {
	if s.home.inReach() {
		s.home.UnmarkLive(s.launch.ID)
	}
}
