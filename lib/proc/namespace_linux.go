package proc

import (
	"sync"

	"golang.org/x/sys/unix"
)

// namespaces returns the inode numbers of the pid and the time namespace of this process (namespaces(7)); 0 for what
// this kernel has not, or does not tell. They cannot change below a running process: unshare(2) and setns(2) change
// those of its children.
var namespaces = sync.OnceValues(func() (pid, clock uint64) {
	return inodeOf("/proc/self/ns/pid"), inodeOf("/proc/self/ns/time")
})

func inodeOf(path string) uint64 {
	var st unix.Stat_t
	if unix.Stat(path, &st) != nil {
		return 0
	}
	return st.Ino
}
