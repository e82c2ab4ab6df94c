package proc

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

func ownEyes() eyes {
	e := eyes{sweep: sweep, newest: newestPID, stat: ReadStat, marked: marked, holder: holdersOf}
	if os.Geteuid() != 0 {
		e.children = childrenOf
	}
	return e
}

// firstPID is the offset in /proc of the first process: FIRST_PROCESS_ENTRY of fs/proc/internal.h. That of a pid is so
// much more, or one more yet.
const firstPID = 256

// sweep asks the kernel for the next pid again and again, and that is how /proc is listed: in the order of the pids, and
// each as of its own moment, but for some hundred that are handed out in one step.
func sweep(from int, meet func(pid int, s Stat, err error) error) error {
	fs, err := mountedProc()
	if err != nil {
		return err
	}
	offset := int64(0)
	if from > 1 {
		offset = int64(firstPID + from)
	}
	buf := newBuffer()
	return fs.eachNumberFrom("", offset, func(pid int) error {
		s, err := fs.statInto(buf, pid)
		return meet(pid, s, err)
	})
}

// newestPID is the last word of proc_loadavg(5). Threads have pids of the same numbers.
func newestPID() int {
	line, err := readSmall("/proc/loadavg")
	if err != nil {
		return 0
	}
	words := bytes.Fields(line)
	if len(words) == 0 {
		return 0
	}
	pid, err := strconv.Atoi(string(words[len(words)-1]))
	if err != nil {
		return 0
	}
	return pid
}

// marked reads the environment that a process was executed with. One that can't be asked, because it is another user's
// now or its memory is gone, was not marked; but that may change. The error is errExecuting while there is none.
func marked(pid int, marks []string) (mine, sure bool, err error) {
	if len(marks) == 0 {
		return false, true, nil
	}
	for range 2 {
		block, err := readEnviron(pid)
		switch {
		case isHidden(err) || err == unix.EIO:
			return false, false, nil
		case err != nil && !isGone(goneIfMissing(err)):
			return false, false, err
		case len(block) > 0:
			return hasAll(string(block), marks), true, nil
		}
		// It has none at all, or is between two programs, or has no memory, which newer kernels call gone.
		s, err := ReadStat(pid)
		switch {
		case err != nil:
			return false, false, err
		case s.executing:
			return false, false, errExecuting
		case s.bare && !s.kernel && s.State != 'Z' || s.Ended():
			return false, false, ErrGone // it ends, and may have forked since it was listed
		}
	}
	return false, false, nil
}

func hasAll(block string, marks []string) bool {
	env := "\x00" + block
	for _, mark := range marks {
		if !strings.Contains(env, "\x00"+mark+"\x00") {
			return false
		}
	}
	return true
}

// holdersOf returns a function that tells whether a process has one of these files open for reading and writing, by
// device and inode, as its standard output or error, or anywhere. That is how a tree has its FIFOs open; one who just
// looks at them opens them for one or the other. A process that can't be asked, because it is somebody else's, has none.
func holdersOf(paths []string) func(pid int, anywhere bool) bool {
	var files []unix.Stat_t
	for _, path := range paths {
		var st unix.Stat_t
		if unix.Stat(path, &st) == nil {
			files = append(files, st)
		}
	}
	if len(files) == 0 {
		return func(int, bool) bool { return false }
	}
	return func(pid int, anywhere bool) bool {
		own := "/" + strconv.Itoa(pid)
		found := false
		has := func(fd int) error {
			number := strconv.Itoa(fd)
			found = found || isOneOf(files, "/proc"+own+"/fd/"+number) && isReadWrite("/proc"+own+"/fdinfo/"+number)
			return nil
		}
		has(1)
		has(2)
		if anywhere && !found {
			procFS{root: "/proc"}.eachNumber(own+"/fd", has)
		}
		return found
	}
}

func isOneOf(files []unix.Stat_t, link string) bool {
	var st unix.Stat_t
	if unix.Stat(link, &st) != nil {
		return false
	}
	for _, f := range files {
		if f.Dev == st.Dev && f.Ino == st.Ino {
			return true
		}
	}
	return false
}

// isReadWrite reads the octal line "flags:" of proc_pid_fdinfo(5).
func isReadWrite(fdinfo string) bool {
	b, err := readSmall(fdinfo)
	if err != nil {
		return false
	}
	_, rest, _ := bytes.Cut(b, []byte("flags:"))
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	flags, err := strconv.ParseUint(string(bytes.TrimSpace(line)), 8, 64)
	return err == nil && flags&unix.O_ACCMODE == unix.O_RDWR
}

// giveWay lets others run first, sched_yield(2).
func giveWay() { syscall.RawSyscall(syscall.SYS_SCHED_YIELD, 0, 0, 0) }
