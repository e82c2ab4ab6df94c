package proc

import (
	"bgtasks/lib/fsys"
	"io"
	"sync"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// An orphanage is what the two processes of a double fork need. All of it is made before there are any: a child of a Go
// program has one thread and no runtime that works, so until it executes a program it makes system calls and nothing
// else, as in [syscall.ForkExec]. That one can fork only to execute, and to execute a program in between costs as much
// as the whole way of a supervisor to its first line.
type orphanage struct {
	path, dir  *byte // dir is nil for ours
	argv, envv []*byte
	files      []int       // what becomes 0, 1 and so on: numbered higher than these
	complaint  [2]int      // a pipe for the errno of what fails; the exec closes it
	nofile     unix.Rlimit // what our starter had
	errno      syscall.Errno
	unread     int32
	every      uint64 // the set of all signals
	none       uint64
	mask       uint64 // ours
	action     sigaction
}

// forkOrphan returns when the program is executed, and nobody is left to reap.
func forkOrphan(spec SpawnSpec) (first int, err error) {
	o := &orphanage{every: ^uint64(0)}
	defer o.close()
	if err := o.prepare(spec); err != nil {
		return 0, err
	}
	if err := o.openComplaint(); err != nil {
		return 0, err
	}
	defer unix.Close(o.complaint[0])
	syscall.ForkLock.Lock() // for those that make descriptors in two steps
	middle, errno := o.fork()
	syscall.ForkLock.Unlock()
	unix.Close(o.complaint[1])
	if errno != 0 {
		return 0, errno
	}
	if err := Await(middle); err != nil {
		return 0, err
	}
	return 0, readErrno(o.complaint[0])
}

// prepare makes C's version of the spec. Descriptors get copies that are out of the way of each other's places.
func (o *orphanage) prepare(spec SpawnSpec) (err error) {
	if o.path, err = syscall.BytePtrFromString(spec.Path); err != nil {
		return err
	}
	if o.argv, err = syscall.SlicePtrFromStrings(spec.Argv); err != nil {
		return err
	}
	if o.envv, err = syscall.SlicePtrFromStrings(spec.Env); err != nil {
		return err
	}
	if spec.Dir != "" {
		if o.dir, err = syscall.BytePtrFromString(spec.Dir); err != nil {
			return err
		}
	}
	for _, fd := range spec.Files {
		above, err := unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, max(len(spec.Files), firstExtra))
		if err != nil {
			return err
		}
		o.files = append(o.files, above)
	}
	startersNofile.Do(learnNofile)
	o.nofile = startersNofile.Rlimit
	return nil
}

// openComplaint makes the pipe, with its writing end out of the way, too.
func (o *orphanage) openComplaint() error {
	pipe, err := fsys.RawPipe()
	if err != nil {
		return err
	}
	above, err := unix.FcntlInt(uintptr(pipe[1]), unix.F_DUPFD_CLOEXEC, max(len(o.files), firstExtra))
	unix.Close(pipe[1])
	if err != nil {
		unix.Close(pipe[0])
		return err
	}
	o.complaint = [2]int{pipe[0], above}
	return nil
}

// startersNofile is the limit of open files that this process was started with. Package syscall raises the soft one
// before the first line of ours, tells nobody, and gives it back to what it forks itself. It does so, too, before it
// executes a program in our place; what can't be executed leaves us with it.
// We raise it again for ourselves, and from then on have to give it back to each child.
var startersNofile struct {
	sync.Once
	unix.Rlimit
	raised  unix.Rlimit
	learned atomic.Bool
	forking sync.Mutex
}

func learnNofile() {
	n := &startersNofile
	unix.Prlimit(0, unix.RLIMIT_NOFILE, nil, &n.raised)
	syscall.Exec("", nil, nil)
	unix.Prlimit(0, unix.RLIMIT_NOFILE, nil, &n.Rlimit)
	unix.Prlimit(0, unix.RLIMIT_NOFILE, &n.raised, nil)
	n.learned.Store(n.Rlimit != n.raised)
}

// withStartersNofile runs f, which forks a child that is no orphan, with the limit that it is to have.
func withStartersNofile(f func() error) error {
	n := &startersNofile
	if !n.learned.Load() {
		return f()
	}
	n.forking.Lock()
	defer n.forking.Unlock()
	unix.Prlimit(0, unix.RLIMIT_NOFILE, &n.Rlimit, nil)
	defer unix.Prlimit(0, unix.RLIMIT_NOFILE, &n.raised, nil)
	return f()
}

func (o *orphanage) close() {
	for _, fd := range o.files {
		unix.Close(fd)
	}
}

// readErrno returns what a child complained of, nil if it executed its program.
func readErrno(fd int) error {
	var errno syscall.Errno
	buf := (*[unsafe.Sizeof(errno)]byte)(unsafe.Pointer(&errno))[:]
	for {
		switch n, err := unix.Read(fd, buf); {
		case err == unix.EINTR:
		case err != nil:
			return err
		case n == 0:
			return nil
		case n < len(buf):
			return io.ErrUnexpectedEOF
		default:
			return errno
		}
	}
}

// fork makes the process in between, which makes the orphan; both never return. No signal is taken meanwhile: handlers
// of ours must not run in a child.
//
//go:nosplit
//go:norace
func (o *orphanage) fork() (middle int, errno syscall.Errno) {
	sigprocmask(&o.every, &o.mask)
	pid, errno := vfork()
	if pid != 0 || errno != 0 {
		sigprocmask(&o.mask, nil)
		return int(pid), errno
	}
	syscall.RawSyscall(syscall.SYS_SETSID, 0, 0, 0)
	pid, errno = vfork()
	switch {
	case errno != 0:
		o.complain(errno)
	case pid == 0:
		o.complain(o.execute())
	case o.heard():
		// It failed: no zombie is left to an init that reaps none.
		syscall.RawSyscall6(syscall.SYS_WAIT4, pid, 0, 0, 0, 0, 0)
	}
	for {
		syscall.RawSyscall(syscall.SYS_EXIT_GROUP, 0, 0, 0)
	}
}

// vfork is fork(2) with a parent that stands still until its child has executed a program or ended.
//
//go:nosplit
//go:norace
func vfork() (pid uintptr, errno syscall.Errno) {
	pid, _, errno = syscall.RawSyscall6(syscall.SYS_CLONE, unix.CLONE_VFORK|uintptr(syscall.SIGCHLD), 0, 0, 0, 0, 0)
	return pid, errno
}

//go:nosplit
//go:norace
func (o *orphanage) complain(errno syscall.Errno) {
	o.errno = errno
	syscall.RawSyscall(syscall.SYS_WRITE, uintptr(o.complaint[1]), uintptr(unsafe.Pointer(&o.errno)), unsafe.Sizeof(o.errno))
}

// heard tells whether there was a complaint.
//
//go:nosplit
//go:norace
func (o *orphanage) heard() bool {
	syscall.RawSyscall(syscall.SYS_IOCTL, uintptr(o.complaint[0]), unix.TIOCINQ, uintptr(unsafe.Pointer(&o.unread)))
	return o.unread > 0
}

// execute returns if it fails.
//
//go:nosplit
//go:norace
func (o *orphanage) execute() (errno syscall.Errno) {
	for i := 0; i < len(o.files); i++ {
		if _, _, errno = syscall.RawSyscall(syscall.SYS_DUP3, uintptr(o.files[i]), uintptr(i), 0); errno != 0 {
			return errno
		}
	}
	for i := len(o.files); i < firstExtra; i++ {
		syscall.RawSyscall(syscall.SYS_CLOSE, uintptr(i), 0, 0)
	}
	if o.dir != nil {
		if _, _, errno = syscall.RawSyscall(syscall.SYS_CHDIR, uintptr(unsafe.Pointer(o.dir)), 0, 0); errno != 0 {
			return errno
		}
	}
	syscall.RawSyscall6(syscall.SYS_PRLIMIT64, 0, unix.RLIMIT_NOFILE, uintptr(unsafe.Pointer(&o.nofile)), 0, 0, 0)
	o.dropHandlers()
	sigprocmask(&o.none, nil)
	_, _, errno = syscall.RawSyscall(syscall.SYS_EXECVE, uintptr(unsafe.Pointer(o.path)),
		uintptr(unsafe.Pointer(&o.argv[0])), uintptr(unsafe.Pointer(&o.envv[0])))
	return errno
}

// dropHandlers gives the signals that we catch their default action, before they are let in. What is ignored stays so.
//
//go:nosplit
//go:norace
func (o *orphanage) dropHandlers() {
	const last = 64 // SIGRTMAX of the kernel's
	for sig := uintptr(1); sig <= last; sig++ {
		rtSigaction(sig, nil, &o.action)
		if o.action.handler > sigIgn {
			o.action = sigaction{}
			rtSigaction(sig, &o.action, nil)
		}
	}
}

//go:nosplit
//go:norace
func sigprocmask(set, old *uint64) {
	syscall.RawSyscall6(syscall.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK,
		uintptr(unsafe.Pointer(set)), uintptr(unsafe.Pointer(old)), unsafe.Sizeof(*set), 0, 0)
}
