package launch

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"syscall"
	"time"

	"bgtasks/lib/fail"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// Outcome is the result of starting an attempt.
type Outcome int

// The outcomes.
const (
	Started   Outcome = iota // the program was executed
	Failed                   // it can't be: the task has failed, and that is recorded
	PutBack                  // this system can't start it now: the task waits as before
	Undecided                // a supervisor has it, or vanished without a word: the next look judges
)

// Attempt starts the attempt that a queued or retrying task waits for. The caller
// holds its run.lock, and has read s and last, its spec and its state, under it.
// Attempt releases the lock when the shim has it or no process needs it any more.
// The error says why the outcome is not Started: *SpawnError if the task Failed.
//
// If this process is killed meanwhile, it leaves a claimed task with a free lock. If
// the last process named in the lock is State.ClaimedBy, nothing was started, and the
// next command that looks makes the task wait again. Otherwise a shim had the lock,
// and the run is healed like any run whose supervisor was killed.
func Attempt(h *store.Home, held *store.Lock, s *record.Spec, last *record.State) (Outcome, error) {
	a := &attempt{home: h, held: held, dir: h.TaskDir(s.ID), spec: s, last: last}
	outcome, err := a.start()
	if err != nil {
		err = fmt.Errorf("start attempt %d of %q: %w", a.number(), s.ID, err)
	}
	return outcome, errors.Join(err, held.Unlock())
}

type attempt struct {
	home *store.Home
	held *store.Lock
	dir  string
	spec *record.Spec
	last *record.State
}

// number is that of the attempt: a queued state names the one that it waits for,
// a retrying state the one that failed.
func (a *attempt) number() int {
	if a.last.State == record.Retrying {
		return a.last.Attempt + 1
	}
	return max(a.last.Attempt, 1)
}

func (a *attempt) start() (Outcome, error) {
	env, err := store.ReadEnv(a.dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		path := filepath.Join(a.dir, store.EnvFile)
		return a.failed(&SpawnError{Stage: record.StageEnv, Command: a.spec.Command, Path: path, Errno: syscall.ENOENT})
	case err != nil:
		return PutBack, err
	}
	if err := a.check(); err != nil {
		return a.failed(err)
	}
	if err := a.claim(); err != nil {
		return a.putBack(err)
	}
	fail.Pass("attempt-launch")
	r := &Request{Spec: *a.spec, Env: env, Umask: a.spec.Schedule.Umask, attempt: a.number()}
	return a.settle(r.run(a.home, a.held, a.spec.Schedule.Program))
}

// check finds most of what is wrong with a program before anything is claimed.
func (a *attempt) check() error {
	s := a.spec
	if errno := enterable(s.Workdir); errno != 0 {
		return &SpawnError{Stage: record.StageDir, Command: s.Command, Path: s.Workdir, Errno: errno}
	}
	if errno := runnable(s.Schedule.Program); errno != 0 {
		return &SpawnError{Stage: record.StageExec, Command: s.Command, Path: s.Schedule.Program, Errno: errno}
	}
	return nil
}

// claim writes down that the attempt is being started. That does not wait for the
// disk: after a power failure the system is another one, and a state that is empty
// then tells that the attempt may have run.
func (a *attempt) claim() error {
	self, err := claimant(a.held)
	if err != nil {
		return err
	}
	if err := keepAttempt(a.dir, a.last); err != nil {
		return err
	}
	if err := errors.Join(fail.Point("attempt-sweep"), store.SweepTask(a.dir), store.MakeFIFOs(a.dir, a.spec.Split)); err != nil {
		return err
	}
	store.RemoveDue(a.dir)
	claimed := &record.State{
		Run: a.spec.Run, Attempt: a.number(), State: record.Claimed, ClaimedBy: self, UpdatedAt: time.Now(),
	}
	fail.Pass("attempt-claim")
	if err := replaceState(a.dir, claimed, store.ReplaceUnsynced); err != nil {
		return err
	}
	fail.Pass("attempt-journal")
	return a.tell(record.EventClaimed, claimed)
}

func (a *attempt) tell(name record.EventName, s *record.State) error {
	return a.home.Append(&record.Event{
		Name: name, Time: s.UpdatedAt, TaskID: a.spec.ID, Labels: a.spec.EventLabels(), State: s,
	})
}

// settle acts on the supervisor's answer.
func (a *attempt) settle(err error) (Outcome, error) {
	var spawn *SpawnError
	switch {
	case err == nil && a.number() >= a.spec.Retry.MaxAttempts:
		fail.Pass("attempt-env")
		_ = store.RemoveEnv(a.dir) // or the end of the run does
		return Started, nil
	case err == nil:
		return Started, nil
	case errors.Is(err, record.ErrReport):
		return Undecided, err
	case errors.As(err, &spawn) && spawn.Stage != record.StageShim:
		return a.failed(err)
	}
	return a.putBack(err)
}

// putBack makes the task wait as before. If that can't be written, the next look
// does it.
func (a *attempt) putBack(cause error) (Outcome, error) {
	fail.Pass("attempt-revert")
	a.last.UpdatedAt = time.Now()
	return PutBack, errors.Join(cause,
		store.RemoveFIFOs(a.dir),
		replaceState(a.dir, a.last, store.Replace),
		a.tell(record.EventEnqueued, a.last))
}

// failed records that the program can't be executed.
func (a *attempt) failed(cause error) (Outcome, error) {
	end := &record.State{Run: a.spec.Run, Attempt: a.number(), Unspawned: unspawned(cause)}
	err := errors.Join(keepAttempt(a.dir, a.last), End(a.home, a.spec, end, record.Failed, record.SpawnError))
	return Failed, errors.Join(cause, err)
}
