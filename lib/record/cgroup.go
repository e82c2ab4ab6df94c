package record

import (
	"strconv"
	"strings"
)

// CgroupName is the name of a task's cgroup, one for each task of each home: two
// homes of one user have theirs in one place.
func CgroupName(id, home string) string { return id + cgroupMark(home) }

// CgroupTask is the id of the task of a home that has a cgroup of this name. ok
// is false for other homes' and for what is no such name.
func CgroupTask(name, home string) (id string, ok bool) {
	id, ok = strings.CutSuffix(name, cgroupMark(home))
	return id, ok && ValidID(id)
}

func cgroupMark(home string) string {
	const offset, prime = 14695981039346656037, 1099511628211 // FNV-1a
	hash := uint64(offset)
	for _, c := range []byte(home) {
		hash = (hash ^ uint64(c)) * prime
	}
	return "-" + strconv.FormatUint(hash, 36)
}
