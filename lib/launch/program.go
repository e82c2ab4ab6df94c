package launch

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"bgtasks/lib/fsys"
	"bgtasks/lib/record"
)

// SpawnError says why a program could not be executed.
type SpawnError struct {
	Stage   string // one of record's Stage constants
	Command string // as it was given
	Path    string // what was tried
	Errno   syscall.Errno
	Cause   error // where the errno alone would not tell; else nil
}

// NotFound reports whether the program does not exist.
func (e *SpawnError) NotFound() bool { return e.Stage == record.StageExec && e.Errno == syscall.ENOENT }

// BadDir reports whether the working directory can't be entered.
func (e *SpawnError) BadDir() bool { return e.Stage == record.StageDir }

// NotExecutable reports whether the program exists but can't be executed.
func (e *SpawnError) NotExecutable() bool { return e.Stage == record.StageExec && !e.NotFound() }

func (e *SpawnError) Unwrap() error {
	if e.Cause != nil {
		return e.Cause
	}
	return e.Errno
}

func (e *SpawnError) Error() string {
	switch {
	case e.Cause != nil:
		return e.Cause.Error()
	case e.NotFound() && fsys.Leads(e.Path):
		return fmt.Sprintf("cannot execute %q: its interpreter or loader is missing", e.Command)
	case e.NotFound():
		return fmt.Sprintf("command %q not found", e.Command)
	case e.BadDir():
		return fmt.Sprintf("working directory %q: %s", e.Path, e.Errno.Error())
	case e.Stage == record.StageExec:
		return fmt.Sprintf("cannot execute %q: %s", e.Command, e.Errno.Error())
	case e.Stage == record.StageEnv:
		return fmt.Sprintf("the environment that it was given is gone: %s: %s", e.Path, e.Errno.Error())
	case e.Stage == record.StageShim:
		return fmt.Sprintf("supervisor %s: %s", e.Path, e.Errno.Error())
	}
	return fmt.Sprintf("cannot open the %s file %q: %s", e.Stage, e.Path, e.Errno.Error())
}

// Hint is advice on the error, or "".
func (e *SpawnError) Hint() string {
	switch {
	case e.NotFound():
		return "check the spelling, or give the program's path; a shell line needs -c"
	case e.Stage == record.StageExec && e.Errno == syscall.ENOEXEC:
		return "it has no #! line: run it with its interpreter, as in sh FILE"
	case e.Stage == record.StageExec && e.Errno == syscall.EACCES:
		return "make it executable with chmod +x, or run it with its interpreter"
	case e.Stage == record.StageExec && e.Errno == syscall.E2BIG:
		return "pass fewer or shorter arguments and variables, or pass them in a file"
	case e.BadDir():
		return "check that the directory exists and that you may enter it"
	case e.Stage == record.StageStdin, e.Stage == record.StageTee:
		return "check that the file exists, or its directory, and that you may open it"
	case e.Stage == record.StageShim && e.Errno == syscall.EPROTO:
		return "install the suite as a whole: bg-shim is of another version than this command"
	case e.Stage == record.StageShim && e.Errno == syscall.ENOENT:
		return "install the suite as a whole: bg-shim belongs beside the other commands"
	}
	return ""
}

// Resolve finds the program of the spec's command in the PATH of the task's
// environment, seen from the task's working directory. It refuses a program that can't
// be executed with its arguments and variables. The error is *SpawnError.
func Resolve(s *record.Spec, env []string) (string, error) {
	program, err := find(s, env)
	if err == nil {
		err = checkSize(s, env)
	}
	return program, err
}

func find(s *record.Spec, env []string) (string, error) {
	if errno := enterable(s.Workdir); errno != 0 {
		return "", &SpawnError{Stage: record.StageDir, Command: s.Command, Path: s.Workdir, Errno: errno}
	}
	if strings.Contains(s.Command, "/") {
		path := s.Command
		if !filepath.IsAbs(path) {
			path = filepath.Join(s.Workdir, path)
		}
		if errno := runnable(path); errno != 0 {
			return "", &SpawnError{Stage: record.StageExec, Command: s.Command, Path: path, Errno: errno}
		}
		return path, nil
	}
	return search(s.Command, s.Workdir, lookup(env, "PATH"))
}

// Check checks a request before anything is created for it: the program and, if there
// is one, the file of the standard input. The error is *SpawnError.
func Check(s *record.Spec, env []string) error {
	if _, err := Resolve(s, env); err != nil {
		return err
	}
	if s.Stdin == "" {
		return nil
	}
	if errno := errnoOf(unix.Access(s.Stdin, unix.R_OK)); errno != 0 {
		return &SpawnError{Stage: record.StageStdin, Command: s.Command, Path: s.Stdin, Errno: errno}
	}
	return nil
}

// search walks PATH as execvp(3) does: an empty element is the working
// directory, and a file that may not be executed is remembered while the
// search goes on.
func search(command, workdir, path string) (string, error) {
	failure := &SpawnError{Stage: record.StageExec, Command: command, Errno: syscall.ENOENT}
	for _, dir := range filepath.SplitList(path) {
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(workdir, dir)
		}
		candidate := filepath.Join(dir, command)
		switch errno := runnable(candidate); errno {
		case 0:
			return candidate, nil
		case syscall.EACCES:
			if fsys.Leads(candidate) {
				failure.Path, failure.Errno = candidate, errno
			}
		}
	}
	return "", failure
}

// runnable tells why a file can't be executed, before anything is built: most
// mistakes are found here. The exec itself has the last word.
func runnable(path string) syscall.Errno {
	info, err := os.Stat(path)
	if err != nil {
		return errnoOf(err)
	}
	if info.IsDir() {
		return syscall.EACCES
	}
	return errnoOf(unix.Access(path, unix.X_OK))
}

func executable(path string) bool { return runnable(path) == 0 }

func enterable(dir string) syscall.Errno {
	info, err := os.Stat(dir)
	if err != nil {
		return errnoOf(err)
	}
	if !info.IsDir() {
		return syscall.ENOTDIR
	}
	return errnoOf(unix.Access(dir, unix.X_OK))
}

// unspawned is what the record of an end says of the error; nil if that is no
// *SpawnError.
func unspawned(err error) *record.Unspawned {
	var e *SpawnError
	if !errors.As(err, &e) {
		return nil
	}
	path := e.Path
	if path == "" {
		path = e.Command
	}
	return &record.Unspawned{Step: e.Stage, Path: path, Errno: int(e.Errno), Message: e.Error()}
}

// errnoOf digs the errno out of an error of a file operation.
func errnoOf(err error) syscall.Errno {
	switch e := err.(type) {
	case nil:
		return 0
	case syscall.Errno:
		return e
	case *fs.PathError:
		return errnoOf(e.Err)
	}
	return syscall.EIO
}

func lookup(env []string, name string) string {
	for i := len(env) - 1; i >= 0; i-- {
		if value, found := strings.CutPrefix(env[i], name+"="); found {
			return value
		}
	}
	return ""
}

// handoverError says that the command could not be executed because its
// supervisor could not be started, for want of a process most often. A
// supervisor that vanished without a report is left as it is: then nobody knows.
func handoverError(s *record.Spec, err error) error {
	var told *SpawnError
	if errors.As(err, &told) || errors.Is(err, record.ErrReport) {
		return err
	}
	if errors.Is(err, syscall.E2BIG) {
		return &SpawnError{Stage: record.StageExec, Command: s.Command, Errno: syscall.E2BIG, Cause: fmt.Errorf("cannot execute %q: %w", s.Command, syscall.E2BIG)}
	}
	return &SpawnError{Stage: record.StageShim, Command: s.Command, Path: record.ShimName, Cause: err}
}

// reportError turns the shim's report of a failure into an error.
func reportError(s *record.Spec, program string, r *record.Report) error {
	path := r.Detail
	if r.Stage == record.StageExec {
		path = program
	}
	return &SpawnError{Stage: r.Stage, Command: s.Command, Path: path, Errno: syscall.Errno(r.Errno)}
}
