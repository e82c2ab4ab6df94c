package cli

import (
	"errors"
	"io/fs"
	"os"
	"syscall"

	"bgtasks/lib/fault"
)

// shortages are the refusals of the system that have their remedy outside of
// the suite (errno(3)).
var shortages = []struct {
	errno syscall.Errno
	home  bool // it is about the home, rather than about this process
	hint  string
}{
	{syscall.ENOSPC, true, "the disk of the home is full, in bytes or in files (df, df -i): make room, or set BACKGROUND_TASKS_HOME to another disk"},
	{syscall.EDQUOT, true, "your disk quota is used up: make room, or set BACKGROUND_TASKS_HOME to another disk"},
	{syscall.EROFS, true, "the home can only be read: mount it for writing, or set BACKGROUND_TASKS_HOME to another disk"},
	{syscall.EMFILE, false, "too few open files are allowed: raise the limit with ulimit -n"},
	{syscall.ENFILE, false, "the system has too many open files: close some programs"},
	{syscall.EAGAIN, false, "too few processes are allowed: end some, or raise the limit with ulimit -u"},
	{syscall.ENOMEM, false, "memory is short: end some programs, or raise the limit with ulimit -v"},
}

// shortageHint says what to do about an error of the system, or nothing.
func shortageHint(err error) string {
	for _, s := range shortages {
		if errors.Is(err, s.errno) {
			return s.hint
		}
	}
	return ""
}

// shortageFailure is a lack of something. One of the home's is told as an
// operation on the store that failed; after it, trying again makes sense.
func shortageFailure(err error) *fault.Failure {
	for _, s := range shortages {
		if !errors.Is(err, s.errno) {
			continue
		}
		f := &fault.Failure{Type: "UnexpectedCliError", Message: err.Error(), Retryable: true, Code: fault.CodeTool, Text: err.Error(), Hint: s.hint}
		if s.home {
			op, path := operation(err)
			f.Type, f.Message = "CliStoreError", "task store operation failed: "+op
			f.Details = []fault.Detail{fault.With("operation", op), fault.With("path", path), fault.With("reason", err.Error())}
		}
		f.Details = append(f.Details, fault.With("hint", s.hint))
		return f
	}
	return nil
}

// operation is what was refused, and on which file.
func operation(err error) (op, path string) {
	var onPath *fs.PathError
	var onLink *os.LinkError
	switch {
	case errors.As(err, &onPath):
		return onPath.Op, onPath.Path
	case errors.As(err, &onLink):
		return onLink.Op, onLink.New
	}
	return "write", ""
}
