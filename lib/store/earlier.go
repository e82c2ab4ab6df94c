package store

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Names of what another program has in the same directory: the background-tasks
// whose JSON command line this suite speaks keeps its tasks in one file and their
// output in one directory. Nothing of the suite reads or changes them.
const (
	earlierTasks = "tasks.json"
	earlierLogs  = "logs"
)

// Earlier gives the path of the file with the tasks of the other program in the
// directory root; "" if there is none.
func Earlier(root string) string {
	path := filepath.Join(root, earlierTasks)
	if info, err := os.Lstat(path); err == nil && info.Mode().Type() == fs.FileMode(0) {
		return path
	}
	return ""
}

// OfEarlier tells whether a name, relative to a home, is of that program.
func OfEarlier(name string) bool {
	first, _, _ := strings.Cut(name, string(filepath.Separator))
	return first == earlierTasks || first == earlierLogs || strings.HasPrefix(first, earlierTasks+".")
}
