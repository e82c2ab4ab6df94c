package faults

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"bgtasks/lib/store"
	"bgtasks/test/suite"
)

// Flags of a task that is tried again: so soon that a test can wait for it, but not
// before someone was made to sleep until then.
var (
	retrySoon  = []string{"--retries", "1", "--retry-delay", "250ms"}
	retryLater = []string{"--retries", "1", "--retry-delay", "5s"}
)

// scheduled tells whether the task goes through the scheduler.
func (w *world) scheduled() bool {
	return slices.ContainsFunc(w.flags, func(word string) bool {
		return word == "--retries" || word == "--after" || word == "--dedupe"
	})
}

// tryTwice lets two attempts come to their end.
func tryTwice(w *world) {
	w.start()
	for range 2 {
		w.awaitLife(w.endAttempt())
	}
}

func triedTask(w *world) {
	w.start()
	w.finishAll()
	w.must(trueCode, "bg-wait", w.id)
}

func restartAndTry(w *world) {
	w.restart()
	w.awaitLife(w.endAttempt())
}

func tryAndStop(w *world) {
	w.start()
	w.endAttempt()
	w.awaitEventOrEnd("retried") // a supervisor that was asked to stop would not try again
	w.run("bg-stop", w.id)
}

// tryAndBreak puts another program in the place of the task's while its first
// attempt runs, which reads the old one.
func tryAndBreak(w *world) {
	w.start()
	if !w.await(printed) {
		return
	}
	w.write("broken", noSuchInterpreter)
	w.Must(os.Rename(filepath.Join(w.Work, "broken"), filepath.Join(w.Work, "task")))
	w.awaitLife(w.endAttempt())
}

// claimedTask was to be started by one who was killed before a supervisor was.
func claimedTask(w *world) {
	w.arm("attempt-launch=kill9")
	w.start()
	w.disarm()
}

// firstTask starts another task, which lives until it is released.
func firstTask(w *world) {
	w.must(0, "bg-start", "--id", "first", "sh", "-c", `read -r go <"$WORLD/gate"`)
}

// startAfterFirst starts the task while it has to wait for the other one.
func startAfterFirst(w *world) {
	w.start()
	if w.hear(); w.latest() != nil {
		w.T.Errorf("the task began before the one that it waits for had ended")
	}
	w.release()
	w.run("bg-wait", "first")
	w.end()
}

// startBatch starts the task by a list, whose second entry has the same key: the
// first is the answer to both.
func startBatch(w *world) {
	w.run("bg-start", fmt.Sprintf(`[{"id":%q,"command":%q,"logMax":%q,"killGraceMs":0,"dedupeKey":"key"},{"command":"true","dedupeKey":"key"}]`,
		w.id, filepath.Join(w.Work, "task"), logMax))
	w.end()
}

// startAndFallSilent lets the watchdog notice that the task does nothing.
func startAndFallSilent(w *world) {
	w.start()
	if w.await(printed) && w.awaitEventOrEnd("stale") {
		w.end()
	}
}

// endAttempt lets the attempt at hand come to its end, if it has a supervisor, and
// says how many there have been with it.
func (w *world) endAttempt() (lives int) {
	if !w.await(printed) {
		return len(w.lives)
	}
	l, lives := w.latest(), len(w.lives)
	this := func() *life { return l }
	for _, at := range []stage{printed, written} {
		if !w.awaitOf(this, at) || len(w.shims()) == 0 {
			return lives
		}
		w.release()
	}
	w.awaitOf(this, exiting)
	return lives
}

// awaitLife waits until there have been more attempts than that, or no process is
// left that could begin one.
func (w *world) awaitLife(lives int) {
	deadline := time.Now().Add(suite.Patience)
	for w.hear(); len(w.lives) <= lives && time.Now().Before(deadline); w.hear() {
		left := w.processes()
		if len(left) == 0 {
			break
		}
		w.sleepUntilChange(left, deadline)
	}
}

// finishAll lets the run come to its end, with all of its attempts. A verb that
// looks starts what a fault has kept from being started.
func (w *world) finishAll() {
	w.T.Helper()
	w.finish()
	for attempts := 0; w.scheduled() && w.exists() && attempts < 5; attempts++ {
		if a := w.run("bg-status", "-o", "{{.State}}", w.id); a.Code != 0 || terminal[strings.TrimSpace(a.Out)] {
			return
		}
		if l := w.latest(); l == nil || !l.Runs() {
			w.awaitLife(len(w.lives))
		}
		w.finish()
	}
}

// livesOf are those of a run, in order.
func (w *world) livesOf(run int) (list []*life) {
	for _, l := range w.lives {
		if l.run == run {
			list = append(list, l)
		}
	}
	if !w.scheduled() && len(list) > 1 {
		list = list[len(list)-1:] // the others are of a task that was replaced
	}
	return list
}

// awaitEventOrEnd waits for an event, and gives up when no supervisor is left.
func (w *world) awaitEventOrEnd(name string) bool {
	bell, err := store.NewBell(store.At(w.Path).JournalBells(), store.BellChange)
	w.Must(err)
	defer bell.Close()
	deadline := time.Now().Add(suite.Patience)
	for !w.hasEvent(name) {
		shims := w.shims()
		if len(shims) == 0 || time.Now().After(deadline) {
			return false
		}
		fd, err := unix.PidfdOpen(shims[0].PID, 0)
		if err != nil {
			continue
		}
		unix.Poll([]unix.PollFd{{Fd: int32(bell.FD()), Events: unix.POLLIN}, {Fd: int32(fd), Events: unix.POLLIN}},
			int(max(time.Until(deadline).Milliseconds(), 0)))
		unix.Close(fd)
		bell.Drain()
	}
	return true
}
