package launch

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// Request is a task to start.
type Request struct {
	Spec  record.Spec
	Env   []string      // the task's environment, K=V; ours are added to it
	Umask int           // the task's file mode creation mask
	Last  *record.State // of a restart: how the last run ended, nil if that is not known

	// Like is what the request has in common with others, from Alike; nil for
	// none. It is for a draft.
	Like *store.Alike

	// Replaces is the spec.json, as SpecAt gives it, of the ended task whose id
	// this one takes; nil for none. If it is another one when that task is locked,
	// the error is ErrMoved: the number of this run was made from it.
	Replaces os.FileInfo

	// Removed is the event of the removal of the ended task whose id this one
	// takes, nil if there is none. It is journalled before the first of this one.
	Removed *record.Event

	attempt int // of the run; 0 for the first
}

// ExistsError says that the id of a start belongs to a task that is not over, or to
// one that was started at the same instant.
type ExistsError struct {
	ID   string
	Note string // what else is to be known of that one, "" for nothing
	Hint string // what to do about that
}

func (e *ExistsError) Error() string { return fmt.Sprintf("task %q is already running", e.ID) }

// ErrMoved says that another run has begun under the id since the caller looked.
var ErrMoved = errors.New("another run has begun under this id")

// complete fills in what every published spec has.
func complete(s *record.Spec) error {
	self, err := starter()
	if err != nil {
		return err
	}
	s.StartedBy = self
	s.CreatedAt = time.Now()
	s.FirstRun = max(s.FirstRun, 1)
	s.Run, s.RunToken = s.FirstRun, newToken()
	if s.ID == "" {
		s.ID = NewID(s.CreatedAt)
	}
	return nil
}

// this is who starts tasks here, once that is known.
var this struct {
	sync.Mutex
	record.Process
}

// starter is this process. It is looked at once: a batch asks for every task.
func starter() (record.Process, error) {
	this.Lock()
	defer this.Unlock()
	if this.PID == 0 {
		self, err := proc.Self()
		if err != nil {
			return record.Process{}, fmt.Errorf("identify this process: %w", err)
		}
		this.Process = record.Process(self)
	}
	return this.Process, nil
}
