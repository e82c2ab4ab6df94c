package proc

import (
	"bytes"
	"strconv"

	"golang.org/x/sys/unix"
)

// newestPIDs is how many of the last pids are looked at. Threads have pids of the same numbers.
const newestPIDs = 32

// newest returns what there is of the processes that were made last, the newest first. The last pid that was given out
// is the end of /proc/loadavg (proc_loadavg(5)).
func newest() (list []Stat) {
	fs, err := mountedProc()
	if err != nil {
		return nil
	}
	buf := newBuffer()
	line, err := readInto(buf, "/proc/loadavg")
	if err != nil {
		return nil
	}
	words := bytes.Fields(line)
	if len(words) == 0 {
		return nil
	}
	last, err := strconv.Atoi(string(words[len(words)-1]))
	if err != nil {
		return nil
	}
	for pid := last; pid > max(last-newestPIDs, 1); pid-- {
		if s, err := fs.statInto(buf, pid); err == nil && leadsThreads(pid) {
			list = append(list, s)
		}
	}
	return list
}

// leadsThreads tells a process from a further thread of one, which /proc shows too to those who know its number.
func leadsThreads(pid int) bool {
	fd, err := openPidfd(pid)
	if err == nil {
		unix.Close(fd)
	}
	return err == nil
}
