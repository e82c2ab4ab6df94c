package shim

import (
	"os"

	"golang.org/x/sys/unix"

	"bgtasks/lib/fail"
	"bgtasks/lib/proc"
	"bgtasks/lib/record"
)

// What waits for the end of a run is started by another program, of which a shim
// knows no more than its path.

// handOver becomes the dispatcher, which is the last thing that a shim does. It
// gets nothing of ours: no lock, for all descriptors close, no orphans, and no
// variable of the task.
func (s *Shim) handOver() {
	home := s.awaited()
	if home == "" {
		return
	}
	fail.Pass("shim-leave-dispatch")
	unix.Chdir("/")
	proc.UnsetSubreaper()
	unix.Exec(s.launch.Dispatcher, record.DispatchArgv(home), dispatchEnv())
}

// awaited is the home that the dispatcher has something to do in: a task waits, or this
// one does, for another attempt; and no other is about to look. It is "" for none.
func (s *Shim) awaited() (home string) {
	if s.launch.Dispatcher == "" || !s.home.inReach() {
		return ""
	}
	if s.record.State != record.Retrying && !s.home.AnyWaiting() || s.home.NextInLine() {
		return ""
	}
	return s.home.address()
}

func dispatchEnv() []string { return append(record.DispatchEnv(os.Environ()), fail.Environ()...) }

// sendDispatcher starts the dispatcher beside a shim that stays with what is left
// of the tree: the task itself is over. It is a child of ours, but no part of the
// tree, and reaped like others; foreign knows it, and what it leaves behind.
func (s *Shim) sendDispatcher() {
	home := s.awaited()
	if home == "" {
		return
	}
	proc.Spawn(proc.SpawnSpec{
		Path: s.launch.Dispatcher, Argv: record.DispatchArgv(home), Env: dispatchEnv(),
		Dir: "/", Files: []uintptr{0, 1, 2}, Setsid: true, Umask: -1,
	})
}
