package doctor

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"

	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// systemChecks look at what the suite needs of the machine, or can make use of.
// What it can do without is never wrong: the line says what follows.
func systemChecks() []Check {
	return []Check{program("supervisor", record.ShimName), program("dispatcher", record.DispatcherName), exitFD(), exitInfo(), subreaper(), cgroup(), locks()}
}

// program checks that a program of the suite is where the others look for it.
func program(what, name string) Check {
	self, err := os.Executable()
	if err == nil {
		self, err = filepath.EvalSymlinks(self)
	}
	if err != nil {
		return wrong(what, err, "")
	}
	path := filepath.Join(filepath.Dir(self), name)
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return wrong(what, err, "install the suite as a whole")
	case !info.Mode().IsRegular() || info.Mode().Perm()&0o111 == 0:
		return wrong(what, errors.New(path+" can't be executed"), "chmod 755")
	}
	return fine(what, "%s", path)
}

// exitFD checks that the end of a process can be waited for. Without it bells
// alone wake waiters: only the death of a supervisor is then found late.
func exitFD() Check {
	self, err := proc.Self()
	if err != nil {
		return wrong("exit events", err, "mount /proc of this pid namespace")
	}
	fd, err := proc.ExitFD(self)
	if errors.Is(err, proc.ErrUnsupported) {
		return fine("exit events", "this system has none; waiting relies on bells alone")
	}
	if err == nil {
		err = os.NewFile(uintptr(fd), "exit").Close()
	}
	if err != nil {
		return wrong("exit events", err, "")
	}
	return fine("exit events", "commands can wait for the end of any process")
}

// exitInfo finds out whether the kernel tells how a process ended that others
// reaped, by trying it on a child.
func exitInfo() Check {
	known, err := tellsExits()
	switch {
	case errors.Is(err, proc.ErrUnsupported) || err == nil && !known:
		return fine("exit info", "this system has none; an end that only a killed supervisor saw stays unknown")
	case err != nil:
		return wrong("exit info", err, "")
	}
	return fine("exit info", "exact, also for processes that another process has reaped")
}

func tellsExits() (known bool, err error) {
	self, err := os.Executable()
	if err != nil {
		return false, err
	}
	child := exec.Command(self, "--version")
	if err := child.Start(); err != nil {
		return false, err
	}
	defer child.Wait() // a second time, when the first was reached
	id, err := proc.Identify(child.Process.Pid)
	if err != nil {
		return false, err
	}
	fd, err := proc.ExitFD(id)
	if err != nil {
		return false, err
	}
	watch := os.NewFile(uintptr(fd), "exit")
	defer watch.Close()
	if err := child.Wait(); err != nil {
		return false, err
	}
	_, known = proc.ExitStatus(fd, id)
	return known, nil
}

// subreaper checks that orphans of a tree come to their supervisor. Where they
// don't, a tree is what can be found by sessions.
func subreaper() Check {
	err := proc.SetSubreaper()
	if errors.Is(err, proc.ErrUnsupported) {
		return fine("subreaper", "this system has none; daemons that leave their session escape a stop")
	}
	if err != nil {
		return wrong("subreaper", err, "")
	}
	return fine("subreaper", "whole trees can be ended")
}

// cgroup tells whether trees can be held together by cgroups.
func cgroup() Check {
	base, err := proc.CgroupBase(record.IsCgroupName)
	if err != nil {
		return fine("cgroup", "no unified hierarchy is delegated here; trees are held together without one")
	}
	return fine("cgroup", "trees are held together by groups below %s", base)
}

// locks checks that the system has locks that belong to an open file and can be
// asked about: they are how a living supervisor is known.
func locks() Check {
	self, err := os.Executable()
	if err == nil {
		err = store.ProbeLocks(self)
	}
	if err != nil {
		return wrong("locks", err, "open-file-description locks need Linux 3.15")
	}
	return fine("locks", "locks of open files work")
}
