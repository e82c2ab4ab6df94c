package sched

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"bgtasks/lib/fail"
	"bgtasks/lib/fsys"
	"bgtasks/lib/launch"
	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// Helper does the work of the hidden modes. ours is false for any other command
// line. These processes have nobody to complain to.
func Helper(args []string) (ours bool) {
	if len(args) != 2 || args[0] != record.DispatchWord && args[0] != record.SleepWord {
		return false
	}
	syscall.Umask(0o077)
	_ = os.Chdir("/") // a directory must not be kept busy by one who sleeps
	h := store.At(args[1])
	if args[0] == record.DispatchWord {
		if handOver(h) == nil { // a home that is being removed is left alone
			launch.Tidy(h) // for a task has ended
		}
		return true
	}
	if proc.LeadsSession() {
		_ = forkAgain(args)
		return true
	}
	_ = sleep(h)
	return true
}

// startSleeper starts the process that sleeps until the next task is due.
func startSleeper(h *store.Home) error {
	program := launch.Dispatcher()
	if program == "" {
		return fmt.Errorf("start the process that waits for the next task: %w", os.ErrNotExist)
	}
	fail.Pass("sleeper-spawn")
	return spawn(h.Path(), program, []string{record.DispatcherName, record.SleepWord, h.Path()}, proc.SpawnOrphan)
}

// ringSleeper writes a byte to the sleeper's bell. It looks after it has opened that
// one, so nothing is lost if it has not yet.
func ringSleeper(h *store.Home) {
	fd, err := unix.Open(h.QueueDir()+"/"+store.TimerBell, unix.O_WRONLY|unix.O_NONBLOCK|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err == nil {
		store.Strike(fd)
		unix.Close(fd)
	}
}

// forkAgain starts the process that sleeps, where an orphan is made in two steps
// (proc.SpawnOrphan).
func forkAgain(args []string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	return spawn(args[1], self, append([]string{record.DispatcherName}, args...), func(s proc.SpawnSpec) (int, error) {
		_, err := proc.Spawn(s)
		return 0, err
	})
}

// spawn executes a program of the suite that has nothing to do with who starts it,
// and says in its environment for which home, so that it is not taken for a part of
// a task that does. If start returns a child it is waited for: it only starts another.
func spawn(home, path string, argv []string, start func(proc.SpawnSpec) (first int, err error)) error {
	null, err := fsys.Open(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer null.Close()
	fd := null.Fd()
	first, err := start(proc.SpawnSpec{
		Path: path, Argv: argv, Dir: "/",
		Env:   append(append(record.ShimTuning(), record.MarkHome+"="+home), fail.Environ()...),
		Files: []uintptr{fd, fd, fd}, Umask: -1,
	})
	if err != nil || first == 0 {
		return err
	}
	return proc.Await(first)
}

// sleep dispatches whenever a task is due, and ends when none will be. There is one
// such process for a home. It is decided under the lock of the index that nobody is
// needed any more, so whoever makes a task wait later starts another.
func sleep(h *store.Home) error {
	self, err := proc.Self()
	if err != nil {
		return err
	}
	lock, err := h.LockTimer(record.Process(self))
	if err != nil {
		return err
	}
	defer lock.Unlock()
	if err := h.Remember(); err != nil {
		return err
	}
	h = h.Patient()
	path := h.QueueDir() + "/" + store.TimerBell
	bell, err := openBell(h, path)
	if err != nil {
		return err
	}
	defer unix.Close(bell)
	t, err := newTimers(h.Path(), path)
	if err != nil {
		return err
	}
	for {
		if err := h.Moved(); err != nil {
			return err // what has its path now has a sleeper of its own
		}
		drain(bell)
		err := (&dispatcher{home: h, asleep: true}).run()
		if isHeld(err) {
			// Who has the journal is stopped: he is waited for where nobody waits for us.
			if _, err = h.JournalEnd(); err == nil {
				continue
			}
		}
		if err != nil {
			return err
		}
		next, err := nextDue(h, lock)
		if err != nil || len(next) == 0 {
			return err
		}
		if err := t.sleep(bell, next); err != nil {
			return err
		}
	}
}

// nextDue gives the next moments of both clocks. If there are none, or tasks may not
// be started, it gives up the lock of the timer.
func nextDue(h *store.Home, timer *store.Lock) (next []moment, err error) {
	x := newIndex(h)
	err = x.locked(func() error {
		if x.active() {
			for _, clock := range []string{bootClock, wallClock} {
				e, ok, err := x.due(clock).cursor().peek()
				if err != nil {
					return err
				}
				if ok {
					next = append(next, moment{clock, e.key})
				}
			}
		}
		if len(next) == 0 {
			return timer.Unlock()
		}
		return nil
	})
	return next, err
}

// openBell opens the sleeper's bell for reading and writing, so that a ringer's
// close gives no end-of-file. It is made like all that is in the index: under its
// lock, which is not to be had in a directory that is none.
func openBell(h *store.Home, path string) (fd int, err error) {
	err = newIndex(h).locked(func() error {
		if err := unix.Mkfifo(path, 0o600); err != nil && !errors.Is(err, unix.EEXIST) {
			return err
		}
		fd, err = unix.Open(path, unix.O_RDWR|unix.O_NONBLOCK|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
		return err
	})
	return fd, err
}

func drain(fd int) {
	var buf [512]byte
	for {
		if n, err := unix.Read(fd, buf[:]); n <= 0 || err != nil {
			return
		}
	}
}
