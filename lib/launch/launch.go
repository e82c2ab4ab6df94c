package launch

import (
	"errors"
	"fmt"

	"bgtasks/lib/fail"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// Start runs a new task and fills in the missing values of its Spec: the id, the run,
// the times. It replaces an ended task of the same id together with its log. The errors
// are ExistsError, ErrMoved, SpawnError, or wrap an error of the store.
func Start(h *store.Home, r *Request) error {
	program, err := Resolve(&r.Spec, r.Env)
	if err != nil {
		return err
	}
	if err := complete(&r.Spec); err != nil {
		return err
	}
	if err := h.SweepFirst(); err != nil {
		return fmt.Errorf("sweep what crashes left: %w", err)
	}
	draft, err := h.Begin(r.Spec.ID)
	if err != nil {
		return fmt.Errorf("build task %q: %w", r.Spec.ID, err)
	}
	env := taskEnv(h, r)
	// The supervisor gets ready while the rest is built: that takes about as long.
	shim, err := r.handover(env).begin(draft.Lock())
	if err != nil {
		return errors.Join(handoverError(&r.Spec, err), draft.Discard())
	}
	replaced, err := r.show(h, draft)
	if err != nil {
		shim.abandon()
		return errors.Join(err, draft.Discard())
	}
	if err := r.finish(shim, h, draft.Lock(), program, env); err != nil {
		return undo(draft, replaced, err)
	}
	fail.Pass("launch-discard")
	if replaced != nil {
		if err := replaced.Discard(); err != nil {
			return fmt.Errorf("remove the earlier task %q: %w", r.Spec.ID, err)
		}
	}
	return draft.Lock().Unlock()
}

// show completes the draft and publishes it.
func (r *Request) show(h *store.Home, draft *store.Draft) (replaced *store.Draft, err error) {
	if err := r.keepEnv(draft.Dir()); err != nil {
		return nil, fmt.Errorf("keep the variables of task %q: %w", r.Spec.ID, err)
	}
	if err := draft.Fill(append(r.Spec.AppendJSON(nil), '\n'), r.Spec.Split); err != nil {
		return nil, fmt.Errorf("build task %q: %w", r.Spec.ID, err)
	}
	return publish(h, draft, r.Replaces)
}

// undo leaves the home as it was before a start that failed with cause. When
// the supervisor vanished without a word nobody knows whether the program
// runs, so the task stays for the next reader to judge.
func undo(draft, replaced *store.Draft, cause error) error {
	fail.Pass("launch-undo")
	vanished := errors.Is(cause, record.ErrReport)
	switch {
	case vanished && replaced != nil:
		return errors.Join(cause, replaced.Discard(), draft.Lock().Unlock())
	case vanished:
		return errors.Join(cause, draft.Lock().Unlock())
	case replaced != nil:
		if err := replaced.Restore(draft); err != nil {
			// To discard the draft now would free the id of a task that is there.
			return errors.Join(cause, err, draft.Lock().Unlock(), replaced.Lock().Unlock())
		}
		return errors.Join(cause, draft.Discard(), store.GiveBack(replaced.Dir(), replaced.Lock()))
	}
	return errors.Join(cause, draft.Discard())
}

// run starts the shim with the held lock and waits for its report.
func (r *Request) run(h *store.Home, held *store.Lock, program string) error {
	env := taskEnv(h, r)
	shim, err := r.handover(env).begin(held)
	if err != nil {
		return handoverError(&r.Spec, err)
	}
	return r.finish(shim, h, held, program, env)
}

func (r *Request) handover(env []string) *handover {
	return &handover{id: r.Spec.ID, dir: r.Spec.Workdir, env: env, patience: startPatience}
}

// finish tells the shim to run the task and waits for its report.
func (r *Request) finish(shim *shim, h *store.Home, held *store.Lock, program string, env []string) error {
	report, err := shim.tell(r.startBlock(h, program, env))
	if errors.Is(err, record.ErrReport) && !begun(held) {
		err = notBegun(err)
	}
	if err != nil {
		return handoverError(&r.Spec, err)
	}
	if report.PID == 0 {
		return reportError(&r.Spec, program, report)
	}
	return nil
}

// notBegun is the error of a supervisor that vanished before there was anything to
// supervise, so nothing of the task ran: it is no record.ErrReport.
func notBegun(err error) error {
	var silent *silentError
	if errors.As(err, &silent) {
		return errors.New(silent.Error())
	}
	return errors.New("the supervisor ended before it began")
}

// begun tells whether a supervisor that we have started, and that has ended,
// came so far as to write itself into the lock. It executes the task after that.
func begun(held *store.Lock) bool {
	self, err := starter()
	if err != nil {
		return true
	}
	h := held.Holder()
	return h != nil && h.BootID == self.BootID && h.PID != self.PID && h.StartTicks >= self.StartTicks
}
