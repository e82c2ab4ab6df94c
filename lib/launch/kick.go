package launch

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"bgtasks/lib/fail"
	"bgtasks/lib/fsys"
	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// Missed releases the lock of a task that was taken for an ended one. If it waits, a
// dispatch may have passed it over meanwhile, so there is another.
func Missed(h *store.Home, id string, held *store.Lock) error {
	return errors.Join(store.GiveBack(h.TaskDir(id), held), Kick(h, false))
}

// Kick starts the dispatcher in the background, as a supervisor does that ends,
// for whoever finds that one was killed before it could: if tasks wait, or must
// says that one surely does. Where the program is missing nothing is done.
func Kick(h *store.Home, must bool) error {
	path := Dispatcher()
	if path == "" || !must && !h.AnyWaiting() {
		return nil
	}
	null, err := fsys.Open(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer null.Close()
	err = fail.Point("kick-spawn")
	if err != nil {
		return err
	}
	pid, err := proc.Spawn(proc.SpawnSpec{
		Path: path, Argv: record.DispatchArgv(h.Path()), Env: append(record.DispatchEnv(os.Environ()), fail.Environ()...),
		Dir: "/", Files: []uintptr{null.Fd(), null.Fd(), null.Fd()}, Setsid: true, Umask: 0o077,
	})
	if err != nil {
		return fmt.Errorf("start the dispatcher: %w", err)
	}
	go syscall.Wait4(pid, nil, 0, nil)
	return nil
}
