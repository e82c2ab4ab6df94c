// Program dispatcher stands for bg-dispatch in tests: it tells what it was called
// with to whoever reads HOME/dispatched, a FIFO, and stays if there is a FIFO
// HOME/hold until someone writes to that.
package main

import (
	"encoding/json"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

func main() {
	home := os.Args[len(os.Args)-1]
	dir, _ := os.Getwd()
	var fds []string
	entries, _ := os.ReadDir("/proc/self/fd")
	for _, e := range entries {
		if target, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil && filepath.IsAbs(target) {
			fds = append(fds, target)
		}
	}
	reaper := 0
	unix.Prctl(unix.PR_GET_CHILD_SUBREAPER, pointer(&reaper), 0, 0, 0)
	text, _ := json.Marshal(map[string]any{
		"pid": os.Getpid(), "args": os.Args, "env": os.Environ(), "dir": dir, "files": fds, "reaper": reaper != 0,
	})
	if f, err := os.OpenFile(filepath.Join(home, "dispatched"), os.O_WRONLY, 0); err == nil {
		f.Write(text)
		f.Close()
	}
	if f, err := os.Open(filepath.Join(home, "hold")); err == nil {
		f.Read(make([]byte, 1))
	}
}
