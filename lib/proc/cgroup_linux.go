package proc

import (
	"bytes"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Cgroup is a cgroup of version 2 that holds one tree, see cgroups(7). Nobody leaves it by forking, by a session or by
// the loss of its parent.
type Cgroup struct {
	path   string
	events int // of cgroup.events, for poll(2)
	dir    int // -1 once the first process is in it
}

const (
	cgroupRoot = "/sys/fs/cgroup"
	// cgroupPrefix begins the names of all cgroups made here. Others may use it too.
	cgroupPrefix = "/bgtask-"
)

// NewCgroup makes an empty cgroup of this name below the one that this process is in, for [SpawnSpec]. First it moves
// this process out of one that was made so, as [LeaveCgroup] does. An unused one of the same name, left by a crash, is
// replaced.
//
// The error wraps [ErrUnsupported] where there is no unified hierarchy, no cgroup.kill (Linux 5.14) or where it is not
// delegated; without a unified hierarchy that costs one statfs(2).
func NewCgroup(name string, ours func(name string) bool) (*Cgroup, error) {
	base, err := LeaveCgroup(ours)
	if err != nil {
		return nil, wrap("find own cgroup", err)
	}
	path := base + cgroupPrefix + name
	err = unix.Mkdir(path, 0o700)
	if err == unix.EEXIST && unix.Rmdir(path) == nil {
		err = unix.Mkdir(path, 0o700)
	}
	if err != nil {
		return nil, wrap("make cgroup "+path, err)
	}
	c, err := openCgroup(path)
	if err == nil {
		c.dir, err = open(path, unix.O_RDONLY|unix.O_DIRECTORY)
	}
	if err != nil {
		unix.Rmdir(path)
	}
	return c, wrap("open cgroup "+path, err)
}

// OpenCgroup finds the cgroup again that another process made with [NewCgroup], by its [Cgroup.Path]. The error is
// [ErrRefused] for a path that NewCgroup does not make with this name.
func OpenCgroup(path, name string) (*Cgroup, error) {
	if !strings.HasPrefix(path, cgroupRoot+"/") || strings.Contains(path, "/../") || !strings.HasSuffix(path, cgroupPrefix+name) {
		return nil, wrap("open cgroup "+path, ErrRefused)
	}
	c, err := openCgroup(path)
	return c, wrap("open cgroup "+path, err)
}

func openCgroup(path string) (*Cgroup, error) {
	if err := unix.Access(path+"/cgroup.kill", unix.W_OK); err != nil {
		return nil, ErrUnsupported
	}
	events, err := open(path+"/cgroup.events", unix.O_RDONLY)
	if err != nil {
		return nil, err
	}
	return &Cgroup{path: path, events: events, dir: -1}, nil
}

// LeaveCgroup moves this process out of a cgroup that was made with [NewCgroup], which is another tree's and may be
// killed, if it is in one: if ours says yes to its name. It returns the path of the cgroup that it is in then. The error
// is as with NewCgroup.
func LeaveCgroup(ours func(name string) bool) (base string, err error) {
	base, inside, err := ownCgroup(ours)
	if inside {
		if failed := writeSmall(base+"/cgroup.procs", "0"); failed != nil {
			return "", failed
		}
	}
	return base, err
}

// CgroupBase returns the path of the cgroup that [NewCgroup] would make new ones in. The error is as there, but that they
// can be made was not tried.
func CgroupBase(ours func(name string) bool) (string, error) {
	base, _, err := ownCgroup(ours)
	if err == nil && (unix.Access(base, unix.W_OK) != nil || unix.Access(base+"/cgroup.procs", unix.W_OK) != nil) {
		err = ErrUnsupported
	}
	return base, err
}

// ownCgroup tells also whether this process is inside a cgroup that was made here, below base.
func ownCgroup(ours func(name string) bool) (base string, inside bool, err error) {
	var fs unix.Statfs_t
	if err := unix.Statfs(cgroupRoot, &fs); err != nil || fs.Type != unix.CGROUP2_SUPER_MAGIC {
		return "", false, ErrUnsupported
	}
	b, err := readSmall("/proc/self/cgroup")
	if err != nil {
		return "", false, err
	}
	_, rest, found := bytes.Cut(append([]byte("\n"), b...), []byte("\n0::"))
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	if !found || bytes.HasPrefix(line, []byte("/..")) {
		return "", false, ErrUnsupported // it is outside of what is mounted here, cgroup_namespaces(7)
	}
	base = cgroupRoot + strings.TrimSuffix(string(line), "/")
	for ours(CgroupName(base)) {
		base, inside = base[:strings.LastIndexByte(base, '/')], true
	}
	if !delegated(base) {
		err = ErrUnsupported
	}
	return base, inside, err
}

// CgroupsIn lists the paths of the cgroups in base that may have been made with [NewCgroup], by their names.
func CgroupsIn(base string) (paths []string) {
	eachCgroup(base, func(path string) {
		if rest, ours := strings.CutPrefix(path, base+cgroupPrefix); ours && !strings.Contains(rest, "/") {
			paths = append(paths, path)
		}
	})
	return paths
}

// CgroupName is the name that [NewCgroup] was given for the cgroup at path; "" for one that it did not make.
func CgroupName(path string) string {
	if name, ours := strings.CutPrefix(path[max(strings.LastIndexByte(path, '/'), 0):], cgroupPrefix); ours {
		return name
	}
	return ""
}

// delegated tells whether what is below a cgroup is ours to arrange. That we may write to it says so, but to root,
// who may always: on a system that systemd manages, it marks what it has delegated.
func delegated(path string) bool {
	if os.Geteuid() != 0 || unix.Access("/run/systemd/system", unix.F_OK) != nil {
		return true
	}
	var value [4]byte
	for _, name := range []string{"trusted.delegate", "user.delegate"} {
		if n, err := unix.Getxattr(path, name, value[:]); err == nil && string(value[:n]) == "1" {
			return true
		}
	}
	return false
}

func writeSmall(path, text string) error {
	fd, err := open(path, unix.O_WRONLY)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	_, err = unix.Write(fd, []byte(text))
	return err
}

// Path is where it is mounted.
func (c *Cgroup) Path() string { return c.path }

// Events is a descriptor on which poll(2) reports POLLPRI when the cgroup becomes empty or is no longer.
func (c *Cgroup) Events() int { return c.events }

// Kill sends KILL to all that is in it and below; what is forked meanwhile does not escape.
func (c *Cgroup) Kill() error {
	return wrap("kill cgroup "+c.path, writeSmall(c.path+"/cgroup.kill", "1"))
}

// Populated tells whether a process in it or below has not ended.
func (c *Cgroup) Populated() bool {
	var buf [128]byte
	n, err := unix.Pread(c.events, buf[:], 0)
	return err == nil && bytes.Contains(buf[:n], []byte("populated 1"))
}

// OOMKilled tells whether the kernel has killed a process in it or below for want of memory: oom_kill of memory.events.
// Where the cgroup has no memory controller, that is not known, and the answer is no.
func (c *Cgroup) OOMKilled() bool {
	b, err := readSmall(c.path + "/memory.events")
	if err != nil {
		return false
	}
	_, rest, found := bytes.Cut(append([]byte("\n"), b...), []byte("\noom_kill "))
	return found && !bytes.HasPrefix(rest, []byte("0\n"))
}

// members lists the processes in it and below that have not ended.
func (c *Cgroup) members() (list []Stat) {
	if !c.Populated() {
		return nil
	}
	eachCgroup(c.path, func(path string) {
		b, err := readSmall(path + "/cgroup.procs")
		if err != nil {
			return
		}
		for _, word := range bytes.Fields(b) {
			pid, err := strconv.Atoi(string(word))
			if err != nil || pid <= 1 {
				continue // 0: of another pid namespace
			}
			if st, err := ReadStat(pid); err == nil && !st.Ended() {
				list = append(list, st)
			}
		}
	})
	return list
}

// eachCgroup visits a cgroup after those below it.
func eachCgroup(path string, visit func(path string)) {
	fd, err := open(path, unix.O_RDONLY|unix.O_DIRECTORY)
	if err != nil {
		return
	}
	defer unix.Close(fd)
	buf := make([]byte, 4096)
	for {
		n, err := readDirent(fd, buf)
		if err != nil || n <= 0 {
			break
		}
		_, _, names := unix.ParseDirent(buf[:n], -1, nil)
		for _, name := range names {
			var st unix.Stat_t
			if unix.Lstat(path+"/"+name, &st) == nil && st.Mode&unix.S_IFMT == unix.S_IFDIR {
				eachCgroup(path+"/"+name, visit)
			}
		}
	}
	visit(path)
}

// Remove removes it with those below, as far as they are empty, and closes it.
func (c *Cgroup) Remove() {
	eachCgroup(c.path, func(path string) { unix.Rmdir(path) })
	c.Close()
}

// Close closes the descriptors; the cgroup stays.
func (c *Cgroup) Close() {
	unix.Close(c.events)
	c.seal()
}

// seal closes what is needed to put the first process into it.
func (c *Cgroup) seal() {
	if c.dir >= 0 {
		unix.Close(c.dir)
		c.dir = -1
	}
}
