package shim

import (
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"bgtasks/lib/fsys"
)

// openLost opens the reading end of a FIFO that has no name any more, by way of a
// process of the task that has it open (proc_pid_fd(5)). It is -1 if there is none.
func (s *Shim) openLost(name string) int {
	gone := "/" + s.launch.ID + "/" + name + " (deleted)"
	for _, pid := range s.kinPIDs() {
		dir := "/proc/" + strconv.Itoa(pid) + "/fd"
		fds, _ := fsys.Names(dir)
		for _, fd := range fds {
			if fd := openGone(dir+"/"+fd, gone); fd >= 0 {
				return fd
			}
		}
	}
	return -1
}

// openGone opens what link leads to if that is the FIFO of this name.
func openGone(link, gone string) int {
	var target [unix.PathMax]byte
	n, err := unix.Readlink(link, target[:])
	if err != nil || !strings.HasSuffix(string(target[:n]), gone) {
		return -1
	}
	fd, err := unix.Open(link, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1
	}
	var st unix.Stat_t
	if unix.Fstat(fd, &st) != nil || st.Mode&unix.S_IFMT != unix.S_IFIFO {
		unix.Close(fd)
		return -1
	}
	return fd
}

// kinPIDs are the leader and the other processes of an adopted tree, as far as they are found.
func (s *Shim) kinPIDs() []int {
	var pids []int
	if leader := s.launch.Adopt.Leader; !s.tree.ended() {
		pids = append(pids, leader.PID)
	}
	live, _ := s.tree.Live()
	for _, m := range live {
		pids = append(pids, m.PID)
	}
	return pids
}
