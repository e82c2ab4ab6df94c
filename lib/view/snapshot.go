package view

import (
	"errors"
	"io/fs"
	"path/filepath"
	"time"

	"bgtasks/lib/codec"
	"bgtasks/lib/fsys"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// Snapshot is what the files of one task say, and who holds its lock.
type Snapshot struct {
	ID     string
	Home   string          // where it was read
	Spec   *record.Spec    // nil only if fault is set
	State  *record.State   // nil before the shim's first word on this run
	Stop   *record.Stop    // asked for and not done; read for open runs only
	Fault  error           // what was unreadable
	Held   bool            // run.lock
	Holder *record.Process // who holds it, if that is known
	Marked bool            // live/ID is there
	Output FIFO            // out.fifo
	Kin    int             // who lives of the tree of an ended run, as far as was looked

	Away       error // the home belongs to another host: nothing but the records can be seen
	Unknown    error // why it can't be known from here who lives; nil if it can, or nobody had to look
	Unlocked   bool  // the holder lives, and its lock is of a file that is not there any more
	StateFault bool  // fault is about spec.json, and state.json can't be read either
}

// Terminal tells whether the newest run is over.
func (s *Snapshot) Terminal() bool { return s.State != nil && s.State.State.Terminal() }

// Open tells whether the records are fine and say that the run goes on.
func (s *Snapshot) Open() bool { return s.Fault == nil && !s.Terminal() }

// Waiting tells whether the task is to be started later, by the scheduler: nobody
// has to hold its lock.
func (s *Snapshot) Waiting() bool {
	return s.State != nil && (s.State.State == record.Queued || s.State.State == record.Retrying)
}

// Begun tells whether a supervisor has said a word of this attempt.
func (s *Snapshot) Begun() bool { return s.State != nil && s.State.State != record.Claimed }

// Attempt is the number of the attempt that the records are about.
func (s *Snapshot) Attempt() int {
	if s.State == nil {
		return 1
	}
	return max(s.State.Attempt, 1)
}

// records reads the state before the spec: a restart writes a new spec beside
// the old state, so an old state beside a newer spec is what one may meet, and
// means that the new run has not been heard of yet. A start over an ended task
// of the same id replaces the whole directory, and may come between the two
// reads; then the state is older than its spec, and a second look tells (or
// the wall clock was set back). A vanished task is fs.ErrNotExist.
func (r *Reader) records(id string) (*Snapshot, error) {
	s, err := r.recordsOnce(id)
	if err == nil && s.Spec != nil && s.State != nil && s.State.UpdatedAt.Before(s.Spec.CreatedAt) {
		return r.recordsOnce(id)
	}
	return s, err
}

func (r *Reader) recordsOnce(id string) (*Snapshot, error) {
	s := &Snapshot{ID: id, Home: r.Home.Path()}
	if r.folder == nil { // or else each file is opened so
		if err := r.inside(id); err != nil {
			s.Fault = err
			return s, ignoreOthers(err)
		}
	}
	state, err := parsed(r, id, store.StateFile, r.parseState)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.Fault, s.StateFault = err, true
	}
	spec, err := parsed(r, id, store.SpecFile, r.parseSpec)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if !r.visible(id) {
			return nil, fs.ErrNotExist
		}
		s.Fault = &RecordError{id, store.SpecFile, err}
	case err != nil:
		s.Fault = err
	case spec.ID != id:
		s.Fault = &RecordError{id, store.SpecFile, errors.New("it is the spec of \"" + spec.ID + "\"")}
	default:
		s.Spec = spec
	}
	if state != nil && (s.Spec == nil || state.Run >= s.Spec.Run) {
		s.State = state
	}
	return s, nil
}

func (r *Reader) parseSpec(data []byte) (*record.Spec, error) {
	into := &r.spec
	if !r.Brief {
		into = new(record.Spec)
	}
	return codec.ParseSpecInto(data, into)
}

func (r *Reader) parseState(data []byte) (*record.State, error) {
	into := &r.state
	if !r.Brief {
		into = new(record.State)
	}
	return codec.ParseStateInto(data, into)
}

// ignoreOthers lets only the absence of a task through: every other error is
// that task's own fault.
func ignoreOthers(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// visible tells whether the task's directory is there.
func (r *Reader) visible(id string) bool { return fsys.Exists(r.Home.TaskDir(id)) }

// Hint says beforehand what a listing knows about a task, to save system calls.
type Hint int

const (
	Thorough Hint = iota // look at everything
	Unmarked             // there was no marker: an ended run is most probably tidy
	Told                 // the end of the run, if it has ended, was read in the journal
)

// Snapshot reads a task's files, then asks for its lock. An open state beside
// a free lock may be one that has ended in between: the files are read again.
//
// A run that ended without leftovers and without a marker was ended in order,
// and needs no further look; its shim may live for another moment.
func (r *Reader) Snapshot(id string, known Hint) (*Snapshot, error) {
	s, err := r.records(id)
	if err != nil {
		return nil, err
	}
	if s.Terminal() && s.State.Leftovers == 0 && (known == Told || known == Unmarked && !s.JustEnded()) {
		return s, nil
	}
	if s.Away = r.Home.Away(); s.Away != nil {
		s.abroad()
		return s, nil
	}
	held, err := store.LockHeld(r.Home.TaskDir(id))
	if !held && err == nil && s.Open() {
		if s, err = r.records(id); err != nil {
			return nil, err
		}
	}
	s.Held = held
	if err != nil && s.Fault == nil {
		s.Fault = &RecordError{id, store.LockFile, err}
	}
	s.Marked, s.Output = r.marked(id), lookAtFIFO(filepath.Join(r.Home.TaskDir(id), store.OutFIFO))
	if s.Held {
		s.Holder = store.Holder(r.Home.TaskDir(id))
	} else if s.Holder = r.Keeper(s); s.Holder != nil {
		s.Held, s.Unlocked = true, true
	}
	r.readStop(s)
	return s, nil
}

// abroad makes do with the records of a home of another host.
func (s *Snapshot) abroad() {
	switch {
	case s.Fault != nil:
	case s.Terminal():
		s.Kin = s.State.Leftovers
		if s.Kin > 0 {
			s.Unknown = s.Away
		}
	case !s.Waiting():
		s.Unknown = s.Away
	}
}

// Locked reads the files of a task whose lock is the caller's. It does not look at the
// output.
func (r *Reader) Locked(id string) (*Snapshot, error) {
	s, err := r.records(id)
	if err != nil {
		return nil, err
	}
	s.Marked = r.marked(id)
	r.readStop(s)
	return s, nil
}

func (r *Reader) marked(id string) bool { return fsys.Exists(filepath.Join(r.Home.LiveDir(), id)) }

// readStop reads the stop that was asked for, if the run is open. An
// unreadable one is as good as none: the stop can be asked for again, and the
// task must not become unreadable by it.
func (r *Reader) readStop(s *Snapshot) {
	if s.Open() {
		s.Stop, _ = parsed(r, s.ID, store.StopFile, codec.ParseStop)
	}
}

// JustEnded tells whether so little time has passed since the end that its line may be
// missing.
func (s *Snapshot) JustEnded() bool {
	since := time.Since(s.State.UpdatedAt)
	return since < TellingTime && since > -TellingTime
}

// TellingTime is how long after an end its line in the journal is waited for. It comes
// at once as a rule; later than that its writer is stopped, waits for others that are, or
// finds no room, and nobody is to hang with it.
const TellingTime = 2 * time.Second

// Records reads what to run and where it stands, and looks at nothing else: no
// lock, no process. state is nil before the supervisor's first word on the
// newest run. A vanished task is fs.ErrNotExist, one whose records can't be read
// a *RecordError.
func Records(h *store.Home, id string) (*record.Spec, *record.State, error) {
	s, err := NewReader(h).records(id)
	if err != nil {
		return nil, nil, err
	}
	return s.Spec, s.State, s.Fault
}
