package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"bgtasks/lib/config"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
)

// homeChecks look at the home, if there is one.
func homeChecks(root string) []check {
	h, err := store.OpenExisting(root)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !isDir(store.At(root).TasksDir()):
		if err := store.CheckBase(os.Getenv); err != nil {
			return []check{wrong("home", err, "set BACKGROUND_TASKS_HOME to a directory of yours")}
		}
		return append([]check{fine("home", "%s is not there yet, the first start makes it", root)}, earlier(root)...)
	case errors.Is(err, fs.ErrNotExist):
		return []check{curable("layout", func() error { _, err := store.Open(root); return err }, "%s has tasks but no %s", root, store.LayoutFile)}
	case err != nil:
		return []check{refused(root, err)}
	}
	if view.Settle(h, false); h.Away() != nil {
		return []check{fine("home", "%s is yours alone to write to", root), wrong("host", h.Away(), takeOverHint)}
	}
	found := look(root)
	return append([]check{
		fine("home", "%s is yours alone to write to", root),
		layout(h), host(h), found.owners(), found.modes(), found.links(), fileSystem(h),
		temporaries(h), markers(h), consumers(h), settings(h),
	}, append(earlier(root), taskChecks(h)...)...)
}

// takeOverHint is the hint for what can't be seen from here.
const takeOverHint = "look there; if nothing of it runs there any more, bg-doctor --take-over"

func takeOver() error {
	root, err := store.Locate(os.Getenv)
	if err != nil {
		return err
	}
	h, err := store.OpenExisting(root)
	if err != nil {
		return fmt.Errorf("take over %s: %w", root, err)
	}
	return view.TakeOver(h)
}

// host says whose the home is.
func host(h *store.Home) check {
	if owner := h.Owner(); owner != nil && owner.Node != "" {
		return fine("host", "it belongs to %q", owner.Node)
	}
	return fine("host", "the next command that starts something makes it this host's")
}

// refused says what keeps the commands from using the home.
func refused(root string, err error) check {
	var layout *store.LayoutError
	var unsafe *store.UnsafeHomeError
	var remote *store.NetworkFSError
	switch {
	case errors.As(err, &layout):
		return wrong("layout", err, "use the version of the commands that made it")
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
func earlier(root string) []check {
	path := store.Earlier(root)
	if path == "" {
		return nil
	}
	return []check{fine("earlier", "%s and logs/ are of another program, which is called background-tasks too: its tasks are not shown, and nothing of it is changed", path)}
}

func isMine(info fs.FileInfo) bool { return int(info.Sys().(*syscall.Stat_t).Uid) == os.Geteuid() }

// layout checks that all directories of the home are there.
func layout(h *store.Home) check {
	var missing []string
	for _, dir := range []string{h.TasksDir(), h.LiveDir(), h.EventsDir(), filepath.Join(h.EventsDir(), store.BellsDir), h.TmpDir()} {
		if info, err := os.Lstat(dir); errors.Is(err, fs.ErrNotExist) {
			missing = append(missing, dir)
		} else if err != nil || !info.IsDir() {
			return wrong("layout", fmt.Errorf("%s is no directory", dir), "move it away, then "+repairHint)
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

// findings are what a walk through the home met that should not be there.
type findings struct {
	root  string
	other bool // beside the home there is what another program keeps here
	seen  int
	loose []string // others can look into it
	alien []string // someone else's
	odd   []string // neither file nor directory nor FIFO
	err   error    // where the walk could not go
}

// look walks through the home, and follows no link. What vanishes meanwhile is
// passed over.
func look(root string) *findings {
	f := &findings{root: root, other: store.Earlier(root) != ""}
	if real, err := filepath.EvalSymlinks(root); err == nil {
		f.root = real
	}
	f.err = filepath.WalkDir(f.root, func(path string, d fs.DirEntry, err error) error {
		var info fs.FileInfo
		if err == nil {
			info, err = d.Info()
		}
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		}
		f.note(path, info)
		return nil
	})
	return f
}

func (f *findings) note(path string, info fs.FileInfo) {
	name, err := filepath.Rel(f.root, path)
	if err != nil || name == "." {
		return // the home itself was looked at when it was opened
	}
	if f.other && store.OfEarlier(name) {
		return
	}
	f.seen++
	if !isMine(info) {
		f.alien = append(f.alien, name)
	}
	if kind := info.Mode().Type(); kind != 0 && kind != fs.ModeDir && kind != fs.ModeNamedPipe {
		f.odd = append(f.odd, name)
	} else if info.Mode().Perm()&0o077 != 0 && name != config.File { // which its owner made, and which holds no secret
		f.loose = append(f.loose, name)
	}
}

func (f *findings) owners() check {
	if len(f.alien) > 0 {
		return wrong("owner", fmt.Errorf("someone else's: %s", some(f.alien)), "find out who wrote there, then chown or remove them")
	}
	return fine("owner", "all is yours")
}

// modes checks that nobody else can look into the home (P11).
func (f *findings) modes() check {
	switch {
	case f.err != nil:
		return wrong("modes", f.err, "give yourself the rights back with chmod u+rwX")
	case len(f.loose) > 0:
		return curable("modes", f.tighten, "others can look into: %s", some(f.loose))
	}
	return fine("modes", "%d files and directories, only you can look into them", f.seen)
}

// tighten takes the rights of others away, and reaches nothing outside the home
// whatever is swapped under its hands.
func (f *findings) tighten() error {
	root, err := os.OpenRoot(f.root)
	if err != nil {
		return err
	}
	defer root.Close()
	for _, name := range f.loose {
		info, err := root.Lstat(name)
		if err == nil && info.Mode().Type() != fs.ModeSymlink {
			err = root.Chmod(name, info.Mode().Perm()&^0o077)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// settings checks that config.json can be read: or else nothing is removed by
// itself, and nobody is told.
func settings(h *store.Home) check {
	c, err := config.Load(h)
	switch {
	case err != nil:
		return wrong("config", err, "correct or remove it: see bg-state(5)")
	case c.Retention.Off():
		return fine("config", "finished tasks are kept for ever")
	}
	return fine("config", "finished tasks are removed by rules, see bg-clear(1)")
}

func (f *findings) links() check {
	if len(f.odd) > 0 {
		return wrong("links", fmt.Errorf("links or devices: %s", some(f.odd)), "nothing of the suite makes them: find out who did, and remove them")
	}
	return fine("links", "none, and none is followed")
}

// fileSystem checks that the home can be written to and has locks.
func fileSystem(h *store.Home) check {
	const write = 2 // W_OK of access(2)
	for _, dir := range []string{h.Path(), h.TasksDir(), h.TmpDir()} {
		if err := syscall.Access(dir, write); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return wrong("file system", &fs.PathError{Op: "write to", Path: dir, Err: err}, "tasks can be looked at but not started")
		}
	}
	if err := store.ProbeLocks(filepath.Join(h.Path(), store.LayoutFile)); err != nil {
		return wrong("file system", err, "a home on a local disk")
	}
	return fine("file system", "local, writable, and has locks")
}
