package shim

import (
	"path/filepath"

	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// foreign tells whether a process below us belongs to another task: one that
// our task started with bg-start, whose shim fell to us as an orphan, or whose
// leader did when that shim was killed. Such a task lives on when ours is
// stopped. A process says whose it is in its environment, and is believed if
// that task is there and going on: nobody escapes a stop with a made-up name. The
// dispatcher, and what it leaves to sleep until a task is due, are no task's.
func (s *Shim) foreign(pid int) bool {
	id, err := proc.Identify(pid)
	if err != nil {
		return false
	}
	values, err := proc.ReadEnviron(id, []string{record.MarkTask, record.MarkHome})
	if err != nil {
		return false
	}
	task, home := values[record.MarkTask], values[record.MarkHome]
	if task == "" && filepath.IsAbs(home) {
		return sleepsFor(home, id)
	}
	if task == "" && s.launch.Dispatcher != "" && proc.Executable(id) == s.launch.Dispatcher {
		return true
	}
	if !record.ValidID(task) || !filepath.IsAbs(home) || task == s.launch.ID && home == s.launch.Home {
		return false
	}
	other := store.At(home)
	if held, err := store.LockHeld(other.TaskDir(task)); err == nil && held {
		return true
	}
	return other.Exists(task) && other.MarkedLive(task)
}

// sleepsFor tells whether a process is the one that waits until the next task of a
// home is due: whoever made a task wait started it, and it belongs to nobody.
func sleepsFor(home string, id proc.Identity) bool {
	held, holder := store.At(home).TimerHeld()
	return held && holder != nil && proc.Identity(*holder) == id
}
