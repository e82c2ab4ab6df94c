package launch

import (
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

// Kick starts the dispatcher in the background, as a supervisor does at its end. It is
// for callers that find that a supervisor was killed before that. It starts nothing
// unless tasks wait, or must says that one surely does.
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

// Tidy starts the program that removes finished tasks, in the background, unless that
// was done within the last hour: then it costs one system call. Verbs that start tasks,
// end them or see them end call it as their last step. They don't wait for the removal.
// If it fails, the next call tries again.
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
