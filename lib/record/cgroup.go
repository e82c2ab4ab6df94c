package record

import (
	"strconv"
	"strings"
)

// CgroupName is the name of the cgroup of a run, one for each run of all homes. That of
// a run of an older version, which has no token, says which home it is of.
func CgroupName(id, token, home string) string {
	if token == "" {
		return id + "-" + pathHash(home)
	}
	return id + "-" + token
}

// IsCgroupName tells whether a name is exactly of the form that CgroupName gives to a
// run with a token. What users name otherwise is theirs.
func IsCgroupName(name string) bool {
	last := strings.LastIndexByte(name, '-')
	return last > 0 && ValidID(name[:last]) && ValidToken(name[last+1:])
}

// CgroupTask is the id of the task whose cgroup has this name, in a home if it is of an
// older version. It is "" for what is no such name.
func CgroupTask(name, home string) (id string) {
	last := strings.LastIndexByte(name, '-')
	if last <= 0 || !ValidID(name[:last]) || !ValidToken(name[last+1:]) && name[last+1:] != pathHash(home) {
		return ""
	}
	return name[:last]
}

func pathHash(home string) string {
	const offset, prime = 14695981039346656037, 1099511628211 // FNV-1a
	hash := uint64(offset)
	for _, c := range []byte(home) {
		hash = (hash ^ uint64(c)) * prime
	}
	return strconv.FormatUint(hash, 36)
}
