package sched

import (
	"fmt"
	"time"

	"bgtasks/lib/launch"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// Request is a task that goes through the scheduler.
type Request struct {
	launch.Request // Spec.Schedule is made here, of what follows

	Queue    string        // "" for none
	Priority int           // between record.MinPriority and record.MaxPriority
	Delay    time.Duration // not before so long; 0 for none
	At       time.Time     // not before this time by the wall clock; zero for none
	After    []record.Dependency

	// Ensure takes an open task of the same id or DedupeKey for the answer if it
	// was started in the same way; the error is *view.DiffersError otherwise.
	Ensure bool
}

// Asked is the spec that the request asks for, to be compared with that of a task.
func (r *Request) Asked() *record.Spec {
	s := r.Spec
	s.Schedule = &record.Schedule{Queue: r.Queue, Priority: r.Priority, After: r.After}
	return &s
}

// Wanted reports whether a task goes through the scheduler rather than being started
// directly: it uses a feature of the scheduler, or went through it before.
func Wanted(h *store.Home, r *Request) bool {
	s := &r.Spec
	return s.Schedule != nil || r.Queue != "" || r.Delay > 0 || !r.At.IsZero() || len(r.After) > 0 ||
		s.ConcurrencyKey != "" || s.DedupeKey != "" || s.SupersedeKey != "" || s.Retry.MaxAttempts > 1 ||
		limitOf(h, s.Kind) > 0
}

// Disposition is the outcome of a request.
type Disposition string

// The dispositions.
const (
	Created    Disposition = "created"    // there is a new task
	Reused     Disposition = "reused"     // an open one is the answer; nothing was changed
	Superseded Disposition = "superseded" // there is a new task, in the place of older ones
)

// Result is the answer to a request.
type Result struct {
	ID          string // of the new task, or of the reused one
	Disposition Disposition
	Doubtful    bool         // the reused task is open by its records, and may be over when it is healed; then the request is to be made again
	Superseded  []string     // the ids of the tasks that are being ended, nil for none
	Queued      *record.Spec // of a new task that this process has not started; nil for others
	Started     *record.Spec // of a new task that needed no scheduler and was started; nil for others
	Err         error        // why there is none; nothing was changed then
}

// DependencyError says that a dependency, in the member "after" of a request, is wrong.
type DependencyError struct{ ID, Why string }

func (e *DependencyError) Error() string {
	return fmt.Sprintf("dependency on task %q: %s", e.ID, e.Why)
}

// ClosedError says that a queue accepts nothing, because it is being drained.
type ClosedError struct{ Queue string }

func (e *ClosedError) Error() string {
	return fmt.Sprintf("queue %q is being drained and accepts no tasks", e.Queue)
}

// KeyTakenError says that a task can't be restarted, because another open one has
// its dedupe key.
type KeyTakenError struct{ ID, Key, Holder string }

func (e *KeyTakenError) Error() string {
	return fmt.Sprintf("task %q has the dedupe key %q of %q, which is open", e.ID, e.Key, e.Holder)
}
