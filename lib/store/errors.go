package store

import (
	"errors"
	"io/fs"
	"strconv"

	"bgtasks/lib/record"
)

// ErrLocked says that another process holds the lock.
var ErrLocked = errors.New("locked")

// ErrExists says that a task with this id already exists.
var ErrExists = fs.ErrExist

// AwayError says that the home belongs to another host.
type AwayError struct{ Path, Host string }

func (e *AwayError) Error() string {
	return "the home " + e.Path + " is on another host, " + strconv.Quote(e.Host)
}

// LayoutError says that the home has a layout that this version does not know.
type LayoutError struct{ Path, Found string }

func (e *LayoutError) Error() string {
	return e.Path + " has layout " + strconv.Quote(e.Found) + ", this version knows layout " + strconv.Itoa(record.Layout)
}

// UnsafeHomeError says that others could change what is in the home, that it is
// someone else's, or that something in it leads out of it.
type UnsafeHomeError struct {
	Path, Why string
	Hint      string // what to do about it
}

func (e *UnsafeHomeError) Error() string { return e.Path + " " + e.Why }

// NetworkFSError says that the home is on a file system whose locks and FIFOs
// do not reach across machines.
type NetworkFSError struct{ Path, Type string }

func (e *NetworkFSError) Error() string {
	return e.Path + " is on a network file system (" + e.Type + "), where locks can't be trusted"
}
