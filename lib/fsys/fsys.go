// Package fsys holds a few file operations that are too expensive in package os for
// the shim, which must stay small. An os.FileInfo brings in the formatter, parser and
// zone files of package time; an os.OpenFile brings in the network poller and its
// memory.
//
// It knows system calls and nothing of bgtasks. Errors are *os.PathError and
// *os.LinkError, as those of package os.
package fsys

import (
	"errors"
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Open is open(2) of a file that lies in the home: neither a symbolic link nor
// the lack of a FIFO's other end can mislead it or make it wait. Reads and
// writes then block, as is right for a regular file.
func Open(path string, flags int, mode uint32) (*os.File, error) {
	return openAt(unix.AT_FDCWD, path, path, flags, mode)
}

// OpenIn does so for a file that may have to be made, and fails if its directory is a
// symbolic link: what is made through one lies outside of the home.
func OpenIn(dir, name string, flags int, mode uint32) (*os.File, error) {
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: dir, Err: err}
	}
	defer unix.Close(fd)
	return openAt(fd, name, dir+"/"+name, flags, mode)
}

func openAt(dir int, name, path string, flags int, mode uint32) (*os.File, error) {
	for {
		fd, err := unix.Openat(dir, name, flags|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, mode)
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

// MaxRecord is the most that a record may have, in bytes. A spec holds an argument
// list, which the system bounds to a few MiB (execve(2)); what is larger is no
// record, and is not read into memory.
const MaxRecord = 32 << 20

// ErrTooLarge says that a file has more than MaxRecord bytes, or no end.
var ErrTooLarge = errors.New("too large for a record")

// ReadFile reads a whole file that lies in the home, as Open opens it. Whatever
// stands in its place is not waited for: a FIFO that nobody writes to is empty.
// Of what is larger than a record the error wraps ErrTooLarge.
func ReadFile(path string) ([]byte, error) {
	f, err := Open(path, os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readRecord(f)
}

func readRecord(f *os.File) ([]byte, error) {
	if st, err := Stat(f); err == nil && st.Size > MaxRecord {
		return nil, &os.PathError{Op: "read", Path: f.Name(), Err: ErrTooLarge}
	}
	b, err := io.ReadAll(io.LimitReader(f, MaxRecord+1))
	if err == nil && len(b) > MaxRecord {
		return nil, &os.PathError{Op: "read", Path: f.Name(), Err: ErrTooLarge}
	}
	return b, err
}

// Pipe is RawPipe, with files. Those of os.Pipe take the network poller along, whose
// own two descriptors end the program without a word if they can't be had.
func Pipe() (r, w *os.File, err error) {
	p, err := RawPipe()
	if err != nil {
		return nil, nil, os.NewSyscallError("pipe", err)
	}
	return os.NewFile(uintptr(p[0]), "|0"), os.NewFile(uintptr(p[1]), "|1"), nil
}

// RawPipe is pipe(2), with ends that close on exec and block. pipe2(2) makes such a
// pipe in one call, but Darwin has none; the lock keeps syscall.ForkExec out in between.
func RawPipe() (p [2]int, err error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := unix.Pipe(p[:]); err != nil {
		return p, err
	}
	unix.CloseOnExec(p[0])
	unix.CloseOnExec(p[1])
	return p, nil
}

// Rename is rename(2).
func Rename(from, to string) error {
	if err := unix.Rename(from, to); err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	return nil
}

// RemoveAll removes a file, or a directory and all that is in it; what is gone
// already is no error. It follows no link, and makes do with one descriptor: a
// program that ran out of them must be able to take back what it has begun.
func RemoveAll(path string) error {
	err := unix.Unlink(path)
	if errors.Is(err, unix.EISDIR) || errors.Is(err, unix.EPERM) { // Linux says the one, POSIX the other
		err = removeDir(path)
	}
	if err == nil || errors.Is(err, unix.ENOENT) {
		return nil
	}
	if _, told := err.(*os.PathError); told {
		return err
	}
	return &os.PathError{Op: "remove", Path: path, Err: err}
}

func removeDir(path string) error {
	names, err := Names(path)
	for _, name := range names {
		err = errors.Join(err, RemoveAll(path+"/"+name))
	}
	if err != nil {
		return err
	}
	return unix.Rmdir(path)
}

// Stat is fstat(2).
func Stat(f *os.File) (st syscall.Stat_t, err error) {
	if err := syscall.Fstat(int(f.Fd()), &st); err != nil {
		return st, &os.PathError{Op: "stat", Path: f.Name(), Err: err}
	}
	return st, nil
}

// IsAt tells whether the open file is still the one at path.
func IsAt(f *os.File, path string) bool {
	open, err := Stat(f)
	var now unix.Stat_t
	return err == nil && unix.Lstat(path, &now) == nil && uint64(open.Dev) == uint64(now.Dev) && open.Ino == now.Ino
}

// A Place is a directory by what it is, whichever of its names leads there: for as long
// as it is there no other has its device and inode.
type Place struct{ dev, ino uint64 }

// PlaceOf follows links, as the user's own may lead to the home. The error is that of
// stat(2).
func PlaceOf(path string) (Place, error) {
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		return Place{}, &os.PathError{Op: "stat", Path: path, Err: err}
	}
	return Place{uint64(st.Dev), st.Ino}, nil
}

// Is tells whether a path leads to this place now.
func (p Place) Is(path string) bool {
	now, err := PlaceOf(path)
	return err == nil && now == p
}

// Leads tells whether a path leads to something, through links too.
func Leads(path string) bool {
	_, err := PlaceOf(path)
	return err == nil
}

// Exists tells whether there is something of that name, be it a dangling link.
func Exists(path string) bool {
	var st unix.Stat_t
	return unix.Lstat(path, &st) == nil
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
