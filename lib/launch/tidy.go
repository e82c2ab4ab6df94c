package launch

import (
	"os"
	"syscall"
	"time"

	"bgtasks/lib/fail"
	"bgtasks/lib/fsys"
	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// ClearName is the program that removes finished tasks, beside this one.
const ClearName = "bg-clear"

// Tidy starts the program that removes finished tasks, in the background, if
// nobody has looked for such within the hour: otherwise it costs one system call.
// It is for who starts tasks, ends them or sees them end, once all else is done.
// Whoever makes tasks sees to their removal, and waits for none of it. What can't
// be done is left to the next one.
func Tidy(h *store.Home) {
	if !h.ClearDue(time.Now()) {
		return
	}
	path, err := beside(ClearName)
	if err != nil || !executable(path) {
		return
	}
	null, err := fsys.Open(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return
	}
	defer null.Close()
	env := append(record.DispatchEnv(os.Environ()), record.MarkHome+"="+h.Path())
	pid, err := proc.Spawn(proc.SpawnSpec{
		Path: path, Argv: []string{ClearName, "--due"}, Env: append(env, fail.Environ()...),
		Dir: "/", Files: []uintptr{null.Fd(), null.Fd(), null.Fd()}, Setsid: true, Umask: 0o077,
	})
	if err == nil {
		go syscall.Wait4(pid, nil, 0, nil)
	}
}
