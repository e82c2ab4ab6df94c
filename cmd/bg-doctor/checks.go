package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"bgtasks/lib/launch"
	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
)

// homeChecks look at the home, if there is one. That it can be opened says that
// its layout is known, that nobody else can write to it, and that it is on a
// local file system.
func homeChecks(root string) []check {
	h, err := store.OpenExisting(root)
	if errors.Is(err, fs.ErrNotExist) {
		return []check{{"home", true, root + " is not there yet, the first start makes it"}}
	}
	if err != nil {
		return []check{{"home", false, err.Error()}}
	}
	return []check{
		{"home", true, fmt.Sprintf("%s, layout %d", root, record.Layout)},
		privacy(h), records(h), locks(h), drafts(h),
	}
}

// privacy checks that nobody else can look into the home (P11).
func privacy(h *store.Home) check {
	for _, dir := range []string{h.TasksDir(), h.LiveDir(), h.EventsDir(), h.TmpDir()} {
		info, err := os.Stat(dir)
		switch {
		case err != nil:
			return check{"modes", false, err.Error()}
		case info.Mode().Perm()&0o077 != 0:
			return check{"modes", false, fmt.Sprintf("%s has mode %o, others can look into it: chmod 700", dir, info.Mode().Perm())}
		}
	}
	return check{"modes", true, "only you can look into the tasks"}
}

// records checks that all tasks can be read. Reading heals those that lost
// their supervisor.
func records(h *store.Home) check {
	tasks, err := view.LoadAll(h, view.Filter{})
	if err != nil {
		return check{"records", false, err.Error()}
	}
	var broken []string
	for _, t := range tasks {
		if t.Unreadable != nil {
			broken = append(broken, t.Unreadable.Error())
		}
	}
	if len(broken) > 0 {
		return check{"records", false, fmt.Sprintf("%d of %d tasks can't be read: %s", len(broken), len(tasks), strings.Join(broken, "; "))}
	}
	return check{"records", true, fmt.Sprintf("%d tasks, all can be read", len(tasks))}
}

// locks asks for a lock where the tasks' locks are.
func locks(h *store.Home) check {
	ids, err := h.IDs()
	if err == nil && len(ids) > 0 {
		_, err = store.LockHeld(h.TaskDir(ids[0]))
	}
	if err != nil {
		return check{"locks", false, err.Error()}
	}
	return check{"locks", true, "open-file-description locks work"}
}

// abandoned is the age at which a draft is nobody's any more: a start takes
// less than a second.
const abandoned = time.Hour

// drafts counts what starters left behind that were killed. It takes space and
// does no harm.
func drafts(h *store.Home) check {
	entries, err := os.ReadDir(h.TmpDir())
	if err != nil {
		return check{"drafts", false, err.Error()}
	}
	old := 0
	for _, e := range entries {
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > abandoned {
			old++
		}
	}
	return check{"drafts", true, fmt.Sprintf("%d abandoned in %s", old, h.TmpDir())}
}

// systemChecks look at what the suite needs of the machine.
func systemChecks() []check { return []check{shim(), exitFD(), subreaper()} }

// shim checks that the supervisor is where a start looks for it.
func shim() check {
	self, err := os.Executable()
	if err == nil {
		self, err = filepath.EvalSymlinks(self)
	}
	if err != nil {
		return check{"supervisor", false, err.Error()}
	}
	path := filepath.Join(filepath.Dir(self), launch.ShimName)
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return check{"supervisor", false, err.Error() + ": install the suite as a whole"}
	case !info.Mode().IsRegular() || info.Mode().Perm()&0o111 == 0:
		return check{"supervisor", false, path + " can't be executed"}
	}
	return check{"supervisor", true, path}
}

// exitFD checks that the end of a process can be waited for. Without it bells
// alone wake waiters: only the death of a supervisor is then found late.
func exitFD() check {
	self, err := proc.Self()
	if err != nil {
		return check{"exit events", false, err.Error()}
	}
	fd, err := proc.ExitFD(self)
	if errors.Is(err, proc.ErrUnsupported) {
		return check{"exit events", true, "this system has none, waiting relies on bells alone"}
	}
	if err != nil {
		return check{"exit events", false, err.Error()}
	}
	if err := os.NewFile(uintptr(fd), "exit").Close(); err != nil {
		return check{"exit events", false, err.Error()}
	}
	return check{"exit events", true, "the end of any process can be waited for"}
}

// subreaper checks that orphans of a tree come to their supervisor. Where they
// don't, a tree is what can be found by sessions.
func subreaper() check {
	err := proc.SetSubreaper()
	if errors.Is(err, proc.ErrUnsupported) {
		return check{"subreaper", true, "this system has none, daemons that leave their session escape a stop"}
	}
	if err != nil {
		return check{"subreaper", false, err.Error()}
	}
	return check{"subreaper", true, "whole trees can be ended"}
}
