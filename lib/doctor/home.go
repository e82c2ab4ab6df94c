package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"bgtasks/lib/config"
	"bgtasks/lib/heal"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// homeChecks look at the home, if there is one.
func homeChecks(root string) []Check {
	h, err := store.OpenExisting(root)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !isDir(store.At(root).TasksDir()):
		if err := store.CheckBase(os.Getenv); err != nil {
			return []Check{wrong("home", err, "set BACKGROUND_TASKS_HOME to a directory of yours")}
		}
		return append([]Check{fine("home", "%s does not exist yet; the first start creates it", root)}, earlier(root)...)
	case errors.Is(err, fs.ErrNotExist):
		return []Check{curable("layout", func() error { _, err := store.Open(root); return err }, "%s has tasks but no %s", root, store.LayoutFile)}
	case err != nil:
		return []Check{refused(root, err)}
	}
	if heal.Settle(h, false); h.Away() != nil {
		return []Check{fine("home", "only you can write to %s", root), wrong("host", h.Away(), takeOverHint)}
	}
	found := look(root)
	return append([]Check{
		fine("home", "only you can write to %s", root),
		layout(h), host(h), found.owners(), found.modes(), found.links(), fileSystem(h),
		temporaries(h), markers(h), consumers(h), settings(h),
	}, append(earlier(root), taskChecks(h)...)...)
}

// host says whose the home is.
func host(h *store.Home) Check {
	if owner := h.Owner(); owner != nil && owner.Node != "" {
		return fine("host", "it belongs to %q", owner.Node)
	}
	return fine("host", "it will belong to this host once a command starts a task")
}

// refused says what keeps the commands from using the home.
func refused(root string, err error) Check {
	var layout *store.LayoutError
	var unsafe *store.UnsafeHomeError
	var remote *store.NetworkFSError
	switch {
	case errors.As(err, &layout):
		return wrong("layout", err, "use the version of the commands that created it")
	case errors.As(err, &remote):
		return wrong("file system", err, "a home on a local disk, or "+store.AllowNetFS+"=1")
	case !errors.As(err, &unsafe):
		return wrong("home", err, "set BACKGROUND_TASKS_HOME to a directory of yours")
	}
	info, serr := os.Stat(root)
	if serr != nil || !isMine(info) {
		return wrong("owner", err, "set BACKGROUND_TASKS_HOME to a directory of yours")
	}
	return curable("home", func() error { return os.Chmod(root, info.Mode().Perm()&^0o022) }, "%v", err)
}

// earlier tells about what another program keeps in the same directory. It is left
// alone, whatever its modes are.
func earlier(root string) []Check {
	path := store.Earlier(root)
	if path == "" {
		return nil
	}
	return []Check{fine("earlier", "%s and logs/ belong to another program called background-tasks: its tasks are not shown, and its files are not changed", path)}
}

// layout checks that all directories of the home are there.
func layout(h *store.Home) Check {
	var missing []string
	for _, dir := range []string{h.TasksDir(), h.LiveDir(), h.EventsDir(), filepath.Join(h.EventsDir(), store.BellsDir), h.TmpDir()} {
		if info, err := os.Lstat(dir); errors.Is(err, fs.ErrNotExist) {
			missing = append(missing, dir)
		} else if err != nil || !info.IsDir() {
			return wrong("layout", fmt.Errorf("%s is not a directory", dir), "move it away, then "+repairHint)
		}
	}
	if len(missing) == 0 {
		return fine("layout", "number %d, nothing is missing", record.Layout)
	}
	return curable("layout", func() error {
		for _, dir := range missing {
			if err := os.Mkdir(dir, 0o700); err != nil {
				return err
			}
		}
		return nil
	}, "missing: %s", some(missing))
}

// settings checks that config.json can be read: or else nothing is removed by
// itself, and nobody is told.
func settings(h *store.Home) Check {
	c, err := config.Load(h.Path())
	switch {
	case err != nil:
		return wrong("config", err, "correct or remove it: see bg-state(5)")
	case c.Retention.Off():
		return fine("config", "finished tasks are kept for ever")
	}
	return fine("config", "finished tasks are removed by rules, see bg-clear(1)")
}

// fileSystem checks that the home can be written to and has locks.
func fileSystem(h *store.Home) Check {
	const write = 2 // W_OK of access(2)
	for _, dir := range []string{h.Path(), h.TasksDir(), h.TmpDir()} {
		if err := syscall.Access(dir, write); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return wrong("file system", &fs.PathError{Op: "write to", Path: dir, Err: err}, "tasks can be shown but not started")
		}
	}
	if err := store.ProbeLocks(filepath.Join(h.Path(), store.LayoutFile)); err != nil {
		return wrong("file system", err, "a home on a local disk")
	}
	return fine("file system", "local, writable, and has locks")
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
