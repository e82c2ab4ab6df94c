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
	fd, err := open("/proc/self/smaps", unix.O_RDONLY)
	if err != nil {
		return
	}
	defer unix.Close(fd)
	// The program comes first, and an entry has well below a kilobyte. If its path is very long, a part of it stays.
	buf := make([]byte, 2048)
	if n, err := unix.Read(fd, buf); err == nil {
		eachFilePart(buf[:n], func(start, end uintptr) {
			unix.RawSyscall(unix.SYS_MADVISE, start, end-start, unix.MADV_DONTNEED)
		})
	}
}

// eachFilePart finds in /proc/PID/smaps (proc_pid_smaps(5)) the parts of files that are mapped privately, can't be
// written to, and have no page of their own: nothing is lost if these are dropped. A page of its own is one that was
// written to nevertheless, by a dynamic linker that protects what it has relocated, or by a debugger.
func eachFilePart(smaps []byte, found func(start, end uintptr)) {
	var start, end uintptr
	readOnly := false
	for line := range bytes.Lines(smaps) {
		if rest, ok := bytes.CutPrefix(line, []byte("Anonymous:")); ok {
			if readOnly && string(bytes.TrimSpace(rest)) == "0 kB" {
				found(start, end)
			}
		} else if line[0] < 'A' || line[0] > 'Z' { // no name of a figure
			start, end, readOnly = readOnlyPart(bytes.Fields(line))
		}
	}
}

// readOnlyPart reads the first line of an entry, such as "00400000-004d5000 r-xp 00000000 fe:00 1234 /bin/x".
func readOnlyPart(fields [][]byte) (start, end uintptr, ok bool) {
	if len(fields) < 5 {
		return 0, 0, false
	}
	mode := fields[1]
	if len(mode) < 4 || mode[1] != '-' || mode[3] != 'p' || string(fields[4]) == "0" {
		return 0, 0, false
	}
	from, to, _ := bytes.Cut(fields[0], []byte("-"))
	first, err1 := strconv.ParseUint(string(from), 16, strconv.IntSize)
	last, err2 := strconv.ParseUint(string(to), 16, strconv.IntSize)
	return uintptr(first), uintptr(last), err1 == nil && err2 == nil && first < last
}
