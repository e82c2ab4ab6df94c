// Package fsys holds the few file operations that package os does at a price
// that the shim can't pay: an os.FileInfo brings the formatter, parser and zone
// files of package time into a program that must stay small, and an os.OpenFile
// the network poller and its memory (DESIGN §13).
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

// Open is open(2) of a file that lies in the home: neither a symbolic link nor
// the lack of a FIFO's other end can mislead it or make it wait. Reads and
// writes then block, as is right for a regular file.
func Open(path string, flags int, mode uint32) (*os.File, error) {
	for {
		fd, err := unix.Open(path, flags|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, mode)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err == nil {
			err = unix.SetNonblock(fd, false)
		}
		if err != nil {
			return nil, &os.PathError{Op: "open", Path: path, Err: err}
		}
		return os.NewFile(uintptr(fd), path), nil
	}
}

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

// Names lists a directory, in no order. It does not follow a symbolic link to
// one.
func Names(dir string) (names []string, err error) {
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: dir, Err: err}
	}
	defer unix.Close(fd)
	buf := make([]byte, 1024) // most directories here are small, and so is the shim
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
		if n > len(buf)/2 && len(buf) < 32<<10 {
			buf = make([]byte, 32<<10)
		}
	}
}
