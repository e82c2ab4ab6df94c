package watch

import (
	"errors"
	"math/rand/v2"
	"time"

	"golang.org/x/sys/unix"

	"bgtasks/lib/launch"
	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
)

// ahead looks after the tasks that wait to be started: one for all of them, however
// many are waited for. In order one that ends starts the next, whose bell rings. If
// its supervisor is killed, or the dispatcher, or the process that sleeps until a task
// is due, or if they fail, nobody would. So these processes are watched, and when one
// has ended it is looked whether something was left undone. That may be on its way:
// only if nobody has touched it a moment later the dispatcher is sent for.
//
// It knows also those that do not wait, but of which it could not be found out whose
// end would bring the next news.
type ahead struct {
	home    *store.Home
	waiting map[string]bool // the tasks; true for one of the latter
	eyes    map[string]int  // exit descriptors, by the task that the process holds, or sleeper

	next  time.Time     // when to look without a reason
	pause time.Duration // between looks at what was left undone, 0 for nothing is
	left  time.Time     // when that was left so, zero if the dispatcher was sent for since
}

// sleeper is a name for the process that sleeps. It is no id.
const sleeper = ":sleeper"

// maxEyes is how many processes are watched. What becomes of others shows when one of
// these ends, or at the next full look.
const maxEyes = 64

// Of two who are due to look, many processes perhaps, the later one finds what the
// other has done: each pause is drawn from a span.
const (
	firstPause = 250 * time.Millisecond
	lastPause  = 10 * time.Second
	// fullPause is how often all is looked at without a reason. Who starts a task may
	// be nobody who could be watched before: a verb, or the process that sleeps.
	fullPause = 10 * time.Second
)

// mind notes whether the task waits to be started, so that its own news depend on
// others.
func (a *ahead) mind(t *view.Task) {
	if waits(t) {
		a.waiting[t.ID] = false
	} else {
		delete(a.waiting, t.ID)
	}
}

// look is had before each sleep. It names tasks of which there may be news that nobody
// has told.
func (a *ahead) look() (untold []string) {
	if len(a.waiting) == 0 {
		a.release()
		a.next, a.pause = time.Time{}, 0
		return nil
	}
	full := !time.Now().Before(a.next)
	claims, _ := a.home.Claims()
	if full {
		a.release() // a lock that is held may have got another holder
		if !a.next.IsZero() {
			untold = a.untold(claims)
		}
	}
	a.plan(a.done(claims, full), full)
	return untold
}

// plan says when to look without a reason, after a look that has found all done, or
// not. It sends for the dispatcher if that was so before, and nobody has changed
// anything since.
func (a *ahead) plan(done, full bool) {
	now := time.Now()
	_, left := a.home.Outlook()
	switch {
	case done && (full || a.pause > 0):
		a.pause, a.next = 0, now.Add(fullPause)
	case done:
	case a.pause == 0:
		a.pause, a.left = firstPause, left
		a.next = now.Add(a.pause + rand.N(a.pause))
	case full:
		if a.left.IsZero() || left.Equal(a.left) {
			_ = launch.Kick(a.home, true) // or the next look does
			left = time.Time{}
		}
		a.pause, a.left = min(2*a.pause, lastPause), left
		a.next = now.Add(a.pause)
	}
}

// untold lists the tasks that do not wait any more, for all that can be seen of many
// at little cost: whoever has started or ended them may have been killed before he
// could ring.
func (a *ahead) untold(claims []string) (ids []string) {
	for _, id := range claims {
		if _, ours := a.waiting[id]; ours {
			ids = append(ids, id)
		}
	}
	for id, unknown := range a.waiting {
		if unknown || !a.home.MarkedLive(id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// done tells whether nothing was left undone, as far as can be seen without the lock
// of the index, and opens eyes for those who are to do what comes. A full look does not
// rely on processes that are watched already. In a boot in which nothing is started
// before somebody asks, nothing is to be done.
func (a *ahead) done(claims []string, full bool) bool {
	boot, err := proc.BootID()
	if err != nil || a.home.StartsIn() != boot {
		return true
	}
	outlook, _ := a.home.Outlook()
	asleep, who := a.home.TimerHeld()
	if asleep && who != nil {
		a.open(sleeper, who)
	}
	done := outlook != store.Undone && (outlook != store.Timed || asleep)
	for _, id := range claims {
		done = a.held(id, full) && done
	}
	return done
}

// held tells whether a claimed task has a living supervisor, and opens an eye for it.
// If it has none, whoever should have given the claim back has not.
func (a *ahead) held(id string, full bool) bool {
	if _, watched := a.eyes[id]; !full && (watched || len(a.eyes) >= maxEyes) {
		return true
	}
	dir := a.home.TaskDir(id)
	held, err := store.LockHeld(dir)
	if err != nil || !held {
		return false
	}
	holder := store.Holder(dir)
	return holder != nil && a.open(id, holder)
}

// open opens an eye for a process, unless there is one. It tells whether that lives,
// as far as is known.
func (a *ahead) open(name string, p *record.Process) (lives bool) {
	if _, watched := a.eyes[name]; watched || len(a.eyes) >= maxEyes {
		return true
	}
	if presence, err := proc.Identity(*p).Presence(); err == nil && presence != proc.Alive {
		return false // of one that nobody reaps a descriptor would fire for ever
	}
	fd, err := exitFD(proc.Identity(*p))
	if err == nil {
		a.eyes[name] = fd
	}
	return !errors.Is(err, proc.ErrGone)
}

// sooner gives the earlier one of a deadline, zero for none, and the next look.
func (a *ahead) sooner(deadline time.Time) time.Time {
	if a.next.IsZero() || !deadline.IsZero() && deadline.Before(a.next) {
		return deadline
	}
	return a.next
}

// close closes the eye for a process that has ended.
func (a *ahead) close(fd int) {
	for name, eye := range a.eyes {
		if eye == fd {
			unix.Close(fd)
			delete(a.eyes, name)
		}
	}
}

// release closes all eyes.
func (a *ahead) release() {
	for _, fd := range a.eyes {
		unix.Close(fd)
	}
	clear(a.eyes)
}
