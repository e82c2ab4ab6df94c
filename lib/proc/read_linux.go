package proc

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// What is read here are files of /proc and of cgroups, thousands in a row. None of these calls waits for anybody, so
// they go past the runtime: on a busy machine it would hand the processor to another thread at each one, and that takes
// as long as all the rest.

// readInto reads a file without os.File and its poller.
func readInto(b []byte, path string) ([]byte, error) {
	fd, err := open(path, unix.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer shut(fd)
	for {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := read(fd, b[len(b):cap(b)])
		if err != nil || n == 0 {
			return b, err
		}
		b = b[:len(b)+n]
	}
}

// readStatFile does so for a file that the kernel makes in one piece. If it does not fill the room, it was all.
func readStatFile(b []byte, path string) ([]byte, error) {
	fd, err := open(path, unix.O_RDONLY)
	if err != nil {
		return nil, err
	}
	n, err := read(fd, b[len(b):cap(b)])
	shut(fd)
	if err != nil {
		return nil, err
	}
	if len(b)+n == cap(b) {
		return readInto(b, path)
	}
	return b[:len(b)+n], nil
}

func open(path string, flags int) (fd int, err error) {
	name, err := syscall.BytePtrFromString(path)
	if err != nil {
		return -1, err
	}
	here := unix.AT_FDCWD // a variable: no constant below 0 is a uintptr
	err = ignoringEINTR(func() error {
		r, _, errno := syscall.RawSyscall6(syscall.SYS_OPENAT, uintptr(here), uintptr(unsafe.Pointer(name)),
			uintptr(flags|unix.O_CLOEXEC|unix.O_NOCTTY), 0, 0, 0)
		fd = int(r)
		return errorOf(errno)
	})
	return fd, err
}

func read(fd int, b []byte) (n int, err error) { return fill(syscall.SYS_READ, fd, b) }

func readDirent(fd int, b []byte) (n int, err error) { return fill(syscall.SYS_GETDENTS64, fd, b) }

func fill(call uintptr, fd int, b []byte) (n int, err error) {
	err = ignoringEINTR(func() error {
		r, _, errno := syscall.RawSyscall(call, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
		n = int(r)
		return errorOf(errno)
	})
	return n, err
}

func shut(fd int) { syscall.RawSyscall(syscall.SYS_CLOSE, uintptr(fd), 0, 0) }

// errorOf: an Errno of 0 in an error is none.
func errorOf(errno syscall.Errno) error {
	if errno != 0 {
		return errno
	}
	return nil
}
