package proc

import (
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// limits are the resource limits (getrlimit(2)) of which a child can be given others than this process has, for which
// they are set here for the moment of the fork. Under some a Go program could not go on, or not fork; and nofile,
// which package syscall raises for this process, is given back to a child by whoever forks it (see startersNofile).
var limits = [...]struct {
	name     string
	resource int
}{
	{"core", unix.RLIMIT_CORE}, {"cpu", unix.RLIMIT_CPU}, {"fsize", unix.RLIMIT_FSIZE},
	{"memlock", unix.RLIMIT_MEMLOCK}, {"stack", unix.RLIMIT_STACK},
}

// Inherited tells what this process hands on to a child that no environment shows and that Inheriting can set: its
// nice value and soft resource limits, as "nice=5 core=0 stack=8388608". A limit that there is not is left out.
func Inherited() string {
	nice, _ := unix.Getpriority(unix.PRIO_PROCESS, 0)
	b := strconv.AppendInt([]byte("nice="), int64(20-nice), 10) // as the system call has it
	for _, l := range limits {
		var now unix.Rlimit
		if unix.Prlimit(0, l.resource, nil, &now) == nil && now.Cur != unix.RLIM_INFINITY {
			b = strconv.AppendUint(append(append(append(b, ' '), l.name...), '='), now.Cur, 10)
		}
	}
	return string(b)
}

// Inheriting lets a child that spawn makes inherit what an earlier Inherited told, as far as this process may: no limit
// above a hard one, and to lower a nice value takes a privilege. This process has what it had afterwards. Where it is
// the case already, as most often, it only looks; "" is the case always.
func Inheriting(text string, spawn func() (pid int, err error)) (pid int, err error) {
	if text == "" || text == Inherited() {
		return spawn()
	}
	defer assume(text)()
	spawned := make(chan struct{})
	go func() {
		defer close(spawned)
		// Never unlocked: the nice value is the thread's, and the thread ends with this function.
		runtime.LockOSThread()
		if nice, err := strconv.Atoi(told(text, "nice")); err == nil {
			unix.Setpriority(unix.PRIO_PROCESS, 0, nice)
		}
		pid, err = spawn()
	}()
	<-spawned
	ReserveThreads(reserved) // in the place of that one
	return pid, err
}

// told is a value of what Inherited told, "" if there is none.
func told(text, name string) string {
	_, rest, _ := strings.Cut(" "+text, " "+name+"=")
	value, _, _ := strings.Cut(rest, " ")
	return value
}

// assume sets the limits in this process, until restore.
func assume(text string) (restore func()) {
	var old [len(limits)]unix.Rlimit
	for i, l := range limits {
		if unix.Prlimit(0, l.resource, nil, &old[i]) != nil {
			continue
		}
		soft, err := strconv.ParseUint(told(text, l.name), 10, 64)
		if err != nil {
			soft = unix.RLIM_INFINITY
		}
		unix.Prlimit(0, l.resource, &unix.Rlimit{Cur: min(soft, old[i].Max), Max: old[i].Max}, nil)
	}
	return func() {
		for i, l := range limits {
			unix.Prlimit(0, l.resource, &old[i], nil)
		}
	}
}
