package shim

import (
	"os"
	"time"

	"golang.org/x/sys/unix"

	"bgtasks/lib/fail"
	"bgtasks/lib/proc"
	"bgtasks/lib/record"
)

// What waits for the end of a run is started by another program, of which a shim
// knows no more than its path (DESIGN §8).

// handOver becomes the dispatcher, which is the last thing that a shim does. It
// gets nothing of ours: no lock, for all descriptors close, no orphans, and no
// variable of the task.
func (s *Shim) handOver() {
	if !s.awaited() {
		return
	}
	fail.Pass("shim-leave-dispatch")
	home := s.address()
	if home == "" {
		return
	}
	unix.Chdir("/")
	proc.UnsetSubreaper()
	for _, folder := range s.launch.Suite {
		proc.Exec(dispatcherIn(folder), record.DispatchArgv(home), s.dispatchEnv())
	}
}

func dispatcherIn(folder string) string { return folder + "/" + record.DispatcherName }

// strand tells that tasks wait for our end, and that the program that would start them
// is nowhere to be found: the next command that comes by has to.
func (s *Shim) strand() {
	if !s.awaited() {
		return
	}
	for _, folder := range s.launch.Suite {
		if unix.Access(dispatcherIn(folder), unix.X_OK) == nil {
			return
		}
	}
	s.journal(record.EventStranded, time.Now())
}

// awaited tells whether the dispatcher has something to do: a task waits, or this
// one does, for another attempt; and no other is about to look.
func (s *Shim) awaited() bool {
	return s.atHome() && (s.state.State == record.Retrying || s.home.AnyWaiting()) && !s.home.NextInLine()
}

func (s *Shim) dispatchEnv() []string {
	return append(append(record.DispatchEnv(os.Environ()), record.DispatchSearch(s.launch.Suite)), fail.Environ()...)
}

// sendDispatcher starts the dispatcher beside a shim that stays with what is left
// of the tree: the task itself is over. It is a child of ours, but no part of the
// tree, and reaped like others; foreign knows it, and what it leaves behind.
func (s *Shim) sendDispatcher() {
	if s.sent {
		return
	}
	s.sent = true
	home := s.address()
	if home == "" || !s.awaited() {
		return
	}
	for _, folder := range s.launch.Suite {
		_, err := proc.Spawn(proc.SpawnSpec{
			Path: dispatcherIn(folder), Argv: record.DispatchArgv(home), Env: s.dispatchEnv(),
			Dir: "/", Files: []uintptr{0, 1, 2}, Setsid: true, Umask: -1,
		})
		if err == nil {
			return
		}
	}
	s.strand()
}
