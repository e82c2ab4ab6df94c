package launch

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"bgtasks/lib/record"
)

// shimPath finds the shim beside this program, where make install puts it.
func shimPath() (string, error) {
	path, err := beside(record.ShimName)
	if err == nil && !executable(path) {
		err = &SpawnError{Stage: record.StageShim, Command: record.ShimName, Path: path, Errno: syscall.ENOENT}
	}
	return path, err
}

// Dispatcher is the path of the program beside this one that starts waiting tasks. It
// is "" if there is none.
func Dispatcher() string {
	if path, err := beside(record.DispatcherName); err == nil && executable(path) {
		return path
	}
	return ""
}

// beside names a program of the suite in the folder of this one.
func beside(name string) (string, error) {
	folder, err := ownFolder()
	return filepath.Join(folder, name), err
}

// ownFolder is looked for once: a batch asks for every task.
var ownFolder = sync.OnceValues(func() (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find this program's file: %w", err)
	}
	if real, err := filepath.EvalSymlinks(self); err == nil {
		self = real
	}
	return filepath.Dir(self), nil
})

func executable(path string) bool { return runnable(path) == 0 }
