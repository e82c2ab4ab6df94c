package launch

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"

	"bgtasks/lib/record"
)

// suite gives the folders in which the suite may be, the best first: that of this
// program; the one by which it was called, a link that may lead to another version by
// now; and those of PATH. A version that was installed in a folder of its own may be
// removed while its processes run. It is found out once: a batch asks for every task.
var suite = sync.OnceValue(func() (folders []string) {
	add := func(folder string) {
		if filepath.IsAbs(folder) && !slices.Contains(folders, folder) {
			folders = append(folders, folder)
		}
	}
	if self, err := os.Executable(); err == nil {
		if real, err := filepath.EvalSymlinks(self); err == nil {
			self = real
		}
		add(filepath.Dir(self))
	}
	if strings.Contains(os.Args[0], "/") {
		if called, err := filepath.Abs(os.Args[0]); err == nil {
			add(filepath.Dir(called))
		}
	}
	for _, folder := range filepath.SplitList(os.Getenv("PATH")) {
		add(folder)
	}
	return folders
})

// shimPath finds the shim beside this program, where make install puts it, or where
// else the suite is. One of another version refuses what it is told.
func shimPath() (string, error) {
	for _, folder := range suite() {
		if path := filepath.Join(folder, ShimName); executable(path) {
			return path, nil
		}
	}
	path, _ := beside(ShimName)
	return path, &SpawnError{Stage: record.StageShim, Command: ShimName, Path: path, Errno: syscall.ENOENT}
}

// Dispatcher is the program that starts what waits, beside this one or where else the
// suite is. It is "" if there is none.
func Dispatcher() string {
	for _, folder := range suite() {
		if path := filepath.Join(folder, record.DispatcherName); executable(path) && executable(filepath.Join(folder, ShimName)) {
			return path
		}
	}
	return ""
}

// DispatchSearch is what a dispatcher needs in its environment to find another suite.
func DispatchSearch() string { return record.DispatchSearch(suite()) }

// Successor is the dispatcher that is to go on in the place of this one, whose own
// suite was removed or replaced meanwhile; "" if this one is as good as any.
func Successor() string {
	next := Dispatcher()
	if next == "" {
		return ""
	}
	self, err := os.Stat("/proc/self/exe")
	if err != nil { // no such system: only what is missing is noticed
		if path, _ := beside(record.DispatcherName); path == next {
			return ""
		}
		return next
	}
	if other, err := os.Stat(next); err != nil || os.SameFile(self, other) {
		return ""
	}
	return next
}

// beside names a program of the suite in the folder of this one; ok is false if that
// is not known.
func beside(name string) (path string, ok bool) {
	folders := suite()
	if len(folders) == 0 {
		return name, false
	}
	return filepath.Join(folders[0], name), true
}
