package store

import (
	"errors"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// firstLook is when who waits for a lock first looks at the process that holds it.
	// Each look comes after twice the time of the one before, and longest is how long
	// one that goes on is waited for. All locks but run.lock are held for a moment, but
	// there may be many in the line.
	firstLook = 2 * time.Second
	longest   = (1 + 2 + 4 + 8) * firstLook

	// brief is how long one waits for the journal who has others wait for him, as a
	// supervisor has its task, before he goes on without.
	brief = 200 * time.Millisecond
)

// HeldError says that a lock, normally held only for a moment, could not be taken because
// its holder is stopped or hangs. Waiters must not hang with it: a process that reports
// belongs to a task, and stopping that task by a signal must not stop all others.
type HeldError struct {
	Path    string
	PID     int  // who holds it, 0 if that can't be told
	Stopped bool // by a signal: it holds the lock until it is continued, or ends

	after patience // of whoever has waited
}

func (e *HeldError) Error() string {
	who := "another process"
	if e.PID != 0 {
		who = "process " + strconv.Itoa(e.PID)
	}
	if e.Stopped {
		who += ", which is stopped"
	}
	return e.Path + " is held by " + who
}

// claim is a place in the line for a lock. A thread of its own waits there: there
// is no waiting for a lock with an end (fcntl_locking(2)).
type claim struct{ came chan outcome }

type outcome struct {
	lock *Lock
	err  error
}

// standInLine waits with take, and rings when the wait is over; nil rings nothing.
func standInLine(take func() (*Lock, error), ring func()) *claim {
	c := &claim{make(chan outcome, 1)}
	go func() {
		lock, err := take()
		c.came <- outcome{lock, err}
		if ring != nil {
			ring()
		}
	}()
	return c
}

// errNotYet says that the place in the line is kept.
var errNotYet = errors.New("not yet")

// within gives the lock if it comes within that time, else errNotYet.
func (c *claim) within(patience time.Duration) (*Lock, error) {
	select {
	case o := <-c.came:
		return o.lock, o.err
	default:
	}
	if patience <= 0 {
		return nil, errNotYet
	}
	late := make(chan struct{}) // a channel of times would cost the shim's file 60 kB
	timer := time.AfterFunc(patience, func() { close(late) })
	defer timer.Stop()
	select {
	case o := <-c.came:
		return o.lock, o.err
	case <-late:
		return nil, errNotYet
	}
}

// leave gives up the place. Should the lock come, it is freed.
func (c *claim) leave() {
	if o := <-c.came; o.err == nil {
		o.lock.Unlock()
	}
}

// line is this process's way to one lock that others hold for a moment. Of all who
// want it one stands in the line for the file, and the others behind that one: to
// wait costs no thread each. As long as the holder hangs, all of them together cost
// the time of one wait, and one look for the holder.
type line struct {
	head chan struct{}             // full while someone stands in the line for the file
	held atomic.Pointer[HeldError] // that a wait was given up, until its lock comes after all
}

// lines are those of this process, by the path of the lock.
var lines sync.Map

func lineAt(path string) *line {
	if l, known := lines.Load(path); known {
		return l.(*line)
	}
	l, _ := lines.LoadOrStore(path, &line{head: make(chan struct{}, 1)})
	return l.(*line)
}

// lockPatiently takes the lock of the file at path, which is made if need be, and
// waits for whoever holds it. The error is a *HeldError if that one is stopped, or
// too slow.
func lockPatiently(path string) (*Lock, error) { return takeLock(path, some) }

func takeLock(path string, how patience) (*Lock, error) {
	lock, err := tryLockAt(path)
	if !errors.Is(err, ErrLocked) {
		return lock, err
	}
	return lineAt(path).wait(path, how)
}

func (l *line) wait(path string, how patience) (*Lock, error) {
	if held := l.hopeless(how); held != nil {
		return nil, held
	}
	if !l.enter(how) {
		if held := l.held.Load(); held != nil {
			return nil, held
		}
		return nil, &HeldError{Path: path}
	}
	defer func() { <-l.head }()
	if held := l.hopeless(how); held != nil { // whoever stood before us has given up
		return nil, held
	}
	if how == endless {
		return openLock(path, os.O_CREATE, waitLock)
	}
	return l.outwait(path, how)
}

// hopeless tells why nobody with this patience needs to wait: one who had as much
// has given up, and the lock has not come since.
func (l *line) hopeless(how patience) *HeldError {
	if held := l.held.Load(); held != nil && held.after >= how {
		return held
	}
	return nil
}

// enter makes the caller the one who stands in the line for the file. entered is
// false if its patience ends before that.
func (l *line) enter(how patience) (entered bool) {
	late := make(chan struct{})
	if how != endless {
		most := longest
		if how == little {
			most = brief
		}
		defer time.AfterFunc(most, func() { close(late) }).Stop()
	}
	select {
	case l.head <- struct{}{}:
		return true
	case <-late:
		return false
	}
}

// outwait waits for the lock, and looks ever more rarely whether its holder is
// stopped: there may be many processes that look.
func (l *line) outwait(path string, how patience) (*Lock, error) {
	c := awaitLock(path, nil)
	held := &HeldError{Path: path, after: how}
	step := firstLook
	if how == little {
		step = brief
	}
	for waited := time.Duration(0); ; step *= 2 {
		lock, err := c.within(step)
		if err != errNotYet {
			return lock, err
		}
		if how == little {
			break
		}
		held.PID, held.Stopped = holderOf(path)
		if waited += step; held.Stopped || waited >= longest {
			break
		}
	}
	l.held.Store(held)
	go func() {
		c.leave()
		l.held.CompareAndSwap(held, nil)
	}()
	return nil, held
}

func awaitLock(path string, ring func()) *claim {
	return standInLine(func() (*Lock, error) { return openLock(path, os.O_CREATE, waitLock) }, ring)
}

// LockWithin takes the run.lock as TryLock does, but waits up to patience for its holder:
// a process that checks whether a task needs healing may lock an ended task without a
// supervisor for a moment.
func LockWithin(taskDir string, patience time.Duration) (*Lock, error) {
	lock, err := TryLock(taskDir)
	if !errors.Is(err, ErrLocked) || patience <= 0 {
		return lock, err
	}
	c := standInLine(func() (*Lock, error) { return runLock(taskDir, waitLock) }, nil)
	if lock, err = c.within(patience); err == errNotYet {
		go c.leave()
		return nil, ErrLocked
	}
	return lock, err
}
