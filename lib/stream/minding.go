package stream

import (
	"errors"

	"bgtasks/lib/codec"
	"bgtasks/lib/events"
	"bgtasks/lib/find"
	"bgtasks/lib/heal"
	"bgtasks/lib/record"
	"bgtasks/lib/view"
)

// A supervisor that is killed journals nothing. So a follower minds the supervisors of
// the tasks that it follows, as one who waits for them does: it looks when one of them
// has ended, and what that look heals is in the journal. A consumer that reads what is
// there looks once.

// mindAll looks at all tasks that the conditions let through and that are not over.
func (s *stream) mindAll() error {
	if !s.o.live() {
		return nil
	}
	s.stirred = map[string]bool{}
	tasks, err := find.Marked(s.home, s.audience.loose)
	if err != nil {
		return err
	}
	for _, t := range tasks {
		if s.cut != nil && t.Terminal() {
			continue // as the bootstrap shows it
		}
		again, err := s.mind(t)
		if err != nil {
			return err
		}
		s.stirred[t.ID] = again
	}
	return nil
}

// stir notes what an event means for who must be minded.
func (s *stream) stir(e *codec.Event) {
	if s.watcher == nil || !s.audience.loose.Match(events.TaskOf(e)) {
		return
	}
	switch id := e.TaskID; {
	case e.Name == record.EventRemoved || e.State.State.Terminal():
		delete(s.stirred, id)
		s.watcher.Unfollow(id)
	case e.State.State == record.Queued || e.State.State == record.Retrying:
		delete(s.stirred, id)
		s.watcher.Expect(id)
	case e.Name == record.EventClaimed, e.Name == record.EventStarted, e.Name == record.EventAdopted, !s.watcher.Follows(id):
		s.stirred[id] = true
	}
}

// mindStirred looks at the tasks that the events since the last sleep have stirred and
// left open.
func (s *stream) mindStirred() error {
	for id, again := range s.stirred {
		delete(s.stirred, id)
		if again {
			if err := s.look(id); err != nil {
				return err
			}
		}
	}
	return nil
}

// mindAgain looks at the tasks among what has woken the follower.
func (s *stream) mindAgain(woken []string) error {
	for _, id := range woken {
		if !record.ValidID(id) {
			continue
		}
		if err := s.look(id); err != nil {
			return err
		}
	}
	return nil
}

// look looks at a task, again if the process that is to be minded has ended meanwhile.
func (s *stream) look(id string) error {
	for again := true; again; {
		t, err := heal.Load(s.home, id)
		if missing := (*view.NotFoundError)(nil); errors.As(err, &missing) {
			s.watcher.Unfollow(id)
			return nil
		}
		if err == nil {
			again, err = s.mind(t)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// mind minds whoever supervises a task that was just looked at.
func (s *stream) mind(t *view.Task) (again bool, err error) {
	if t.Terminal() && t.Unhealed != nil && t.Spec != nil {
		err = s.assume(t)
	}
	if err != nil || s.watcher == nil {
		return false, err
	}
	return s.watcher.Follow(t)
}

// assume gives the event of an end that could not be recorded, because the home can't
// be written to or its disk is full. Whoever records it later may find out more.
func (s *stream) assume(t *view.Task) error {
	then := record.Event{Name: record.EndEvent(t.Current), Time: t.Current.UpdatedAt, TaskID: t.ID, Labels: t.Spec.EventLabels(),
		State: t.Current}
	line := then.AppendJSON(nil)
	e, err := codec.ParseEvent(line)
	if err != nil {
		return err
	}
	return s.give(&journalLine{Event: e, Line: line, Cursor: s.reader.Cursor(), Assumed: true})
}
