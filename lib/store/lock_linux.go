package store

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"bgtasks/lib/fsys"
)

// whole describes a lock on a whole file. OFD locks demand a pid of zero.
func whole(kind int16) *unix.Flock_t {
	return &unix.Flock_t{Type: kind, Whence: io.SeekStart}
}

func tryLock(f *os.File) error {
	err := unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, whole(unix.F_WRLCK))
	if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EACCES) {
		return ErrLocked
	}
	return err
}

func waitLock(f *os.File) error {
	for {
		err := unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLKW, whole(unix.F_WRLCK))
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// unlock frees the lock for all who have inherited it.
func unlock(f *os.File) error {
	return unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, whole(unix.F_UNLCK))
}

func lockHeld(f *os.File) (bool, error) {
	probe := whole(unix.F_WRLCK)
	if err := unix.FcntlFlock(f.Fd(), unix.F_OFD_GETLK, probe); err != nil {
		return false, err
	}
	return probe.Type != unix.F_UNLCK, nil
}

// holderOf looks for the process that holds the lock on the file at path, among
// those that this user may look at; pid is 0 if it is not found. stopped tells
// whether a signal has stopped it (proc_pid_fdinfo(5), proc_pid_stat(5)).
func holderOf(path string) (pid int, stopped bool) {
	var file unix.Stat_t
	if unix.Stat(path, &file) != nil {
		return 0, false
	}
	names, _ := fsys.Names("/proc")
	for _, name := range names {
		dir := "/proc/" + name
		if pid, err := strconv.Atoi(name); err == nil && holds(dir, filepath.Base(path), &file) {
			stat, _ := os.ReadFile(dir + "/stat")
			rest := strings.TrimLeft(string(stat[bytes.LastIndexByte(stat, ')')+1:]), " ")
			return pid, strings.HasPrefix(rest, "T") || strings.HasPrefix(rest, "t")
		}
	}
	return 0, false
}

// holds tells whether a process has a lock on the file, rather than only has it
// open because it waits for one.
func holds(process, base string, file *unix.Stat_t) bool {
	fds, _ := fsys.Names(process + "/fd")
	for _, fd := range fds {
		link := process + "/fd/" + fd
		var st unix.Stat_t
		target, err := os.Readlink(link)
		if err != nil || filepath.Base(target) != base || unix.Stat(link, &st) != nil || st.Dev != file.Dev || st.Ino != file.Ino {
			continue
		}
		if info, _ := os.ReadFile(process + "/fdinfo/" + fd); strings.Contains(string(info), "\nlock:") {
			return true
		}
	}
	return false
}
