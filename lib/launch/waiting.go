package launch

import (
	"errors"
	"fmt"
	"os"
	"time"

	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// Waiting is a task that another process starts later. It is built with its lock held,
// and belongs to its builder until Release or Discard.
type Waiting struct {
	draft    *store.Draft
	replaced *store.Draft // the ended task of the same id
	removed  *record.Event
	replaces os.FileInfo // as in Request
}

// Prepare checks the program and the files of a request that will wait, so that missing
// ones are refused at once. It fills in the missing values of its Spec: the id, the run,
// the times, and the program and umask of its Schedule. The error is *SpawnError, or
// says that this process could not be identified.
func Prepare(r *Request) error {
	program, err := ready(&r.Spec, r.Env, awaits(&r.Spec))
	if err != nil {
		return err
	}
	r.wait(program)
	return complete(&r.Spec)
}

// wait notes what the task is started with by another process.
func (r *Request) wait(program string) {
	s := r.Spec.Schedule
	s.Program, s.Umask, s.Limits = program, r.Umask, proc.Inherited()
}

// Draft builds a prepared task in tmp/. With sync its files are on the disk when Draft
// returns. Without, the caller syncs them before Publish, with one syncfs(2) for many.
// Each draft holds a descriptor, so a large batch is split into portions.
func Draft(h *store.Home, r *Request, sync bool) (*Waiting, error) {
	s := &r.Spec
	state := queued(s.Run, 1, s.CreatedAt)
	draft, err := h.WaitingDraft(s.ID, &store.Waiting{
		Spec:  append(s.AppendJSON(nil), '\n'),
		State: append(state.AppendJSON(nil), '\n'),
		Env:   r.Env,
		Like:  r.Like,
	}, sync)
	if err != nil {
		return nil, fmt.Errorf("build task %q: %w", s.ID, err)
	}
	if err := r.keepEnv(draft.Dir()); err != nil {
		return nil, errors.Join(fmt.Errorf("keep the variables of task %q: %w", s.ID, err), draft.Discard())
	}
	return &Waiting{draft: draft, removed: r.Removed, replaces: r.Replaces}, nil
}

// Alike creates the files that r, a prepared request, shares with other requests of the
// same time and environment. They set it as their member Like if it is their first run.
func Alike(h *store.Home, r *Request) (*store.Alike, error) {
	return h.NewAlike(r.Env, append(queued(1, 1, r.Spec.CreatedAt).AppendJSON(nil), '\n'))
}

func queued(run, attempt int, at time.Time) *record.State {
	return &record.State{Run: run, Attempt: attempt, State: record.Queued, UpdatedAt: at}
}

// Publish makes the task visible. It replaces an ended task of the same id, and
// journals the removal of that task. The error is *ExistsError if the id belongs to
// another task, or ErrMoved; the draft is then unchanged. A process that is killed
// afterwards leaves a queued task.
func (w *Waiting) Publish(h *store.Home) (err error) {
	w.replaced, err = publish(h, w.draft, w.replaces)
	if err == nil && w.replaced != nil && w.removed != nil {
		// A journal that can't be written does not keep a task from waiting.
		_ = h.Append(w.removed)
	}
	return err
}

// Release releases the lock: from now on the task can be started or cancelled. Release
// removes the ended task that this one replaced.
func (w *Waiting) Release() error {
	var err error
	if w.replaced != nil {
		err = w.replaced.Discard()
	}
	return errors.Join(err, w.draft.Lock().Unlock())
}

// Discard removes the task, published or not, and restores the ended task that it
// replaced.
func (w *Waiting) Discard() error {
	if w.replaced == nil {
		return w.draft.Discard()
	}
	if err := w.replaced.Restore(w.draft); err != nil {
		return errors.Join(err, w.draft.Lock().Unlock(), w.replaced.Lock().Unlock())
	}
	return errors.Join(w.draft.Discard(), store.GiveBack(w.replaced.Dir(), w.replaced.Lock()))
}
