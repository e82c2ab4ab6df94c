package sched

import (
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"bgtasks/lib/fsys"
	"bgtasks/lib/store"
)

// unmarkWaiting removes it once nothing waits: when each of the sets' directories is
// empty, and goes.
func (x *index) unmarkWaiting() error {
	for _, dir := range []string{readyDir, dueDir, keysDir, afterDir, goneDir} {
		switch err := unix.Rmdir(x.path(dir)); {
		case err == nil, errors.Is(err, unix.ENOENT):
		case dir == keysDir && len(x.keys) == 0:
			return x.freeKeys()
		case dir == afterDir, dir == goneDir:
			return x.sweep(dir)
		default:
			return nil
		}
	}
	return removeFile(x.path(store.WaitingFile))
}

// freeKeys lets those try again that wait for keys which nobody holds, nor stands
// for: a crash left them, or entries without a task.
func (x *index) freeKeys() error {
	tags, err := namesIn(x.path(keysDir))
	for _, tag := range tags {
		if err := x.releaseKey(tag); err != nil {
			return err
		}
	}
	x.todo.again = x.todo.again || fsys.Exists(x.path(readyDir))
	return err
}

// sweepAtMost is how many directories one critical section sweeps.
const sweepAtMost = 64

// sweep removes directories that a crash left empty, until it meets one that is not:
// as long as anyone waits they are in nobody's way, and what a dispatch costs must
// not grow with the number of those who are waited for.
func (x *index) sweep(dir string) error {
	d, err := os.Open(x.path(dir))
	if err != nil {
		return err
	}
	ids, err := d.Readdirnames(sweepAtMost)
	for _, id := range ids {
		if unix.Rmdir(x.path(dir, id)) != nil {
			break
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return errors.Join(err, d.Close())
}
