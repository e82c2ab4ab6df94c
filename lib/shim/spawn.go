package shim

import (
	"errors"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"bgtasks/lib/fail"
	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// spawn executes the program in a session of its own, with the user's umask
// and environment.
func (s *Shim) spawn() *failure {
	stdin, err := openStdin(s.launch.Stdin)
	if err != nil && s.launch.Stdin == "" {
		return failed(record.StageShim, os.DevNull, err) // no file of the user's
	}
	if err != nil {
		return failed(record.StageStdin, s.launch.Stdin, err)
	}
	defer unix.Close(stdin)
	out, errs, err := s.writeEnds()
	if err != nil {
		return failed(record.StageShim, store.OutFIFO, err)
	}
	fail.Pass("shim-start-spawn")
	spec := proc.SpawnSpec{
		Path:   s.launch.Path,
		Argv:   s.launch.Argv,
		Env:    append(slices.DeleteFunc(os.Environ(), tunesRuntime), s.launch.RestoreEnv...),
		Dir:    s.launch.Dir,
		Files:  []uintptr{uintptr(stdin), uintptr(out), uintptr(errs)},
		Setsid: true,
		Umask:  s.launch.Umask,
	}
	pid, err := proc.Inheriting(s.launch.Limits, func() (int, error) { return s.execute(spec) })
	unix.Close(out)
	if errs != out {
		unix.Close(errs)
	}
	if err != nil {
		return s.spawnFailure(err)
	}
	return failed(record.StageShim, "identify the leader", s.identify(pid))
}

func (s *Shim) spawnFailure(err error) *failure {
	var why *proc.SpawnError
	if errors.As(err, &why) {
		switch why.Step {
		case proc.StepChdir:
			return failed(record.StageDir, s.launch.Dir, err)
		case proc.StepFork:
			return failed(record.StageShim, "fork", err)
		}
	}
	return failed(record.StageExec, s.launch.Path, err)
}

// identify gives the leader its full name. It can't have been reaped yet, so
// this works for one that has ended already, too.
func (s *Shim) identify(pid int) error {
	id, err := proc.Identify(pid)
	if err == nil {
		err = fail.Point("shim-start-identify")
	}
	if err != nil {
		s.tree.KillChildren()
		return err
	}
	s.tree.ties = &own{watched{leader: id, exit: -1}}
	leader := record.Process(id)
	s.record.Leader = &leader
	return nil
}

// writeEnds opens the task's ends of the FIFOs. They are open for reading too:
// the death of the shim then raises no SIGPIPE, and what the task writes stays
// in the pipe for the next one (P7).
func (s *Shim) writeEnds() (out, errs int, err error) {
	const mode = unix.O_RDWR | unix.O_CLOEXEC | unix.O_NOFOLLOW
	out, err = unix.Open(s.path(store.OutFIFO), mode, 0)
	if err != nil || !s.launch.Split {
		return out, out, err
	}
	errs, err = unix.Open(s.path(store.ErrFIFO), mode, 0)
	if err != nil {
		unix.Close(out)
	}
	return out, errs, err
}

// openStdin opens the task's standard input without waiting for the writer of
// a FIFO; the task itself then reads it in the ordinary, blocking way.
func openStdin(path string) (int, error) {
	if path == "" {
		path = os.DevNull
	}
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC|unix.O_NOCTTY, 0)
	if err != nil {
		return -1, err
	}
	return fd, unix.SetNonblock(fd, false)
}

// tunesRuntime tells whether a variable tunes this program's runtime: the task gets the
// user's own values of these.
func tunesRuntime(kv string) bool {
	name, _, _ := strings.Cut(kv, "=")
	return slices.ContainsFunc(record.ShimTuning(), func(tuning string) bool {
		return strings.HasPrefix(tuning, name+"=")
	})
}
