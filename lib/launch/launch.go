package launch

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"bgtasks/lib/fail"
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

// publish makes the draft visible, in the place of an ended task if its id is
// taken by one, which must be the one that the caller knows by its spec. That one is
// given back.
func publish(h *store.Home, draft *store.Draft, known os.FileInfo) (replaced *store.Draft, err error) {
	id := draft.ID()
	if !h.Exists(id) {
		err := draft.Publish()
		if errors.Is(err, store.ErrExists) {
			return nil, &ExistsError{ID: id}
		}
		return nil, err
	}
	held, err := LockEnded(h, id)
	if err != nil {
		return nil, err
	}
	if h.MarkedLive(id) {
		return nil, errors.Join(&ExistsError{ID: id}, Missed(h, id, held))
	}
	if !sameFile(SpecAt(h, id), known) {
		return nil, errors.Join(ErrMoved, store.GiveBack(h.TaskDir(id), held))
	}
	replaced, err = draft.PublishOver(held)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("replace task %q: %w", id, err), store.GiveBack(h.TaskDir(id), held))
	}
	return replaced, nil
}

// SpecAt describes the spec.json of a task, whatever its contents; nil if there is
// none. Every run has a file of its own.
func SpecAt(h *store.Home, id string) os.FileInfo {
	info, err := os.Lstat(filepath.Join(h.TaskDir(id), store.SpecFile))
	if err != nil {
		return nil
	}
	return info
}

// sameFile tells whether there is the same file twice, or none. The number of an
// inode alone may be that of one that is gone.
func sameFile(a, b os.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return os.SameFile(a, b) && a.ModTime().Equal(b.ModTime())
}

// patience is how long a start waits for the lock of an ended task, which a
// healer that looks at it holds for a moment.
const patience = 2 * time.Second

// LockEnded takes the run.lock of a task that the caller saw ended and without a
// supervisor. The error is ExistsError if another start was faster.
func LockEnded(h *store.Home, id string) (*store.Lock, error) {
	held, err := store.LockWithin(h.TaskDir(id), patience)
	if errors.Is(err, store.ErrLocked) {
		return nil, &ExistsError{ID: id}
	}
	if err != nil {
		return nil, fmt.Errorf("lock task %q: %w", id, err)
	}
	return held, nil
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

// Restart runs an ended task again under its id. The caller holds its run.lock and has
// made sure that the last run is over. Restart releases the lock when the shim has it.
// r.Spec is the spec of the last run, and becomes that of the new one. On an error the
// task is unchanged.
func Restart(h *store.Home, held *store.Lock, r *Request) error {
	dir := h.TaskDir(r.Spec.ID)
	fail.Pass("restart-begin")
	last, err := formerOf(dir, r)
	var program string
	if err == nil {
		program, err = Resolve(&r.Spec, r.Env)
	}
	if err == nil {
		err = keepAttempt(dir, r.Last)
	}
	if err == nil {
		if err = prepareRun(h, dir, r); err != nil {
			err = errors.Join(err, unprepare(h, dir, r.Spec.ID), store.KeepEnv(dir, last.env))
		} else if err = r.run(h, held, program); err != nil && !errors.Is(err, record.ErrReport) {
			err = errors.Join(err, revert(h, dir, r.Spec.ID, last))
		}
	}
	if err == nil || errors.Is(err, record.ErrReport) {
		return errors.Join(err, held.Unlock()) // the supervisor has it, or may have
	}
	return errors.Join(err, store.GiveBack(dir, held))
}

// prepareRun makes the record of the next run. From the moment that spec.json
// names it, a reader sees a claimed run.
func prepareRun(h *store.Home, dir string, r *Request) error {
	self, err := starter()
	if err != nil {
		return err
	}
	s := &r.Spec
	s.StartedBy = self
	s.Run++
	s.RunToken = newToken()
	if err := h.MarkLive(s.ID); err != nil {
		return fmt.Errorf("mark task %q: %w", s.ID, err)
	}
	if err := errors.Join(fail.Point("restart-sweep"), store.SweepTask(dir), store.RemoveStop(dir), store.MakeFIFOs(dir, s.Split), r.keepEnv(dir)); err != nil {
		return err
	}
	if err := fail.Point("restart-spec"); err != nil {
		return err
	}
	return store.Replace(filepath.Join(dir, store.SpecFile), append(s.AppendJSON(nil), '\n'))
}

func revert(h *store.Home, dir, id string, last former) error {
	fail.Pass("restart-revert")
	return errors.Join(
		store.Replace(filepath.Join(dir, store.SpecFile), last.spec),
		store.KeepEnv(dir, last.env),
		unprepare(h, dir, id))
}

// unprepare takes back what prepareRun makes beside the spec.
func unprepare(h *store.Home, dir, id string) error {
	return errors.Join(store.RemoveFIFOs(dir), h.UnmarkLive(id))
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
