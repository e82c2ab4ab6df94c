package store

import "golang.org/x/sys/unix"

// AtOnce returns how many of n things that need a descriptor each may be open at once:
// at most a quarter of the limit of this process (RLIMIT_NOFILE), because other parts
// need descriptors too.
func AtOnce(n int) int {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil {
		return min(n, fewest)
	}
	return int(min(uint64(n), max(uint64(limit.Cur)/4, fewest)))
}

// fewest is what is tried even where hardly anything can be opened.
const fewest = 4
