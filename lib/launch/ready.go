package launch

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"

	"bgtasks/lib/record"
)

// Ready checks whether a task could start now, without starting it. It checks the
// directory, the program with the interpreter that it names, the standard input, the
// copies, and the supervisor. Obstacles that only the kernel knows, such as a missing
// loader of a binary, show only at the start. Ready changes nothing. The error is
// *SpawnError.
func Ready(s *record.Spec, env []string) error {
	_, err := ready(s, env, false)
	if err == nil {
		_, err = shimPath()
	}
	return err
}

// ready does so for what is the task's own, and finds its program. The files of a task
// that waits for others may be made by these.
func ready(s *record.Spec, env []string, waits bool) (program string, err error) {
	if program, err = Resolve(s, env); err != nil || waits {
		return program, err
	}
	if errno := loadable(program, s.Workdir); errno != 0 {
		return "", &SpawnError{Stage: record.StageExec, Command: s.Command, Path: program, Errno: errno}
	}
	return program, readyFiles(s)
}

// awaits tells whether a task waits for what others do, rather than for their end to
// take their place.
func awaits(s *record.Spec) bool {
	return s.Schedule != nil && slices.ContainsFunc(s.Schedule.After, func(d record.Dependency) bool { return d.When != record.AfterGone })
}

// readyFiles looks at the files that the supervisor opens for the task.
func readyFiles(s *record.Spec) error {
	if s.Stdin != "" {
		if errno := errnoOf(unix.Access(s.Stdin, unix.R_OK)); errno != 0 {
			return &SpawnError{Stage: record.StageStdin, Command: s.Command, Path: s.Stdin, Errno: errno}
		}
	}
	for _, tee := range s.Tees {
		if errno := writable(tee); errno != 0 {
			return &SpawnError{Stage: record.StageTee, Command: s.Command, Path: tee, Errno: errno}
		}
	}
	return nil
}

// writable tells why a file can't be written to, or made.
func writable(path string) syscall.Errno {
	info, err := os.Stat(path)
	switch errno := errnoOf(err); {
	case errno == syscall.ENOENT:
		dir := filepath.Dir(path)
		if errno := enterable(dir); errno != 0 {
			return errno
		}
		return errnoOf(unix.Access(dir, unix.W_OK))
	case errno != 0:
		return errno
	case info.IsDir():
		return syscall.EISDIR
	}
	return errnoOf(unix.Access(path, unix.W_OK))
}

// longestScriptLine is how much of a script's first line Linux looks at (execve(2)).
const longestScriptLine = 256

// loadable tells why the kernel would not load an executable file: it is a script
// whose interpreter can't be executed, or text that names none. A file that may be
// executed and not read is taken for loadable.
func loadable(path, workdir string) syscall.Errno {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return 0
	}
	defer f.Close()
	head := make([]byte, longestScriptLine)
	n, err := io.ReadFull(f, head)
	if head = head[:n]; err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return 0
	}
	line, script := bytes.CutPrefix(head, []byte("#!"))
	if !script {
		if bytes.IndexByte(head, 0) < 0 {
			return syscall.ENOEXEC
		}
		return 0
	}
	line, _, _ = bytes.Cut(line, []byte("\n"))
	words := bytes.Fields(line)
	if len(words) == 0 {
		return syscall.ENOEXEC
	}
	interpreter := string(words[0])
	if !filepath.IsAbs(interpreter) {
		interpreter = filepath.Join(workdir, interpreter)
	}
	return runnable(interpreter)
}
