package launch

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

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
// says that one surely does.
func Kick(h *store.Home, must bool) error {
	if !must && !h.AnyWaiting() {
		return nil
	}
	if err := fail.Point("kick-spawn"); err != nil {
		return err
	}
	return background(record.DispatchArgv(h.Path()))
}

// Sleeper starts the process that sleeps until the next task of the home is due.
func Sleeper(h *store.Home) error {
	fail.Pass("sleeper-spawn")
	return background(record.SleepArgv(h.Path()), append(record.ShimTuning(), record.MarkHome+"="+h.Path())...)
}

// ClearName is the program that removes finished tasks, beside this one.
const ClearName = "bg-clear"

// Tidy starts the program that removes finished tasks, in the background, if
// nobody has looked for such within the hour: otherwise it costs one system call.
// It is for who starts tasks, ends them or sees them end, once all else is done.
// Whoever makes tasks sees to their removal, and waits for none of it. What can't
// be done is left to the next one.
func Tidy(h *store.Home) {
	if h.ClearDue(time.Now()) {
		_ = background([]string{ClearName, "--due"}, record.MarkHome+"="+h.Path())
	}
}

// background starts a program of the suite that has nothing to do with its starter,
// and does not wait for it. It gets of the environment what no task is known by, and
// what is given. Where the program is missing nothing is done.
func background(argv []string, env ...string) error {
	path, err := beside(argv[0])
	if err != nil || !executable(path) {
		return err
	}
	null, err := fsys.Open(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer null.Close()
	fd := null.Fd()
	first, err := proc.SpawnOrphan(proc.SpawnSpec{
		Path: path, Argv: argv, Env: slices.Concat(record.DispatchEnv(os.Environ()), env, fail.Environ()),
		Dir: "/", Files: []uintptr{fd, fd, fd}, Umask: -1,
	})
	if err != nil {
		return fmt.Errorf("start %s: %w", argv[0], err)
	}
	if first != 0 {
		go proc.Await(first)
	}
	return nil
}
