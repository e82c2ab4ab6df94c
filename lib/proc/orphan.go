package proc

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// SpawnOrphan starts a program that has nothing to do with its starter any more: it is nobody's child, and in a session
// of its own that it does not lead, so no terminal that it opens becomes its own. This is the double fork of daemon(7).
// All else is as with [Spawn]; Setsid is implied, and Cgroup has no effect.
//
// Where a process can only be forked to execute a program at once (macOS, FreeBSD), the program is still our child and
// leads the session: first is then its pid, to be reaped, and not 0. It finds this out with [LeadsSession], calls
// [ForkAgain], and ends.
func SpawnOrphan(spec SpawnSpec) (first int, err error) {
	spec.Setsid = true
	err = spec.start(func() (err error) {
		first, err = forkOrphan(spec)
		return err
	})
	return first, err
}

// ForkAgain starts this program once more, with its arguments, its environment, its standard descriptors and others up
// to last, as a child that does not lead the session.
func ForkAgain(last int) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	var files []uintptr
	for fd := range last + 1 {
		files = append(files, uintptr(fd))
	}
	_, err = Spawn(SpawnSpec{Path: self, Argv: os.Args, Env: os.Environ(), Files: files, Umask: -1})
	return err
}

// LeadsSession tells whether this process leads its session.
func LeadsSession() bool {
	sid, err := unix.Getsid(0)
	return err == nil && sid == os.Getpid()
}

// Await waits until a child has ended, and reaps it.
func Await(pid int) error {
	for {
		if _, err := syscall.Wait4(pid, nil, 0, nil); err != syscall.EINTR {
			return err
		}
	}
}
