// Package fsys holds the few file operations that package os does at a price
// that the shim can't pay: each of them there makes an os.FileInfo, which
// brings the formatter, parser and zone files of package time into a program
// that must stay small (DESIGN §13).
//
// It knows system calls and nothing of bgtasks. Errors are *os.PathError and
// *os.LinkError, as those of package os.
package fsys

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Rename is rename(2).
func Rename(from, to string) error {
	if err := unix.Rename(from, to); err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	return nil
}

// Stat is fstat(2).
func Stat(f *os.File) (st syscall.Stat_t, err error) {
	if err := syscall.Fstat(int(f.Fd()), &st); err != nil {
		return st, &os.PathError{Op: "stat", Path: f.Name(), Err: err}
	}
	return st, nil
}

// Names lists a directory, in no order.
func Names(dir string) (names []string, err error) {
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: dir, Err: err}
	}
	defer unix.Close(fd)
	buf := make([]byte, 4096)
	for {
		n, err := unix.ReadDirent(fd, buf)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return nil, &os.PathError{Op: "list", Path: dir, Err: err}
		case n <= 0:
			return names, nil
		}
		_, _, names = unix.ParseDirent(buf[:n], -1, names)
	}
}
