package suite

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// isolated tells the process that has a mount namespace of its own.
const isolated = "BGTASKS_TEST_ISOLATED"

// isolateMounts gives this process a mount namespace of its own, where it may
// have one: what tests mount is then seen by nobody else, and gone with them,
// however they end. A namespace is a thread's (unshare(2)), so the program is
// executed anew by the thread that has it.
func isolateMounts() {
	if os.Getenv(isolated) != "" || os.Geteuid() != 0 {
		return
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if unix.Unshare(unix.CLONE_NEWNS) != nil {
		return
	}
	if unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "") != nil {
		return
	}
	err := unix.Exec("/proc/self/exe", os.Args, append(os.Environ(), isolated+"=1"))
	fmt.Fprintln(os.Stderr, "execute the tests in their mount namespace:", err)
	os.Exit(1)
}

// MayMount tells whether tests may mount file systems.
func MayMount() bool { return os.Getenv(isolated) != "" }

// UnmountBelow unmounts what was mounted below dir, the last first.
func UnmountBelow(dir string) error {
	if !MayMount() {
		return nil
	}
	points, err := mountsBelow(dir)
	for i := len(points) - 1; i >= 0 && err == nil; i-- {
		err = unix.Unmount(points[i], unix.MNT_DETACH)
	}
	return err
}

// mountsBelow lists mount points in the order of their mounting
// (proc_pid_mountinfo(5), the fifth field).
func mountsBelow(dir string) (points []string, err error) {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) > 4 && strings.HasPrefix(fields[4], dir+"/") {
			points = append(points, fields[4])
		}
	}
	return points, lines.Err()
}

// adoptOrphans makes this process the one that gets what a killed supervisor
// leaves behind (prctl(2), Linux 3.4). So a test decides when a dead leader is
// reaped, not whatever is pid 1 here.
func adoptOrphans() {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		fmt.Fprintln(os.Stderr, "become child subreaper:", err)
		os.Exit(1)
	}
}

// WithCgroups is a line of sh that runs a program where the unified hierarchy is
// mounted, for it alone. It is for `unshare -m`.
const WithCgroups = `mount -t cgroup2 none /sys/fs/cgroup && exec "$@"`

// MayGroup tells whether cgroups can be made there: by root, where no other
// program manages them.
var MayGroup = sync.OnceValue(func() bool {
	const probe = `d=/sys/fs/cgroup/bgtask-probe-$$; ! test -d /run/systemd/system && mkdir $d && test -w $d/cgroup.kill; r=$?; rmdir $d; exit $r`
	return exec.Command("unshare", "-m", "sh", "-c", WithCgroups, "sh", "sh", "-c", probe).Run() == nil
})
