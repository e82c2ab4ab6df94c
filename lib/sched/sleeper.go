package sched

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"

	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// Main is the whole program bg-dispatch. It returns the exit status. It has nobody to
// complain to.
func Main(args []string) int {
	work := HandOver
	if len(args) == 2 && args[0] == record.SleepWord {
		work, args = sleep, args[1:]
	}
	if len(args) != 1 || !filepath.IsAbs(args[0]) {
		os.Stderr.WriteString("bg-dispatch: error: not for people: bg-queue kick starts what may be started\n")
		return 2
	}
	syscall.Umask(0o077)
	_ = os.Chdir("/") // a directory must not be kept busy by one who sleeps
	if err := work(store.At(args[0])); err != nil {
		return 1
	}
	return 0
}

// sleep dispatches whenever a task is due, and ends when none will be. There is one
// such process for a home. It is decided under the lock of the index that nobody is
// needed any more, so whoever makes a task wait later starts another. Where an orphan is
// made in two steps (proc.SpawnOrphan), this is the second.
func sleep(h *store.Home) error {
	if proc.LeadsSession() {
		return proc.ForkAgain(unix.Stderr)
	}
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
		proc.DrainPipe(bell)
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
