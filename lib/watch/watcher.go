package watch

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"time"

	"bgtasks/lib/fsys"
	"bgtasks/lib/store"

	"golang.org/x/sys/unix"
)

// ErrTimeout says that the deadline passed before anything else happened.
var ErrTimeout = errors.New("the waiting timed out")

// Names that Wait gives for what is no task. They are no ids.
const (
	Journal    = ":journal"    // the journal has grown
	Descriptor = ":descriptor" // a descriptor of AddFD has an error or a hang-up
)

// nobody is woken by the end of a process that is watched for those who wait.
const nobody = ":nobody"

// Watcher waits for changes of the tasks that were added. It is not for concurrent use.
// One descriptor reports the changes of all tasks. For each running task, another
// descriptor reports the end of its supervisor, as long as descriptors are left: Go
// raises their soft limit to the hard one (package os).
type Watcher struct {
	home    *store.Home
	cancel  [2]*os.File // a pipe that wakes a wait whose context is done
	tasks   map[string]*subscription
	numbers map[uint64]string        // ids of these
	last    uint64                   // number
	chimes  []*store.Chime           // that hang at tasks, the newest last
	eye     *eye                     // that looks at tasks instead, nil for none
	seen    map[int32]uint64         // numbers of these, by the key of the eye
	exits   map[string]*subscription // those with an exit descriptor
	journal bell
	fds     []int
	polled  []unix.PollFd // reused
	owners  []string      // of polled
	ahead   ahead
	follows *follows // nil until there are any
}

// New returns a watcher that watches nothing yet. Close removes its bells.
func New(h *store.Home) (*Watcher, error) {
	r, w, err := fsys.Pipe()
	if err != nil {
		return nil, fmt.Errorf("prepare to wait: %w", err)
	}
	return &Watcher{home: h, cancel: [2]*os.File{r, w}, tasks: map[string]*subscription{},
		numbers: map[uint64]string{}, exits: map[string]*subscription{},
		ahead: ahead{home: h, waiting: map[string]bool{}, eyes: map[string]int{}}}, nil
}

// Add creates a bell at the task; the caller looks at the task afterwards. With logs, the
// growth of the log wakes the watcher too, and Add tells the shim that there is a
// listener. The error is *view.NotFoundError if there is no such task. Adding a task again
// changes nothing.
func (w *Watcher) Add(id string, logs bool) error {
	if w.tasks[id] != nil {
		return nil
	}
	if w.home.Away() != nil {
		return nil // nobody there would see our bell
	}
	s, err := w.subscribe(id, logs)
	if err != nil {
		return err
	}
	w.tasks[id] = s
	return nil
}

// AddJournal makes the growth of the journal wake the watcher.
func (w *Watcher) AddJournal() (err error) {
	if err := w.home.Away(); err != nil {
		return err
	}
	if w.journal == nil {
		w.journal, err = hangOne(w.home.JournalBells(), store.BellChange)
	}
	return err
}

// AddFD makes an error or a hang-up on a descriptor of the caller wake the watcher, for
// example on standard output when its reader has gone (poll(2), POLLERR and POLLHUP).
// A descriptor that becomes readable or writable does not wake it.
func (w *Watcher) AddFD(fd int) { w.fds = append(w.fds, fd) }

// Remove stops watching a task.
func (w *Watcher) Remove(id string) {
	if s := w.tasks[id]; s != nil {
		_ = w.leave(s)
		delete(w.tasks, id)
		delete(w.exits, id)
		delete(w.ahead.waiting, id)
	}
}

// Close removes all bells.
func (w *Watcher) Close() error {
	err := errors.Join(w.cancel[0].Close(), w.cancel[1].Close())
	for _, s := range w.tasks {
		err = errors.Join(err, w.leave(s))
	}
	if w.eye != nil {
		err = errors.Join(err, w.eye.Close())
	}
	err = errors.Join(err, w.follows.close())
	w.ahead.release()
	if w.journal != nil {
		err = errors.Join(err, w.journal.Close())
	}
	w.tasks, w.journal = nil, nil
	return err
}

// Wait sleeps until something that was added changes, and returns what the caller should
// look at now: the ids of changed tasks, the ids of followed tasks whose supervisor has
// ended, Journal or Descriptor. The error is ErrTimeout at the deadline (the zero time:
// no deadline), that of ctx when it is done, *store.AwayError in a home of another host,
// or an error of poll(2). A task that was replaced meanwhile gets new bells. A task that
// was removed is among the ids, and its Add or Load then says so.
func (w *Watcher) Wait(ctx context.Context, deadline time.Time) ([]string, error) {
	if err := w.home.Away(); err != nil {
		return nil, err // nobody there would wake us
	}
	defer w.wakeBy(ctx)()
	for {
		if untold := w.ahead.look(); len(untold) > 0 {
			return untold, w.freshenAll(untold)
		}
		if overdue := w.follows.overdue(); len(overdue) > 0 {
			return overdue, nil
		}
		w.collect()
		n, err := unix.Poll(w.polled, timeout(w.follows.sooner(w.ahead.sooner(deadline))))
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return nil, fmt.Errorf("wait: %w", err)
		case w.polled[0].Revents != 0:
			return nil, ctx.Err()
		case n > 0:
			if woken, err := w.answer(); err != nil || len(woken) > 0 {
				return woken, err
			}
		case !deadline.IsZero() && !time.Now().Before(deadline):
			return nil, ErrTimeout
		}
	}
}

// wakeBy makes the end of ctx readable in the cancel pipe, until stop.
func (w *Watcher) wakeBy(ctx context.Context) (stop func()) {
	said := make(chan struct{})
	forget := context.AfterFunc(ctx, func() {
		w.cancel[1].Write([]byte{0})
		close(said)
	})
	return func() {
		if !forget() {
			<-said
			w.cancel[0].Read(make([]byte, 1))
		}
	}
}

// Names among what is polled for what tells of many tasks. They are no ids.
const (
	chiming = ":chiming"
	looking = ":looking"
)

// collect lists what to poll; the descriptor that cancels comes first.
func (w *Watcher) collect() {
	w.polled, w.owners = w.polled[:0], w.owners[:0]
	w.poll("", int(w.cancel[0].Fd()), unix.POLLIN)
	for _, c := range w.chimes {
		w.poll(chiming, c.FD(), unix.POLLIN)
	}
	if w.eye != nil {
		w.poll(looking, w.eye.FD(), unix.POLLIN)
	}
	for id, s := range w.exits {
		if s.exit >= 0 {
			w.poll(id, s.exit, unix.POLLIN)
		} else {
			delete(w.exits, id)
		}
	}
	for _, fd := range w.ahead.eyes {
		w.poll(nobody, fd, unix.POLLIN)
	}
	if w.follows != nil && w.follows.set != nil {
		w.poll(following, w.follows.set.FD(), unix.POLLIN)
	}
	if w.journal != nil {
		w.poll(Journal, w.journal.FD(), unix.POLLIN)
	}
	for _, fd := range w.fds {
		w.poll(Descriptor, fd, 0)
	}
}

func (w *Watcher) poll(owner string, fd int, events int16) {
	w.polled = append(w.polled, unix.PollFd{Fd: int32(fd), Events: events})
	w.owners = append(w.owners, owner)
}

// answer makes what has rung quiet, and only then says whose news it is.
func (w *Watcher) answer() ([]string, error) {
	woken := map[string]bool{}
	for i, p := range w.polled {
		switch owner := w.owners[i]; {
		case p.Revents == 0:
		case owner == nobody:
			w.ahead.close(int(p.Fd))
		case owner == following:
			ids, err := w.follows.ended()
			if err != nil {
				return nil, err
			}
			for _, id := range ids {
				woken[id] = true
			}
		case owner == chiming:
			w.listen(int(p.Fd), woken)
		case owner == looking:
			w.see(woken)
		case owner == Journal:
			w.journal.Drain()
			woken[Journal] = true
		default:
			woken[owner] = true
		}
	}
	ids := slices.Collect(maps.Keys(woken))
	return ids, w.freshenAll(ids)
}

// listen finds out at which tasks a chime was rung.
func (w *Watcher) listen(fd int, woken map[string]bool) {
	i := slices.IndexFunc(w.chimes, func(c *store.Chime) bool { return c.FD() == fd })
	if i < 0 {
		return
	}
	numbers, all := w.chimes[i].Drain()
	for _, number := range numbers {
		if id, known := w.numbers[number]; known {
			woken[id] = true
		}
	}
	for id, s := range w.tasks {
		if all && slices.ContainsFunc(s.names, func(n name) bool { return n.chime == w.chimes[i] }) {
			woken[id] = true
		}
	}
}

// see finds out in which directories something has changed.
func (w *Watcher) see(woken map[string]bool) {
	keys, all := w.eye.changed()
	for _, key := range keys {
		if id, known := w.numbers[w.seen[key]]; known {
			woken[id] = true
		}
	}
	for id, s := range w.tasks {
		if all && s.eye {
			woken[id] = true
		}
	}
}

// freshenAll does so for what has woken the watcher.
func (w *Watcher) freshenAll(woken []string) (err error) {
	for _, id := range woken {
		err = errors.Join(err, w.freshen(id))
	}
	return err
}

// timeout turns a deadline into milliseconds for poll(2), rounded up so that
// the deadline has passed when the timer fires; -1 for none. The deadline's
// monotonic reading makes it immune to steps of the wall clock.
func timeout(deadline time.Time) int {
	if deadline.IsZero() {
		return -1
	}
	ms := (time.Until(deadline) + time.Millisecond - 1) / time.Millisecond
	return int(min(max(ms, 0), math.MaxInt32))
}
