package store

import (
	"errors"
	"io"
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

// IsHome tells whether there is a home at path, of whatever layout.
func IsHome(path string) bool { return fsys.Exists(filepath.Join(path, LayoutFile)) }

// errNoLayout says that a directory is no home yet.
var errNoLayout = &fs.PathError{Op: "open", Path: LayoutFile, Err: fs.ErrNotExist}

// OpenExisting opens the home without creating anything. errors.Is(err,
// fs.ErrNotExist) tells that there is none.
func OpenExisting(path string) (*Home, error) {
	if err := checkDir(path); err != nil {
		return nil, err
	}
	found, err := readLayout(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errNoLayout
	}
	if err != nil {
		return nil, err
	}
	if found != strconv.Itoa(record.Layout) {
		return nil, &LayoutError{Path: path, Found: found}
	}
	h := At(path)
	return h, errors.Join(h.checkInside(), h.Remember())
}

// readLayout reads LAYOUT, which is nothing but a number, and does not wait for
// the writer of a FIFO in its place.
func readLayout(path string) (string, error) {
	f, err := fsys.Open(filepath.Join(path, LayoutFile), os.O_RDONLY, 0)
	if err != nil {
		return "", err
	}
	defer f.Close()
	st, err := fsys.Stat(f)
	if err == nil && st.Mode&syscall.S_IFMT != syscall.S_IFREG {
		err = &fs.PathError{Op: "read", Path: f.Name(), Err: errNotRegular}
	}
	if err != nil {
		return "", err
	}
	raw, err := io.ReadAll(io.LimitReader(f, maxLayout))
	return strings.TrimSpace(string(raw)), err
}

// maxLayout is more than any layout number will ever need.
const maxLayout = 32

var errNotRegular = errors.New("not a regular file")

// checkInside refuses a home whose directories are something else: what is
// written into a link to a directory would be written outside of the home.
// One that is not there holds nothing.
func (h *Home) checkInside() error {
	for _, dir := range append(h.parts(), h.QueueDir(), h.ConsumersDir()) {
		if errors.Is(CheckDir(dir), syscall.ENOTDIR) {
			return &UnsafeHomeError{dir, "is no directory", "move it away: the commands make what belongs there"}
		}
	}
	return nil
}

// parts are the directories that every home has.
func (h *Home) parts() []string {
	return []string{h.TasksDir(), h.EventsDir(), h.JournalBells(), h.TmpDir(), h.LiveDir()}
}

// Missing lists those that somebody has removed.
func (h *Home) Missing() (missing []string) {
	for _, dir := range h.parts() {
		if errors.Is(CheckDir(dir), fs.ErrNotExist) {
			missing = append(missing, dir)
		}
	}
	return missing
}

// Complete makes them anew. live/ has the markers of the tasks that isOpen says yes to
// from the first moment. Several processes may do so at once.
func (h *Home) Complete(isOpen func(id string) bool) error {
	for _, dir := range h.Missing() {
		var err error
		if dir == h.LiveDir() {
			err = h.remark(isOpen)
		} else {
			err = os.Mkdir(dir, 0o700)
		}
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return nil
}

// remark makes live/ anew. What a crash leaves in tmp/ is swept.
func (h *Home) remark(isOpen func(id string) bool) error {
	ids, err := h.IDs()
	if err != nil {
		return err
	}
	dir := h.tmpName(liveDir)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	for _, id := range ids {
		if err == nil && isOpen(id) {
			err = writeNew(filepath.Join(dir, id), nil, false)
		}
	}
	if err == nil {
		err = fsys.Rename(dir, h.LiveDir())
	}
	if isTaken(err) {
		err = nil // another was quicker
	}
	return errors.Join(err, fsys.RemoveAll(dir))
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
		return &UnsafeHomeError{path, "belongs to user " + strconv.Itoa(int(owner)) + ", not to you",
			"set BACKGROUND_TASKS_HOME to a directory of your own"}
	}
	if info.Mode().Perm()&0o022 != 0 {
		return &UnsafeHomeError{path, "can be written to by others (mode " + strconv.FormatUint(uint64(info.Mode().Perm()), 8) + ")",
			"make sure that nobody has changed what is in it, then chmod 700 " + path}
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
	return h, errors.Join(err, h.Remember())
}

// makePrivate closes an empty directory that the user made with an ordinary
// umask for this purpose. One that already holds something may serve others
// too and keeps its mode: what is ours inside is private by itself.
func makePrivate(path string) error {
	names, err := fsys.Names(path + "/.") // the home itself may be a link: the user's own
	if err != nil || len(names) > 0 {
		return err
	}
	return os.Chmod(path, 0o700)
}
