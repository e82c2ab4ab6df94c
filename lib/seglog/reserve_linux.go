package seglog

import (
	"os"
	"syscall"
)

// fallocKeepSize reserves blocks beyond the end of a file without moving the
// end: FALLOC_FL_KEEP_SIZE of fallocate(2), Linux 2.6.38 and later for tmpfs.
const fallocKeepSize = 1

// reserve sees to it that n bytes at size, and some more, have their blocks. It
// looks at what the file occupies, so it asks once per reserveStep, whichever
// processes append. File systems that cannot do it refuse, which is ignored.
func reserve(f *os.File, size, n int64) {
	var st syscall.Stat_t
	if syscall.Fstat(int(f.Fd()), &st) != nil || int64(st.Blocks)*512 >= size+n+reserveLow {
		return
	}
	_ = syscall.Fallocate(int(f.Fd()), fallocKeepSize, size, n+reserveStep)
}
