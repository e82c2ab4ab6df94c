package launch

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

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
