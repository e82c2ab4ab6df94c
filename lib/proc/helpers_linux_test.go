package proc

import (
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// lockMainThread keeps the main goroutine on the first thread, if called by an init function.
func lockMainThread() { runtime.LockOSThread() }

// firstThreadEnds ends the thread that the process began with, and reports from another one.
func firstThreadEnds(string) {
	go func() {
		for {
			if st, err := ReadStat(os.Getpid()); err == nil && st.State == 'Z' {
				break
			}
			runtime.Gosched()
		}
		report(os.Getpid())
		untilEOF()
	}()
	unix.Syscall(unix.SYS_EXIT, 0, 0, 0)
}

// lookAsStranger says what another user can tell about the zombie of the pid given.
func lookAsStranger(arg string) {
	if err := syscall.Setuid(65534); err != nil {
		panic(err)
	}
	id, err := Identify(number(arg))
	if err != nil {
		panic(err)
	}
	p, err := id.Presence()
	if err != nil {
		panic(err)
	}
	status, ok := id.ZombieStatus()
	word := "unknown"
	if ok {
		word = strconv.Itoa(int(status))
	}
	os.Stdout.WriteString(p.String() + " " + word + "\n")
}

// ignoreAndLaunch does what nohup and careless starters do, and starts the helper "clean" so.
func ignoreAndLaunch(string) {
	signal.Ignore(syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU)
	// Without close-on-exec, at a number that nothing else uses.
	if err := unix.Dup3(1, 77, 0); err != nil {
		panic(err)
	}
	spec := helperSpec("clean", "", false, []uintptr{0, 1, 2})
	attr := &syscall.ProcAttr{Env: spec.Env, Files: spec.Files}
	for len(attr.Files) < 77 {
		attr.Files = append(attr.Files, ^uintptr(0))
	}
	attr.Files = append(attr.Files, 77)
	pid, err := syscall.ForkExec(spec.Path, spec.Argv, attr)
	if err != nil {
		panic(err)
	}
	awaitChild(pid)
}

// spawnCleanChild is a supervisor in the worst environment: signals are ignored and blocked, a descriptor leaked in.
// It reports what it got itself, then what its child got.
func spawnCleanChild(string) {
	runtime.LockOSThread()
	var blocked unix.Sigset_t
	blocked.Val[0] = 1<<(unix.SIGUSR1-1) | 1<<(unix.SIGTERM-1)
	if err := unix.PthreadSigmask(unix.SIG_BLOCK, &blocked, nil); err != nil {
		panic(err)
	}
	printStatus()
	DefaultIgnored()
	printStatus()
}

func printStatus() {
	pid, err := Spawn(SpawnSpec{
		Path:  "/bin/sh",
		Argv:  []string{"sh", "-c", "umask; ls /proc/self/fd | tr '\\n' ' '; echo; exec grep -E 'Sig(Blk|Ign)' /proc/self/status"},
		Env:   []string{"PATH=/usr/bin:/bin"},
		Files: []uintptr{0, 1, 2},
		Umask: 0o27,
	})
	if err != nil {
		panic(err)
	}
	awaitChild(pid)
}

func init() {
	helpers["limited"] = launchLimited
}

// launchLimited starts an orphan and then a child, which tell how many files they may open.
func launchLimited(string) {
	spec := SpawnSpec{Path: "/bin/sh", Argv: []string{"sh", "-c", "ulimit -Sn"}, Files: []uintptr{0, 1, 2}, Umask: -1}
	if _, err := SpawnOrphan(spec); err != nil {
		panic(err)
	}
	pid, err := Spawn(spec)
	if err != nil {
		panic(err)
	}
	Await(pid)
}
