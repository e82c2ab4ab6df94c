//go:build !linux

package store

import "golang.org/x/sys/unix"

// syncFileSystem asks the system to bring everything to the disk (sync(2)). It may
// return before that is done.
func syncFileSystem(string) error {
	unix.Sync()
	return nil
}
