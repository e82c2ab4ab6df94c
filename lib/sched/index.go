package sched

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"bgtasks/lib/launch"
	"bgtasks/lib/proc"
	"bgtasks/lib/store"
)

// index is the scheduler's index of a home. What changes it, or must see it
// whole, is done while its lock is held: between lock and unlock.
type index struct {
	home *store.Home
	dir  string
	boot string      // of this system
	lock *store.Lock // nil while it is not held

	claims  map[string]*claim      // those that are occupied or awaited, once reaped
	queues  map[string]int         // how many slots are occupied, by queue
	kinds   map[string]int         // the same by kind
	keys    map[string]bool        // concurrency keys that are held, by tag
	configs map[string]queueConfig // those that were read in this section

	waiters map[string]*waiter        // those that were looked at in this section, because whom they wait for has ended
	fates   map[string]*launch.Ending // of tasks that this process is ending
	moved   int                       // entries that were moved in this section for the ends of others

	woken bool // the sleeper was told in this section that a task has a time
	todo  work
}

// work is what has to be done once the lock is released, because it takes time.
type work struct {
	picked  []*pick
	sick    []string // ids of claims whose supervisor is gone
	doomed  []string // ids of tasks whose dependencies can't be met
	victims []victim // tasks that are to end, because others took their place
	again   bool     // there was more to be done than one is to hold the lock for
	timed   bool     // a task is not due: someone has to sleep
}

// newIndex names the index of a home. Where the boot of the system can't be told,
// nothing is started.
func newIndex(h *store.Home) *index {
	boot, _ := proc.BootID()
	return &index{home: h, dir: h.QueueDir(), boot: boot}
}

// locked runs f under the lock of the index. The error of a home without an
// index is fs.ErrNotExist.
func (x *index) locked(f func() error) error { return x.lockedBy(x.home.LockQueue, f) }

// lockedBy takes the lock with take.
func (x *index) lockedBy(take func() (*store.Lock, error), f func() error) error {
	lock, err := take()
	if err != nil {
		return fmt.Errorf("lock the queues: %w", err)
	}
	x.lock, x.waiters, x.moved = lock, map[string]*waiter{}, 0
	if err = x.checkDirs(); err == nil {
		err = f()
	}
	x.lock = nil
	return errors.Join(err, lock.Unlock())
}

// checkDirs refuses an index of which a directory is something else: what is made
// or removed through a link lies outside of the home.
func (x *index) checkDirs() error {
	for _, dir := range indexDirs {
		if err := store.CheckDir(x.path(dir)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("look at the queues: %w: remove what is in its place", err)
		}
	}
	return nil
}

// make makes the directories of an index.
func (x *index) make() error {
	for _, dir := range []string{x.dir, x.path(store.ClaimsDir), x.path(queuesDir), x.path(kindsDir)} {
		if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("make the queues: %w", err)
		}
	}
	return nil
}

// active tells whether tasks may be started in this boot of the system: whether
// someone has asked for that since it began.
func (x *index) active() bool {
	return x.boot != "" && x.home.StartsIn() == x.boot
}

// waiting makes the file that tells whoever ends a task to look for the next.
// It comes before the look at whom to wait for, so that one who ends meanwhile
// finds it.
func (x *index) markWaiting() error {
	x.lock.Foretell(store.Undone)
	return create(x.path(store.WaitingFile))
}

func removeFile(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (x *index) path(names ...string) string {
	return x.dir + "/" + filepath.Join(names...)
}

// ready is the set of the tasks in this queue and of this kind that may be
// started.
func (x *index) ready(queue, kind string) set {
	return set{x.path(readyDir, queue, kind), 2, x.blank()}
}

// blocked is the set of those that wait for a key.
func (x *index) blocked(tag, queue, kind string) set {
	return set{x.path(keysDir, tag, queue, kind), 3, x.blank()}
}

// due is the set of those that are not due yet by this clock.
func (x *index) due(clock string) set { return set{x.path(dueDir, clock), 1, x.blank()} }

// blank is an empty file that is there when a task is entered.
func (x *index) blank() string { return x.path(store.WaitingFile) }

// claim is what a task that was chosen to run holds, from then until a dispatch
// finds that its run is over or that it waits again. One that holds nothing is a
// lookout: somebody waits for the task's end.
type claim struct {
	id          string
	run         int // 0 for a lookout
	queue, kind string
	tag         string // of its concurrency key
}

func (c *claim) lookout() bool { return c.run == 0 }

// pick is a task that was chosen to be started, with its lock, which keeps
// everybody else from it until its supervisor has it.
type pick struct {
	lock  *store.Lock
	facts *facts
}

// release gives up what was chosen, because the critical section failed.
func (w *work) release() (err error) {
	for _, p := range w.picked {
		err = errors.Join(err, p.lock.Unlock())
	}
	w.picked = nil
	return err
}

// victim is a task that another one has taken the place of, and that is to end.
type victim struct{ id, by string }

// waiter is a task that waits for others, as it was found once in a section: it may
// wait for ten thousand of them.
type waiter struct {
	*facts
	err  error
	met  int              // so many of its dependencies, from the first on, are in no list any more
	with map[string][]int // the places of its dependencies, by id
}

// enter makes an empty file in a directory of the index.
func (x *index) enter(dir, name string) error {
	path := x.path(dir, name)
	err := create(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err = os.MkdirAll(x.path(dir), 0o700); err == nil {
			err = create(path)
		}
	}
	return err
}
