package store

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"

	"bgtasks/lib/fsys"
)

// syncFileSystem waits until all that was written to the file system of dir is on
// the disk (syncfs(2), Linux 2.6.39).
func syncFileSystem(dir string) error {
	f, err := fsys.Open(dir, os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(unix.Syncfs(int(f.Fd())), f.Close())
}
