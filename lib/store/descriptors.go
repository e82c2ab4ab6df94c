package store

import "golang.org/x/sys/unix"

// AtOnce gives how many of n things may be had open at once that need a descriptor
// each: a quarter of what this process may open at most (RLIMIT_NOFILE), for others
// need some too.
func AtOnce(n int) int {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil {
		return min(n, fewest)
	}
	return int(min(uint64(n), max(uint64(limit.Cur)/4, fewest)))
}

// fewest is what is tried even where hardly anything can be opened.
const fewest = 4
