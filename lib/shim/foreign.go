package shim

import (
	"os"
	"path/filepath"

	"bgtasks/lib/fsys"
	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// foreign tells whether a process below us is at the head of another task: one that
// our task started with bg-start, whose shim fell to us as an orphan, or whose leader
// did when that shim was killed. Such a task lives on when ours is stopped, and so does
// what descends from it. A process says in its environment which task it is of. It is
// believed only if that task's records name this very process: nobody escapes a stop
// with a name, be it made up or another's. Whoever carries our own token is ours
// whatever else it says. The dispatcher, and what it leaves to sleep until a task is
// due, are no task's.
func (s *Shim) foreign(pid int) bool {
	id, err := proc.Identify(pid)
	if err != nil {
		return false
	}
	values, err := proc.ReadEnviron(id, []string{record.MarkToken, record.MarkTask, record.MarkHome})
	if err != nil {
		return false
	}
	token, task, home := values[record.MarkToken], values[record.MarkTask], values[record.MarkHome]
	switch {
	case token != "" && token == s.launch.RunToken:
		return false
	case task == "" && filepath.IsAbs(home):
		return sleepsFor(home, id)
	case task == "":
		return s.launch.Dispatcher != "" && proc.Executable(id) == s.launch.Dispatcher
	case !record.ValidID(task) || !filepath.IsAbs(home):
		return false
	}
	dir := store.At(home).TaskDir(task)
	return !s.isOurs(dir) && heads(dir, id)
}

// isOurs tells whether a path names our own task's directory, which is the working
// directory: a home has many names.
func (s *Shim) isOurs(dir string) bool {
	own, err := fsys.PlaceOf(s.launch.TaskDir)
	return err == nil && own.Is(dir)
}

// heads tells whether a process is the supervisor or the leader of the task in dir.
func heads(dir string, id proc.Identity) bool {
	if held, err := store.LockHeld(dir); err == nil && held {
		if holder := store.Holder(dir); holder != nil && id.Is(proc.Identity(*holder)) {
			return true
		}
	}
	state, err := fsys.ReadFile(filepath.Join(dir, store.StateFile))
	if err != nil {
		return false
	}
	leader, known := record.ReadLeader(string(state))
	return known && id.Is(proc.Identity(leader))
}

// amongForeign tells whether a process, or one that it descends from below us, is
// foreign: for those that are not found by way of their parents.
func (s *Shim) amongForeign(pid int) bool {
	for self := os.Getpid(); pid > 1 && pid != self; {
		if s.foreign(pid) {
			return true
		}
		st, err := proc.ReadStat(pid)
		if err != nil {
			return false
		}
		pid = st.PPID
	}
	return false
}

// sleepsFor tells whether a process is the one that waits until the next task of a
// home is due: whoever made a task wait started it, and it belongs to nobody.
func sleepsFor(home string, id proc.Identity) bool {
	held, holder := store.At(home).TimerHeld()
	return held && holder != nil && id.Is(proc.Identity(*holder))
}
