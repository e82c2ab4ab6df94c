package proc

import (
	"bytes"
	"errors"
	"os"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"
)

// A procFS is a mounted proc file system, or a test's likeness of one.
type procFS struct {
	root string
	// children says that task/TID/children exists (CONFIG_PROC_CHILDREN, Linux 4.2); without it every process has to
	// be looked at to find those of one parent.
	children bool
}

// mounted is looked at until it is known: neither the kernel nor our pid namespace changes below a running process.
var mounted struct {
	sync.Mutex
	procFS
}

func mountedProc() (procFS, error) {
	mounted.Lock()
	defer mounted.Unlock()
	var err error
	if mounted.root == "" {
		mounted.procFS, err = lookAtProc()
	}
	return mounted.procFS, err
}

// lookAtProc takes a /proc of another namespace (unshare -p without --mount-proc) for none at all: it tells of strangers
// under our pids.
func lookAtProc() (procFS, error) {
	self, err := os.Readlink("/proc/self")
	if err != nil {
		return procFS{}, err
	}
	if self != strconv.Itoa(os.Getpid()) {
		return procFS{}, errors.New("/proc is of another pid namespace")
	}
	var st unix.Stat_t
	err = unix.Stat("/proc/thread-self/children", &st)
	return procFS{root: "/proc", children: err == nil}, nil
}

func readBootID() (string, error) {
	b, err := readSmall("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", err
	}
	id := string(bytes.TrimSpace(b))
	if id == "" {
		return "", errors.New("boot id is empty")
	}
	return id, nil
}

func readStat(pid int) (Stat, error) {
	fs, err := mountedProc()
	if err != nil {
		return Stat{}, err
	}
	st, err := fs.stat(pid)
	if isGone(err) || isHidden(err) {
		return fs.confirmGone(pid)
	}
	return st, err
}

// confirmGone asks the kernel itself, because a /proc that hides the processes of others (hidepid) must not make a
// living process look gone. The error is errHidden then.
func (fs procFS) confirmGone(pid int) (Stat, error) {
	if unix.Kill(pid, 0) == unix.ESRCH {
		return Stat{}, ErrGone
	}
	st, err := fs.stat(pid)
	if isGone(err) || isHidden(err) {
		return hiddenStat(pid)
	}
	return st, err
}

// hiddenStat tells what can be known of a process that /proc does not show us: that it is there, and whether it has
// ended. Its state is 0 if it lives.
func hiddenStat(pid int) (Stat, error) {
	fd, err := openPidfd(pid)
	if isGone(err) || err == unix.EINVAL { // a thread of another
		return Stat{}, ErrGone
	}
	s := Stat{PID: pid}
	if err == nil {
		defer unix.Close(fd)
		if n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0); err == nil && n > 0 {
			s.State = 'Z'
		}
	}
	return s, errHidden
}

func (fs procFS) path(pid int, name string) string {
	return fs.root + "/" + strconv.Itoa(pid) + "/" + name
}

// stat returns ErrGone if the file system has no such process.
func (fs procFS) stat(pid int) (Stat, error) {
	return fs.statInto(newBuffer(), pid)
}

// statInto uses b, which is empty, for the reading: a scan of thousands must not leave as many buffers behind in a
// supervisor that is to stay small.
func (fs procFS) statInto(b []byte, pid int) (Stat, error) {
	b, err := readStatFile(b, fs.path(pid, "stat"))
	if err != nil {
		return Stat{}, goneIfMissing(err)
	}
	st, err := ParseStat(b)
	if err == nil && st.PID != pid {
		// A /proc of another pid namespace, or a link in its place.
		err = errBadStat
	}
	return st, err
}

// goneIfMissing: a process that is reaped between open(2) and read(2) gives ESRCH.
func goneIfMissing(err error) error {
	if err == unix.ENOENT || err == unix.ESRCH {
		return ErrGone
	}
	return err
}

// newBuffer has room for a stat: 52 numbers and a name.
func newBuffer() []byte { return make([]byte, 0, 1536) }

func readSmall(path string) ([]byte, error) {
	return readInto(newBuffer(), path)
}

// childrenOf returns the children of pid, zombies included.
func childrenOf(pid int) ([]Stat, error) {
	fs, err := mountedProc()
	if err != nil {
		return nil, err
	}
	if fs.children {
		return fs.childrenByFile(pid)
	}
	return fs.childrenByScan(pid)
}

// kinship returns a function from a parent to its children. Without children files it is a view of one listing.
func kinship() (func(pid int) ([]Stat, error), error) {
	fs, err := mountedProc()
	if err != nil {
		return nil, err
	}
	if fs.children {
		return fs.childrenByFile, nil
	}
	all, err := allProcesses()
	kids := byParent(all)
	return func(pid int) ([]Stat, error) { return kids[pid], nil }, err
}

func (fs procFS) childrenByScan(pid int) ([]Stat, error) {
	return fs.scan(func(s Stat) bool { return s.PPID == pid })
}

// scan returns what keep accepts of all processes that were there all the time of the call, and perhaps of some that
// came or went.
func (fs procFS) scan(keep func(Stat) bool) ([]Stat, error) {
	buf := newBuffer()
	var list []Stat
	err := fs.eachNumber("", func(pid int) error {
		st, err := fs.statInto(buf, pid)
		switch {
		case err == nil && keep(st):
			list = append(list, st)
		case isGone(err), isHidden(err):
			return nil
		}
		return wrapPID("read state of process", pid, err)
	})
	return list, err
}

// relink looks again at processes whose parent is not in the list: it ended and was reaped after they were read and
// before its own turn came, so that they would hang in the air.
func (fs procFS) relink(list []Stat) []Stat {
	listed := make(map[int]bool, len(list))
	for _, s := range list {
		listed[s.PID] = true
	}
	for i, s := range list {
		if s.PPID == 0 || listed[s.PPID] {
			continue
		}
		if now, err := fs.stat(s.PID); err == nil {
			list[i] = now
		}
	}
	return list
}

// childrenByFile reads the children of every thread: a child belongs to the thread that forked it, and an orphan to
// any thread of its subreaper.
//
// proc_pid_children(5) calls a list unreliable while children are being reaped. Of our own children none are, since
// nobody else reaps them; for those of others it is the best there is.
func (fs procFS) childrenByFile(pid int) (list []Stat, err error) {
	buf := newBuffer()
	err = fs.eachNumber("/"+strconv.Itoa(pid)+"/task", func(tid int) error {
		b, err := readSmall(fs.path(pid, "task/"+strconv.Itoa(tid)+"/children"))
		if err != nil {
			return goneIfMissing(err)
		}
		for _, word := range bytes.Fields(b) {
			child, ok := parseField(word, 32)
			if !ok {
				return errBadChildren
			}
			st, err := fs.statOfChild(buf, int(child), pid)
			if err == nil {
				list = append(list, st)
			} else if !isGone(err) {
				return err
			}
		}
		return nil
	})
	if isGone(err) {
		err = nil
	}
	return list, wrapPID("read children of process", pid, err)
}

// statOfChild believes the kernel that there is a child which /proc does not show: one that executed a set-user-id
// program is another user's. That it can't be read must not make it none.
func (fs procFS) statOfChild(buf []byte, pid, parent int) (Stat, error) {
	st, err := fs.statInto(buf, pid)
	if !isGone(err) && !isHidden(err) || fs.root != "/proc" {
		return st, err
	}
	if st, err = fs.confirmGone(pid); !isHidden(err) {
		return st, err
	}
	st.PPID = parent
	return st, nil
}

var errBadChildren = errors.New("malformed list of children")

// eachNumber calls visit for each name in a folder below the root that is a number. A folder that is missing, or goes
// away, has none from then on. A visit that meets ErrGone does not end the walk; other errors do.
func (fs procFS) eachNumber(dir string, visit func(n int) error) error {
	return fs.eachNumberFrom(dir, 0, visit)
}

// eachNumberFrom begins at an offset of the folder, see lseek(2).
func (fs procFS) eachNumberFrom(dir string, offset int64, visit func(n int) error) error {
	fd, err := open(fs.root+dir, unix.O_RDONLY|unix.O_DIRECTORY)
	if err != nil {
		return goneIfMissing(err)
	}
	defer shut(fd)
	if offset > 0 {
		if _, err := unix.Seek(fd, offset, unix.SEEK_SET); err != nil {
			return err
		}
	}
	buf := make([]byte, 4096)
	var names []string
	for {
		n, err := readDirent(fd, buf)
		if err != nil || n == 0 {
			return goneIfMissing(err)
		}
		_, _, names = unix.ParseDirent(buf[:n], -1, names[:0])
		for _, name := range names {
			if err := visitNumber(name, visit); err != nil {
				return err
			}
		}
	}
}

func visitNumber(name string, visit func(n int) error) error {
	n, err := strconv.Atoi(name)
	if err != nil || n < 1 {
		return nil
	}
	if err := visit(n); !isGone(err) {
		return err
	}
	return nil
}

// statusVisible tells whether the kernel lets us see the exit code of a zombie. Reading the link exe is guarded by the
// very same check (PTRACE_MODE_READ_FSCREDS, see ptrace(2)), and a zombie's exe is ENOENT to those who pass it.
func statusVisible(pid int) bool {
	var buf [1]byte
	_, err := unix.Readlink("/proc/"+strconv.Itoa(pid)+"/exe", buf[:])
	return err == unix.ENOENT
}

func executable(pid int) (string, error) {
	var buf [unix.PathMax]byte
	n, err := unix.Readlink("/proc/"+strconv.Itoa(pid)+"/exe", buf[:])
	if err != nil {
		return "", err
	}
	return string(buf[:n]), nil
}

// readEnviron returns the block of proc_pid_environ(5): what the process was executed with.
func readEnviron(pid int) ([]byte, error) {
	return readSmall("/proc/" + strconv.Itoa(pid) + "/environ")
}

func allProcesses() ([]Stat, error) {
	fs, err := mountedProc()
	if err != nil {
		return nil, err
	}
	all, err := fs.scan(func(Stat) bool { return true })
	return fs.relink(all), err
}
