package store

import (
	"errors"
	"os"
	"path/filepath"

	"bgtasks/lib/fsys"
	"bgtasks/lib/record"
)

const queueDir = "queue"

// Names within queue/. Package sched tells what is in each.
const (
	ClaimsDir   = "claims"
	WaitingFile = "waiting"    // there while a task waits for something
	queueLock   = "lock"       // held for short critical sections
	nextLock    = "next.lock"  // held by the one dispatcher that waits for the other
	timerLock   = "timer.lock" // held by the process that sleeps until the next task is due
	TimerBell   = "timer.fifo" // wakes it before that
)

// QueueDir is where the scheduler keeps its index.
func (h *Home) QueueDir() string { return filepath.Join(h.path, queueDir) }

// AnyWaiting tells whether whoever ends a task should look for the next one.
func (h *Home) AnyWaiting() bool { return fsys.Exists(filepath.Join(h.QueueDir(), WaitingFile)) }

// Claims lists the tasks that the scheduler has started, or whose ends are awaited.
func (h *Home) Claims() ([]string, error) { return listIDs(filepath.Join(h.QueueDir(), ClaimsDir)) }

// LockQueue takes the lock of the scheduler's index, and waits for it. It must
// not be held while a process is started or waited for. The error wraps
// fs.ErrNotExist if there is no queue/.
func (h *Home) LockQueue() (*Lock, error) {
	return openLock(filepath.Join(h.QueueDir(), queueLock), os.O_CREATE, waitLock)
}

// TryLockQueue does so without waiting; the error is ErrLocked then.
func (h *Home) TryLockQueue() (*Lock, error) {
	return openLock(filepath.Join(h.QueueDir(), queueLock), os.O_CREATE, tryLock)
}

// LockQueueNext does so as the next in line. The error is ErrLocked if another
// process is that already: what it will find includes all that was written before
// this call, so a second one need not wait behind it.
func (h *Home) LockQueueNext() (*Lock, error) {
	next, err := openLock(filepath.Join(h.QueueDir(), nextLock), os.O_CREATE, tryLock)
	if err != nil {
		return nil, err
	}
	lock, err := h.LockQueue()
	return lock, errors.Join(err, next.Unlock())
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
	lock, err := openLock(filepath.Join(h.QueueDir(), timerLock), os.O_CREATE, tryLock)
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
