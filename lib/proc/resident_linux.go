package proc

import (
	"bytes"
	"strconv"

	"golang.org/x/sys/unix"
)

// ReleaseProgram takes the pages of this program's own file out of its resident memory: most of them were needed to
// start only, and the kernel maps many around each one that is touched. Those that are needed again come back from the
// page cache, at the cost of a minor fault each. What can't be released stays.
func ReleaseProgram() {
	maps, err := readSmall("/proc/self/maps")
	if err != nil {
		return
	}
	for line := range bytes.Lines(maps) {
		if start, end, ok := filePart(line); ok {
			unix.RawSyscall(unix.SYS_MADVISE, start, end-start, unix.MADV_DONTNEED)
		}
	}
}

// filePart reads a line of /proc/PID/maps (proc_pid_maps(5)), such as "00400000-004d5000 r-xp 00000000 fe:00 1234 /bin/x".
// ok tells whether it is a part of a file that is mapped, and not for writing: nothing is lost if it is dropped.
func filePart(line []byte) (start, end uintptr, ok bool) {
	fields := bytes.Fields(line)
	if len(fields) < 6 || len(fields[1]) < 4 || fields[1][1] != '-' || fields[1][3] != 'p' || string(fields[4]) == "0" {
		return 0, 0, false
	}
	from, to, _ := bytes.Cut(fields[0], []byte("-"))
	first, err1 := strconv.ParseUint(string(from), 16, strconv.IntSize)
	last, err2 := strconv.ParseUint(string(to), 16, strconv.IntSize)
	return uintptr(first), uintptr(last), err1 == nil && err2 == nil && first < last
}
