package sched

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"bgtasks/lib/codec"
	"bgtasks/lib/fsys"
	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// facts are what the records of a task say of its newest run, unhealed.
type facts struct {
	spec  *record.Spec
	state *record.State // nil if there is none of this run
	held  bool          // run.lock
}

// look reads a task. The lock is asked for first: if it is free and the state is
// open, then nobody is about to write another but one who takes the lock. A task
// that is gone is fs.ErrNotExist.
func look(h *store.Home, id string) (*facts, error) {
	held, err := store.LockHeld(h.TaskDir(id))
	if err != nil {
		return nil, &unreadableError{id, err, true}
	}
	f, err := read(h, id)
	var broken *unreadableError
	switch {
	case err == nil:
		f.held = held
	case errors.As(err, &broken):
		broken.held = held
	}
	return f, err
}

// read does so for a caller who holds the task's lock, or does not care.
func read(h *store.Home, id string) (*facts, error) {
	dir := h.TaskDir(id)
	state, err := parse(filepath.Join(dir, store.StateFile), codec.ParseState)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, &unreadableError{id: id, err: err}
	}
	spec, err := parse(filepath.Join(dir, store.SpecFile), codec.ParseSpec)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fs.ErrNotExist
	case err != nil:
		return nil, &unreadableError{id: id, err: err}
	}
	f := &facts{spec: spec}
	if state != nil && state.Run >= spec.Run {
		f.state = state
	}
	return f, nil
}

func parse[T any](path string, decode func([]byte) (*T, error)) (*T, error) {
	raw, err := recorded(path)
	if err != nil {
		return nil, err
	}
	return decode(raw)
}

// recorded reads a record. An empty one counts as absent.
func recorded(path string) ([]byte, error) {
	raw, err := fsys.ReadFile(path)
	if err == nil && len(raw) == 0 {
		err = fs.ErrNotExist
	}
	return raw, err
}

// unreadableError says that a task's records are broken. Such a task is in nobody's
// way: it holds what it holds as long as its lock is held.
type unreadableError struct {
	id   string
	err  error
	held bool // run.lock, or whether it is can't be told
}

func (e *unreadableError) Error() string { return fmt.Sprintf("read task %q: %v", e.id, e.err) }

func (e *unreadableError) Unwrap() error { return e.err }

func unreadable(err error) bool {
	var broken *unreadableError
	return errors.As(err, &broken)
}

// abandoned tells of the error of look whether such a task holds nothing.
func abandoned(err error) bool {
	var broken *unreadableError
	return errors.As(err, &broken) && !broken.held
}

// terminal tells whether the newest run is over.
func (f *facts) terminal() bool { return f.state != nil && f.state.State.Terminal() }

// lingers tells whether the newest run is over, but perhaps not all of its tree: by what
// was left at its end, while a supervisor looks after that or holds what it writes.
func (f *facts) lingers(h *store.Home) bool {
	if !f.terminal() || f.state.Leftovers == 0 {
		return false
	}
	return f.held || fsys.Exists(filepath.Join(h.TaskDir(f.spec.ID), store.OutFIFO))
}

// waits tells whether the task waits to be started.
func (f *facts) waits() bool {
	return f.spec.Schedule != nil && f.state != nil && (f.state.State == record.Queued || f.state.State == record.Retrying)
}

// starting tells whether a task whose lock is held has not begun to run.
func (f *facts) starting() bool {
	return f.waits() || f.state == nil || f.state.State == record.Claimed
}

// unsaid tells whether the run has no state yet, although nobody is about to write
// one if the lock is free: whoever made the task wait for another run was killed.
// Healing it makes it wait.
func (f *facts) unsaid() bool { return f.spec.Schedule != nil && f.state == nil && !f.held }

// sick tells whether a task that is to wait needs a healer first, provided that
// nobody has its lock: a stop was asked for that nobody carried out, or whoever made
// it wait was killed before all was done that goes with it. Its FIFOs go last.
func (f *facts) sick(h *store.Home) bool {
	dir := h.TaskDir(f.spec.ID)
	if !f.waits() {
		return f.unsaid()
	}
	if raw, err := recorded(filepath.Join(dir, store.StopFile)); err == nil {
		if _, err := codec.ParseStop(raw); err == nil {
			return true
		}
	}
	fifo, err := os.Lstat(filepath.Join(dir, store.OutFIFO))
	return f.state.State == record.Retrying && err == nil && fifo.Mode().Type() == fs.ModeNamedPipe
}

// moment is a time before which a task is not started.
type moment struct {
	clock string // of due/
	ms    uint64
}

// dueAt is when the task may be started; ok is false for at once. What was said in
// terms of the clock of another boot is taken by the wall clock.
func (f *facts) dueAt(boot string) (m moment, ok bool) {
	var at time.Time
	var bootMs int64
	var of *record.Process
	if f.state.State == record.Retrying {
		at, bootMs, of = f.state.RetryAt, f.state.RetryDueBootMs, f.state.Shim
	} else if f.state.Attempt <= 1 {
		at, bootMs, of = f.spec.Schedule.NotBefore, f.spec.Schedule.DueBootMs, &f.spec.StartedBy
	}
	switch {
	case bootMs > 0 && of != nil && of.BootID == boot:
		return moment{bootClock, uint64(bootMs)}, true
	case at.IsZero():
		return m, false
	}
	return moment{wallClock, uint64(max(at.UnixMilli(), 0))}, true
}

// passed tells whether the moment is over.
func (m moment) passed() bool { return m.ms <= now(m.clock) }

// now reads a clock of due/. One that can't be read makes nothing wait.
func now(clock string) uint64 {
	if clock == wallClock {
		return uint64(max(time.Now().UnixMilli(), 0))
	}
	ms, err := proc.BootMs()
	if err != nil {
		return 1<<64 - 1
	}
	return uint64(ms)
}
