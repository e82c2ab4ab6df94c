package seglog

import (
	"os"

	"golang.org/x/sys/unix"
)

// startWriteBack starts to write a file's bytes from an offset on to the disk, and
// does not wait for it (sync_file_range(2)).
func startWriteBack(f *os.File, from int64) {
	_ = unix.SyncFileRange(int(f.Fd()), from, 0, unix.SYNC_FILE_RANGE_WRITE)
}
