package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// adoptOrphans makes this process the parent of whatever its descendants leave
// behind (prctl(2), Linux 3.4), so that all that the benchmark started stays
// below it and can be ended by it.
func adoptOrphans() error {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("become child subreaper: %w", err)
	}
	return nil
}

// topDir is FS_TOPDIR_FL of ioctl_iflags(2).
const topDir = 0x20000

// scatter has the file system put each directory that is made in dir into another part of
// it, where it can do that (ext4): who makes inodes there does not pay for those that
// others have just freed.
func scatter(dir string) {
	f, err := os.Open(dir)
	if err != nil {
		return
	}
	defer f.Close()
	if flags, err := unix.IoctlGetInt(int(f.Fd()), unix.FS_IOC_GETFLAGS); err == nil {
		_ = unix.IoctlSetPointerInt(int(f.Fd()), unix.FS_IOC_SETFLAGS, flags|topDir)
	}
}

// readProcess reads proc_pid_stat(5).
func readProcess(pid int) (process, bool) {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	opened, closed := bytes.IndexByte(data, '('), bytes.LastIndexByte(data, ')')
	if err != nil || opened < 0 || closed < opened {
		return process{}, false
	}
	words := strings.Fields(string(data[closed+1:]))
	if len(words) < 20 {
		return process{}, false
	}
	parent, _ := strconv.Atoi(words[1])
	start, _ := strconv.ParseUint(words[19], 10, 64)
	return process{pid, parent, start, string(data[opened+1 : closed]), words[0] == "Z"}, true
}

// descendants lists all processes below this one, zombies included.
func descendants() map[int]process {
	children := map[int][]process{}
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if p, ok := readProcess(pid); ok {
			children[p.parent] = append(children[p.parent], p)
		}
	}
	below, next := map[int]process{}, []int{os.Getpid()}
	for len(next) > 0 {
		for _, p := range children[next[0]] {
			below[p.pid] = p
			next = append(next, p.pid)
		}
		next = next[1:]
	}
	return below
}

// reap collects orphans that have ended and were left to us. Commands of the
// benchmark's own have a waiter, and are in own.
func reap(own func(pid int) bool) {
	for pid, p := range descendants() {
		if p.zombie && p.parent == os.Getpid() && !own(pid) {
			unix.Wait4(pid, nil, unix.WNOHANG, nil)
		}
	}
}

// hold is a pidfd of a process: its identity is pinned from then on.
type hold struct {
	process
	fd int
}

// grasp opens a pidfd (Linux 5.3) and checks that it is of the process meant.
func grasp(p process) (hold, bool) {
	fd, err := unix.PidfdOpen(p.pid, 0)
	if err != nil {
		return hold{}, false
	}
	now, ok := readProcess(p.pid)
	if !ok || now.start != p.start {
		unix.Close(fd)
		return hold{}, false
	}
	return hold{p, fd}, true
}

func (h hold) close() { unix.Close(h.fd) }

// ended tells whether the process has ended, reaped or not.
func (h hold) ended() bool {
	n, err := unix.Poll([]unix.PollFd{{Fd: int32(h.fd), Events: unix.POLLIN}}, 0)
	return n > 0 || err != nil
}

// gone waits until the process has ended, reaped or not.
func (h hold) gone(ctx context.Context) error {
	for {
		polled := []unix.PollFd{{Fd: int32(h.fd), Events: unix.POLLIN}}
		n, err := unix.Poll(polled, 100)
		switch {
		case n > 0:
			return nil
		case err != nil && !errors.Is(err, unix.EINTR):
			return fmt.Errorf("wait for process %d: %w", h.pid, err)
		case ctx.Err() != nil:
			return fmt.Errorf("process %d (%s) does not end: %w", h.pid, h.name, context.Cause(ctx))
		}
	}
}

// killAll ends processes with KILL, each by its identity.
func killAll(list []process) {
	for _, p := range list {
		if h, ok := grasp(p); ok {
			unix.PidfdSendSignal(h.fd, unix.SIGKILL, nil, 0)
			h.close()
		}
	}
}

// syncFiles writes all file systems' dirty pages to their disks. A writer is slowed down
// by the dirty pages that are there, whoever made them.
func syncFiles() { unix.Sync() }

// memory is what a process takes, in bytes, by proc_pid_smaps(5): all resident
// pages, and those that it shares with nobody.
func memory(pid int) (resident, private float64) {
	for line := range strings.Lines(content("/proc/" + strconv.Itoa(pid) + "/smaps_rollup")) {
		words := strings.Fields(line)
		if len(words) < 2 {
			continue
		}
		kilobytes, _ := strconv.ParseFloat(words[1], 64)
		switch words[0] {
		case "Rss:":
			resident += kilobytes * 1024
		case "Private_Clean:", "Private_Dirty:":
			private += kilobytes * 1024
		}
	}
	return resident, private
}

// switches counts how often the threads of a process went to sleep: each is followed
// by a wake-up.
func switches(pid int) (count float64) {
	paths, _ := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/task/*/status")
	for _, path := range paths {
		for line := range strings.Lines(content(path)) {
			if value, found := strings.CutPrefix(line, "voluntary_ctxt_switches:"); found {
				n, _ := strconv.ParseFloat(strings.TrimSpace(value), 64)
				count += n
			}
		}
	}
	return count
}

// processorTime is the time that all threads of a process have used so far, ended
// ones too, from its clock (see clock_getcpuclockid(3)). NaN if it is gone.
func processorTime(pid int) float64 {
	const scheduled = 2 // CPUCLOCK_SCHED, in nanoseconds and not in ticks
	var at unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|scheduled), &at); err != nil {
		return math.NaN()
	}
	return in(time.Duration(at.Nano()))
}
