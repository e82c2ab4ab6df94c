package shim

import (
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"bgtasks/lib/fail"
	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// Shim supervises one run.
type Shim struct {
	launch *record.Launch
	record record.State // what is recorded of the run, or will be

	at     state
	clocks clocks
	ending ending

	home    *home
	lock    *os.File       // held as long as it is open
	spare   []*os.File     // locks of ours on files that others have removed
	reserve *store.Reserve // for the terminal state
	journal *journal
	bell    doorbell
	out     output
	tree    tree

	children  *proc.ChildNotifier
	watchdog  watchdog
	keepDelay time.Duration
	polled    []unix.PollFd // reused by every poll
}

func newShim(l *record.Launch, lock *os.File) *Shim {
	s := &Shim{
		launch: l,
		lock:   lock,
		record: record.State{Run: l.Run, Attempt: l.Attempt, State: record.Running},
	}
	s.tree.Forest = proc.OwnTree(s.foreign)
	return s
}

func (s *Shim) path(name string) string { return filepath.Join(s.launch.TaskDir, name) }

// encoded is the record of where the run stands now.
func (s *Shim) encoded() []byte {
	s.record.TeeMissed = s.launch.Adopt.TeeMissed + s.out.teeMissed()
	return append(s.record.AppendJSON(nil), '\n')
}

// write replaces the record, as far as the disk has room.
func (s *Shim) write() error { return store.Replace(s.path(store.StateFile), s.encoded()) }

// ring wakes those who wait for a change of the task.
func (s *Shim) ring() { store.Ring(s.path(store.BellsDir), store.BellChange) }

// announce lets readers see a change of the running attempt.
func (s *Shim) announce(name record.EventName, at time.Time) {
	s.record.UpdatedAt = at
	s.write()
	fail.Pass("shim-announce-journal")
	s.tell(name, at)
	s.ring()
}
