package store

import (
	"io/fs"
	"syscall"
)

// CheckDir makes sure that path is a directory itself, and no link to one: what
// is written through a link lies outside of the home. The error wraps
// fs.ErrNotExist or syscall.ENOTDIR.
func CheckDir(path string) error {
	var st syscall.Stat_t
	err := syscall.Lstat(path, &st)
	if err == nil && st.Mode&syscall.S_IFMT != syscall.S_IFDIR {
		err = syscall.ENOTDIR
	}
	if err != nil {
		return &fs.PathError{Op: "open", Path: path, Err: err}
	}
	return nil
}
