package view

import "golang.org/x/sys/unix"

// folder is the directory of the tasks, held open while many are read: paths are
// then short, and the system makes sure that none leads through a link.
type folder struct{ fd int }

// openFolder gives nil where it can't be had: there is another way to read.
func openFolder(path string) *folder {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	return &folder{fd}
}

// open opens a file below the folder for reading, never through a link
// (openat2(2), Linux 5.6), and waits for no FIFO.
func (f *folder) open(name string) (int, error) {
	return unix.Openat2(f.fd, name, &unix.OpenHow{
		Flags:   unix.O_RDONLY | unix.O_NONBLOCK | unix.O_CLOEXEC,
		Resolve: unix.RESOLVE_NO_SYMLINKS,
	})
}

func (f *folder) close() { unix.Close(f.fd) }
