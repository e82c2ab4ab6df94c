package proc

import (
	"bgtasks/lib/fsys"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// A SpawnSpec says what a child process is to be.
type SpawnSpec struct {
	// Path is the file to execute. It is not searched for; a relative one starts at Dir, because the child changes
	// its directory first.
	Path string
	// Argv is the whole argument list, Argv[0] included, Env the whole environment, "K=V".
	Argv, Env []string
	// Dir is the working directory; "" leaves that of this process.
	Dir string
	// Files become the descriptors 0 to len(Files)-1 of the child, which gets no others.
	Files []uintptr
	// Setsid makes the child leader of a new session and group, without a terminal.
	Setsid bool
	// Umask is the child's file mode mask; -1 leaves that of this process.
	Umask int
	// Cgroup, if not nil, is where the child is from its first instruction on: a new one of [NewCgroup], used once
	// (CLONE_INTO_CGROUP, Linux 5.7).
	Cgroup *Cgroup
}

// A Step is the part of a spawn that failed.
type Step string

const (
	// StepChdir: the working directory is missing, is none, or cannot be entered.
	StepChdir Step = "chdir"
	// StepFork: no process could be made (EAGAIN, ENOMEM).
	StepFork Step = "fork"
	// StepExec: the program could not be executed: ENOENT not found; EACCES, ENOEXEC and others: not executable.
	StepExec Step = "exec"
	// StepInterpreter: the program exists, but what its #! line or its ELF header names does not.
	StepInterpreter Step = "interpreter"
)

// A SpawnError tells what failed, with what object, and the errno as the kernel gave it.
type SpawnError struct {
	Step  Step
	Path  string
	Errno syscall.Errno
}

func (e *SpawnError) Error() string {
	return string(e.Step) + " " + e.Path + ": " + e.Errno.Error()
}

// Unwrap returns the errno, so that errors.Is(err, fs.ErrNotExist) and the like work.
func (e *SpawnError) Unwrap() error { return e.Errno }

// Spawn starts a child and returns once it executes its program, or an error of type [*SpawnError] and no child.
//
// The child starts clean: no signal is blocked, what this process catches has its default action again (see
// [DefaultIgnored] for what it was started with ignored), and no descriptor but Files is open: what this process inherited
// from its own starter is marked close-on-exec, for good. Nothing ends the child when this process or its thread ends.
// It has to be reaped.
//
// If Umask is not -1 the mask of this whole process is changed for the moment of the fork, so no other goroutine may
// create files meanwhile. A crash in between leaves nothing: the mask ends with the process.
//
// fork and exec report one errno for all their steps. Which it was is found out by looking at the directory and the
// file, before and afterwards; someone who changes these meanwhile can make the answer name the wrong step, but the
// errno is always the true one.
func Spawn(spec SpawnSpec) (pid int, err error) {
	err = spec.start(func() error {
		return withEmptyMask(func() error {
			return withStartersNofile(func() (err error) {
				pid, err = forkExec(spec)
				return err
			})
		})
	})
	return pid, err
}

// start lets fork make the process, and tells what failed.
func (spec *SpawnSpec) start(fork func() error) error {
	if errno := checkDir(spec.Dir); errno != 0 {
		return &SpawnError{StepChdir, spec.Dir, errno}
	}
	if err := sealDescriptors(); err != nil {
		return &SpawnError{StepFork, spec.Path, errnoOf(err)}
	}
	if spec.Umask >= 0 {
		defer syscall.Umask(syscall.Umask(spec.Umask))
	}
	err := fork()
	if spec.Cgroup != nil {
		spec.Cgroup.seal()
	}
	if err != nil {
		return explain(*spec, errnoOf(err))
	}
	return nil
}

func forkExec(spec SpawnSpec) (pid int, err error) {
	return syscall.ForkExec(spec.Path, spec.Argv, &syscall.ProcAttr{
		Dir:   spec.Dir,
		Env:   spec.Env,
		Files: spec.Files,
		Sys:   spec.sysProcAttr(),
	})
}

func explain(spec SpawnSpec, errno syscall.Errno) *SpawnError {
	if dirErrno := checkDir(spec.Dir); dirErrno != 0 && dirErrno == errno {
		return &SpawnError{StepChdir, spec.Dir, errno}
	}
	step := StepExec
	switch errno {
	case syscall.EAGAIN, syscall.ENOMEM, syscall.EMFILE, syscall.ENFILE:
		step = StepFork
	case syscall.ENOENT:
		if fsys.Leads(spec.program()) {
			step = StepInterpreter
		}
	}
	return &SpawnError{step, spec.Path, errno}
}

// checkDir returns the errno that chdir(2) would give, or 0.
func checkDir(dir string) syscall.Errno {
	if dir == "" {
		return 0
	}
	var st unix.Stat_t
	if err := unix.Stat(dir, &st); err != nil {
		return errnoOf(err)
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR {
		return syscall.ENOTDIR
	}
	return errnoOf(unix.Faccessat(unix.AT_FDCWD, dir, unix.X_OK, unix.AT_EACCESS))
}

// program is the path of the file to execute, as seen from this process.
func (spec *SpawnSpec) program() string {
	if spec.Dir != "" && !strings.HasPrefix(spec.Path, "/") {
		return spec.Dir + "/" + spec.Path
	}
	return spec.Path
}

// errnoOf returns 0 for nil, and EINVAL for what is no errno: a NUL byte in a string is the only such case.
func errnoOf(err error) syscall.Errno {
	if err == nil {
		return 0
	}
	if errno, ok := err.(syscall.Errno); ok {
		return errno
	}
	return syscall.EINVAL
}
