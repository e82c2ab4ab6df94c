package store

import (
	"errors"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"

	"bgtasks/lib/fsys"
)

// CheckBase checks whether a missing home may be created where the environment says, see
// Locate. A missing $HOME is not created: it is a mistake, or the user has none. If root
// created a home in the directory of another user, as after sudo -E, that user could not
// use it. The error is *UnsafeHomeError, or that of stat(2). A home that is named
// explicitly may be created anywhere.
func CheckBase(getenv func(string) string) error {
	home, err := Locate(getenv)
	if err != nil || getenv("BACKGROUND_TASKS_HOME") != "" || fsys.Exists(home) {
		return err
	}
	if !filepath.IsAbs(getenv("XDG_STATE_HOME")) {
		if base := getenv("HOME"); !isThere(base) {
			return &UnsafeHomeError{base, "(HOME) does not exist", "set HOME to your own directory, or BACKGROUND_TASKS_HOME to another"}
		}
	}
	return checkOwnerAbove(home, unix.Geteuid())
}

func isThere(path string) bool {
	var st unix.Stat_t
	return !errors.Is(unix.Stat(path, &st), unix.ENOENT)
}

// checkOwnerAbove refuses what root would make below a directory of another user.
func checkOwnerAbove(path string, euid int) error {
	var st unix.Stat_t
	for {
		err := unix.Stat(path, &st)
		if err == nil {
			break
		}
		if !errors.Is(err, unix.ENOENT) || path == filepath.Dir(path) {
			return nil // who makes the home is told why it can't be made
		}
		path = filepath.Dir(path)
	}
	if euid != 0 || st.Uid == 0 {
		return nil
	}
	return &UnsafeHomeError{path, "belongs to another user, uid " + strconv.Itoa(int(st.Uid)),
		"set HOME to your own directory, as sudo -H does, or BACKGROUND_TASKS_HOME to another"}
}
