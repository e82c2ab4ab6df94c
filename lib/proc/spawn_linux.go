package proc

import (
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// firstExtra is the first descriptor that is not standard. syscall.ForkExec itself closes those of 0 to 2 that the
// child is not given.
const firstExtra = 3

// sealDescriptors keeps what we inherited from leaking into a child: a lock or a pipe that somebody had open when we
// were started would be held for the life of a task. close_range(2) is of Linux 5.9, its CLOEXEC flag of 5.11.
func sealDescriptors() error {
	if unix.CloseRange(firstExtra, ^uint(0), unix.CLOSE_RANGE_CLOEXEC) == nil {
		return nil
	}
	return sealListed()
}

func sealListed() error {
	return procFS{root: "/proc"}.eachNumber("/self/fd", func(fd int) error {
		if fd >= firstExtra {
			unix.CloseOnExec(fd)
		}
		return nil
	})
}

// withEmptyMask runs f, which forks, with no signal blocked in its thread: a child gets the mask of the thread that
// forked it, and ours may stem from a starter that blocked some. All threads of a Go program have the mask that it was
// started with, so the first look tells whether there is anything to do; to be locked to a thread costs a further one
// for the life of the process.
func withEmptyMask(f func() error) error {
	var none, old unix.Sigset_t
	if err := unix.PthreadSigmask(unix.SIG_BLOCK, nil, &old); err != nil {
		return err
	}
	if old == none {
		return f()
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.PthreadSigmask(unix.SIG_SETMASK, &none, &old); err != nil {
		return err
	}
	defer unix.PthreadSigmask(unix.SIG_SETMASK, &old, nil)
	return f()
}

func (spec *SpawnSpec) sysProcAttr() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setsid: spec.Setsid}
	if spec.Cgroup != nil {
		attr.UseCgroupFD, attr.CgroupFD = true, spec.Cgroup.dir
	}
	return attr
}
