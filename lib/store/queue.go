package store

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"bgtasks/lib/fsys"
	"bgtasks/lib/record"
)

// Names within queue/. Package sched tells what is in each.
const (
	ClaimsDir   = "claims"
	WaitingFile = "waiting"    // there while a task waits for something
	BootFile    = "boot"       // in which boot tasks may be started
	queueLock   = "lock"       // held for short critical sections
	nextLock    = "next.lock"  // held by the one dispatcher that waits for the other
	timerLock   = "timer.lock" // held by the process that sleeps until the next task is due
	TimerBell   = "timer.fifo" // wakes it before that
)

// AnyWaiting tells whether whoever ends a task should look for the next one.
func (h *Home) AnyWaiting() bool { return fsys.Exists(filepath.Join(h.QueueDir(), WaitingFile)) }

// StartsIn names the boot of the system in which tasks that wait are started: the one
// in which somebody has last asked for that.
func (h *Home) StartsIn() string {
	raw, _ := fsys.ReadFile(filepath.Join(h.QueueDir(), BootFile))
	return strings.TrimSpace(string(raw))
}

// Claims lists the tasks that the scheduler has started, or whose ends are awaited.
func (h *Home) Claims() ([]string, error) { return listIDs(filepath.Join(h.QueueDir(), ClaimsDir)) }

// LockQueue takes the lock of the scheduler's index, and waits for it. It must
// not be held while a process is started or waited for. The error wraps
// fs.ErrNotExist if there is no queue/; it is a *HeldError if who holds it is
// stopped.
func (h *Home) LockQueue() (*Lock, error) {
	return takeLock(filepath.Join(h.QueueDir(), queueLock), h.patience)
}

// TryLockQueue does so without waiting; the error is ErrLocked then.
func (h *Home) TryLockQueue() (*Lock, error) {
	return tryLockAt(filepath.Join(h.QueueDir(), queueLock))
}

// Outlook is what whoever has changed the scheduler's index says of what comes next.
// It is in the file of its lock, for those who wait and do not take that one.
type Outlook byte

// The outlooks. Any other is of one that never said.
const (
	Undone Outlook = 'u' // there is more to be done, and he is about to do it
	Timed  Outlook = 't' // nothing before a task ends or is due, for which a process sleeps
	Done   Outlook = 'd' // nothing before a task ends
)

// Foretell leaves an outlook in the held lock of the index. It is in place from the
// first one on, so that a full disk does not refuse it.
func (l *Lock) Foretell(o Outlook) { _, _ = l.f.WriteAt([]byte{byte(o)}, 0) }

// Outlook gives the last one, and when it was left.
func (h *Home) Outlook() (o Outlook, left time.Time) {
	f, err := fsys.Open(filepath.Join(h.QueueDir(), queueLock), os.O_RDONLY, 0)
	if err != nil {
		return 0, left
	}
	defer f.Close()
	var b [1]byte
	_, _ = f.ReadAt(b[:], 0)
	if st, err := f.Stat(); err == nil {
		left = st.ModTime()
	}
	return Outlook(b[0]), left
}

// LockQueueNext does so as the next in line. The error is ErrLocked if another
// process is that already: what it will find includes all that was written before
// this call, so a second one need not wait behind it. Others rely on this one, so it
// waits for as long as it takes.
func (h *Home) LockQueueNext() (*Lock, error) {
	next, err := h.TryNext()
	if err != nil {
		return nil, err
	}
	lock, err := h.Patient().LockQueue()
	return lock, errors.Join(err, next.Unlock())
}

// TryNext makes this process the next in line. The error is ErrLocked if another is.
func (h *Home) TryNext() (*Lock, error) {
	return tryLockAt(filepath.Join(h.QueueDir(), nextLock))
}

// NextInLine tells whether a process waits so. No other is needed then to see what
// is written already.
func (h *Home) NextInLine() bool {
	held, err := fileHeld(filepath.Join(h.QueueDir(), nextLock))
	return held && err == nil
}

// LockTimer takes the lock of the process that sleeps for this home, and leaves
// word of who holds it. The error is ErrLocked if there is one.
func (h *Home) LockTimer(self record.Process) (*Lock, error) {
	lock, err := tryLockAt(filepath.Join(h.QueueDir(), timerLock))
	if err == nil {
		if err = WriteHolder(lock.f, self); err != nil {
			return nil, errors.Join(err, lock.Unlock())
		}
	}
	return lock, err
}

// TimerHeld tells whether a process sleeps for this home, and which. The second
// answer is nil if that is not known.
func (h *Home) TimerHeld() (bool, *record.Process) {
	held, err := fileHeld(filepath.Join(h.QueueDir(), timerLock))
	if err != nil || !held {
		return false, nil
	}
	return true, holderIn(filepath.Join(h.QueueDir(), timerLock))
}
