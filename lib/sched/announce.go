package sched

import (
	"errors"
	"io/fs"
	"os"

	"bgtasks/lib/record"
)

// markNew marks a task as one whose event enqueued is still to be written. The mark
// comes before the task can be seen, and goes after the event, so that no task that
// was seen lacks one (P10): whoever dispatches next makes up for it. The event may be
// there twice then.
func (x *index) markNew(id string) error { return x.enter(newDir, id) }

func (x *index) unmarkNew(id string) {
	_ = removeFile(x.path(newDir, id)) // or the event is written a second time
	_ = os.Remove(x.path(newDir))      // if it is empty
}

// announceOld makes up for events of tasks whose enqueuer was killed. Those whose
// locks are held are still being published. It has no time to wait for the journal:
// others wait for the index.
func (x *index) announceOld() error {
	home := x.home.Hurried()
	ids, err := namesIn(x.path(newDir))
	for _, id := range ids {
		f, err := look(x.home, id)
		switch {
		case err == nil && f.held:
			continue
		case err == nil && f.unsaid():
			x.todo.sick = append(x.todo.sick, id)
			continue
		case err == nil && f.waits():
			if err := home.Append(enqueuedEvent(f.spec, f.state)); err != nil {
				return err
			}
		case err != nil && !errors.Is(err, fs.ErrNotExist) && !unreadable(err):
			return err
		}
		x.unmarkNew(id)
	}
	return err
}

// enqueuedEvent is the event of a task that waits from now on.
func enqueuedEvent(s *record.Spec, state *record.State) *record.Event {
	return &record.Event{Name: record.EventEnqueued, Time: state.UpdatedAt, TaskID: s.ID, Labels: s.EventLabels(), State: state}
}
