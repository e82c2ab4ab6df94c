package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"bgtasks/lib/fsys"
	"bgtasks/lib/record"
)

// ErrNoHome says that no environment variable tells where the home is.
var ErrNoHome = errors.New("none of BACKGROUND_TASKS_HOME, XDG_STATE_HOME and HOME is set")

// LayoutError says that the home has a layout that this version does not know.
type LayoutError struct{ Path, Found string }

func (e *LayoutError) Error() string {
	return e.Path + " has layout " + strconv.Quote(e.Found) + ", this version knows layout " + strconv.Itoa(record.Layout)
}

// UnsafeHomeError says that others could change what is in the home, or that
// it is someone else's.
type UnsafeHomeError struct{ Path, Why string }

func (e *UnsafeHomeError) Error() string { return e.Path + " " + e.Why }

// NetworkFSError says that the home is on a file system whose locks and FIFOs
// do not reach across machines.
type NetworkFSError struct{ Path, Type string }

func (e *NetworkFSError) Error() string {
	return e.Path + " is on a network file system (" + e.Type + "), where locks can't be trusted"
}

// AllowNetFS is the environment variable that, set to 1, accepts a home on a
// network file system.
const AllowNetFS = "BG_ALLOW_NETFS"

// Locate gives the path of the home: $BACKGROUND_TASKS_HOME, else
// $XDG_STATE_HOME/background-tasks, else $HOME/.local/state/background-tasks.
// Empty variables count as unset; a relative XDG_STATE_HOME is ignored, as the
// XDG base directory specification demands. The error is ErrNoHome or that of
// getwd(3).
func Locate(getenv func(string) string) (string, error) {
	if dir := getenv("BACKGROUND_TASKS_HOME"); dir != "" {
		return filepath.Abs(dir)
	}
	if dir := getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "background-tasks"), nil
	}
	if dir := getenv("HOME"); dir != "" {
		return filepath.Abs(filepath.Join(dir, ".local", "state", "background-tasks"))
	}
	return "", ErrNoHome
}

// Open opens the home, and creates what is missing of it. Two processes may
// do so at once. It fails with LayoutError, UnsafeHomeError, NetworkFSError,
// or the error of the system call that failed; a home with a newer layout is
// left untouched.
func Open(path string) (*Home, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, err
	}
	h, err := OpenExisting(path)
	if errors.Is(err, errNoLayout) {
		return create(path)
	}
	return h, err
}

// errNoLayout says that a directory is no home yet.
var errNoLayout = &fs.PathError{Op: "open", Path: LayoutFile, Err: fs.ErrNotExist}

// OpenExisting opens the home without creating anything. errors.Is(err,
// fs.ErrNotExist) tells that there is none.
func OpenExisting(path string) (*Home, error) {
	if err := checkDir(path); err != nil {
		return nil, err
	}
	raw, err := os.ReadFile(filepath.Join(path, LayoutFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errNoLayout
	}
	if err != nil {
		return nil, err
	}
	if found := strings.TrimSpace(string(raw)); found != strconv.Itoa(record.Layout) {
		return nil, &LayoutError{Path: path, Found: found}
	}
	return At(path), nil
}

// checkDir refuses a directory that others own or may write to: they could
// plant a task, or swap one between two of our calls.
func checkDir(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return &fs.PathError{Op: "open", Path: path, Err: syscall.ENOTDIR}
	}
	if owner := info.Sys().(*syscall.Stat_t).Uid; int(owner) != os.Geteuid() {
		return &UnsafeHomeError{path, "belongs to user " + strconv.Itoa(int(owner)) + ", not to you"}
	}
	if info.Mode().Perm()&0o022 != 0 {
		return &UnsafeHomeError{path, "can be written to by others (mode " + strconv.FormatUint(uint64(info.Mode().Perm()), 8) + ")"}
	}
	if os.Getenv(AllowNetFS) == "1" {
		return nil
	}
	if kind, remote := networkFS(path); remote {
		return &NetworkFSError{path, kind}
	}
	return nil
}

// create makes the directories first and LAYOUT last, so that a home with a
// LAYOUT is whole. Whoever creates it at the same time does the same.
func create(path string) (*Home, error) {
	if err := makePrivate(path); err != nil {
		return nil, err
	}
	h := At(path)
	for _, dir := range []string{h.TasksDir(), h.LiveDir(), h.EventsDir(), h.TmpDir(), filepath.Join(h.EventsDir(), BellsDir)} {
		if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
	}
	err := Replace(filepath.Join(path, LayoutFile), []byte(strconv.Itoa(record.Layout)+"\n"))
	return h, err
}

// makePrivate closes an empty directory that the user made with an ordinary
// umask for this purpose. One that already holds something may serve others
// too and keeps its mode: what is ours inside is private by itself.
func makePrivate(path string) error {
	names, err := fsys.Names(path)
	if err != nil || len(names) > 0 {
		return err
	}
	return os.Chmod(path, 0o700)
}
