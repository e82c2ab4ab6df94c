package launch

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"bgtasks/lib/fsys"
	"bgtasks/lib/record"
)

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

func lookup(env []string, name string) string {
	for i := len(env) - 1; i >= 0; i-- {
		if value, found := strings.CutPrefix(env[i], name+"="); found {
			return value
		}
	}
	return ""
}
