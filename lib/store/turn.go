package store

import (
	"errors"
	"time"

	"bgtasks/lib/seglog"
)

// Turn gives a supervisor access to the journal. It never blocks for longer than a
// moment: it keeps the supervisor's place in the line, and tells it when its turn has
// come. It is not for concurrent use.
type Turn struct {
	home    *Home
	ring    func()
	line    *claim // nil if we stand in none
	insists bool
}

// NewTurn returns a Turn that calls ring, from another goroutine, when its turn has come.
func NewTurn(h *Home, ring func()) *Turn { return &Turn{home: h, ring: ring} }

// Journal is the journal for this supervisor. The error of an append is ErrLocked while
// another process holds the lock.
func (t *Turn) Journal() *seglog.Journal { return t.home.journal(t.take) }

// Waits reports whether another process held the journal at the last attempt.
func (t *Turn) Waits() bool { return t.line != nil }

// Came reports whether the turn has come.
func (t *Turn) Came() bool { return t.line != nil && len(t.line.came) > 0 }

// Insist makes every append from now on wait without a limit.
func (t *Turn) Insist() { t.insists = true }

func (t *Turn) take() (unlock func(), err error) {
	path := t.home.journalLock()
	patience := time.Duration(0)
	if t.line == nil {
		lock, err := tryLockAt(path)
		if !errors.Is(err, ErrLocked) {
			return unlocker(lock), err
		}
		t.line = awaitLock(path, t.ring)
		patience = brief
	}
	if t.insists {
		patience = 1<<63 - 1
	}
	lock, err := t.line.within(patience)
	if err == errNotYet {
		return nil, ErrLocked
	}
	t.line = nil
	return unlocker(lock), err
}
