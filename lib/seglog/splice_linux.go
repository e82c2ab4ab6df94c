package seglog

import (
	"syscall"

	"golang.org/x/sys/unix"
)

const spliceNonblock = 2 // SPLICE_F_NONBLOCK, splice(2)

// spliceTo moves up to max bytes from the pipe fd to the file at offset, within the kernel. It is 0 at end of file.
func spliceTo(file, fd int, offset int64, max int) (int, error) {
	for {
		n, err := syscall.Splice(fd, nil, file, &offset, max, spliceNonblock)
		if err != syscall.EINTR {
			return int(n), err
		}
	}
}

// holdsBytes tells whether a pipe has something to read (FIONREAD, pipe(7)).
func holdsBytes(fd int) bool {
	n, err := unix.IoctlGetInt(fd, unix.TIOCINQ)
	return err == nil && n > 0
}

// enlarge makes a pipe hold size bytes (F_SETPIPE_SZ, fcntl(2)), and tells whether it could.
func enlarge(fd, size int) bool {
	_, err := unix.FcntlInt(uintptr(fd), unix.F_SETPIPE_SZ, size)
	return err == nil
}
