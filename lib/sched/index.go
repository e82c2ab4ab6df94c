package sched

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"bgtasks/lib/fsys"
	"bgtasks/lib/proc"
	"bgtasks/lib/record"
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

	waiters map[string]*waiter  // those that were looked at in this section, because whom they wait for has ended
	fates   map[string]*quitter // tasks that this process is ending
	moved   int                 // entries that were moved in this section for the ends of others

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

// activate allows it. What the index said before is of another boot, or there was
// none: it is made anew.
func (x *index) activate() error {
	if x.active() {
		return nil
	}
	if err := x.rebuild(); err != nil {
		return err
	}
	return store.Replace(x.path(store.BootFile), []byte(x.boot+"\n"))
}

// refresh makes the index true of this boot, without allowing any start: a crash of
// the system may have left its files behind the records.
func (x *index) refresh() error {
	if x.active() {
		return nil
	}
	if raw, err := fsys.ReadFile(x.path(builtFile)); err == nil && x.boot != "" && strings.TrimSpace(string(raw)) == x.boot {
		return nil
	}
	if err := x.rebuild(); err != nil {
		return err
	}
	return store.Replace(x.path(builtFile), []byte(x.boot+"\n"))
}

// waiting makes the file that tells whoever ends a task to look for the next.
// It comes before the look at whom to wait for, so that one who ends meanwhile
// finds it.
func (x *index) markWaiting() error {
	x.lock.Foretell(store.Undone)
	return create(x.path(store.WaitingFile))
}

// unmarkWaiting removes it once nothing waits: when each of the sets' directories is
// empty, and goes.
func (x *index) unmarkWaiting() error {
	for _, dir := range []string{readyDir, dueDir, keysDir, afterDir, goneDir} {
		switch err := unix.Rmdir(x.path(dir)); {
		case err == nil, errors.Is(err, unix.ENOENT):
		case dir == keysDir && len(x.keys) == 0:
			return x.freeKeys()
		case dir == afterDir, dir == goneDir:
			return x.sweep(dir)
		default:
			return nil
		}
	}
	return removeFile(x.path(store.WaitingFile))
}

// freeKeys lets those try again that wait for keys which nobody holds, nor stands
// for: a crash left them, or entries without a task.
func (x *index) freeKeys() error {
	tags, err := namesIn(x.path(keysDir))
	for _, tag := range tags {
		if err := x.releaseKey(tag); err != nil {
			return err
		}
	}
	x.todo.again = x.todo.again || fsys.Exists(x.path(readyDir))
	return err
}

// sweepAtMost is how many directories one critical section sweeps.
const sweepAtMost = 64

// sweep removes directories that a crash left empty, until it meets one that is not:
// as long as anyone waits they are in nobody's way, and what a dispatch costs must
// not grow with the number of those who are waited for.
func (x *index) sweep(dir string) error {
	d, err := os.Open(x.path(dir))
	if err != nil {
		return err
	}
	ids, err := d.Readdirnames(sweepAtMost)
	for _, id := range ids {
		if unix.Rmdir(x.path(dir, id)) != nil {
			break
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return errors.Join(err, d.Close())
}

func removeFile(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// sequenceWidth is how the next sequence number is written: always in the same
// place, so that one write replaces it.
const sequenceWidth = 16

// sequence takes n consecutive numbers and gives the first.
func (x *index) sequence(n int) (int64, error) {
	f, err := fsys.Open(x.path(seqFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	raw := make([]byte, sequenceWidth)
	next := int64(1)
	if got, _ := f.ReadAt(raw, 0); got > 0 {
		if next, err = strconv.ParseInt(string(raw[:got]), 10, 64); err != nil || got != sequenceWidth {
			if next, err = x.lastSequence(); err != nil {
				return 0, err
			}
			next++
		}
	}
	return next, x.writeSequence(f, next+int64(n))
}

func (x *index) writeSequence(f *os.File, next int64) error {
	digits := strconv.FormatInt(next, 10)
	_, err := f.WriteAt([]byte(strings.Repeat("0", sequenceWidth-len(digits))+digits+"\n"), 0)
	return err
}

// lastSequence is the highest number that an open task has.
func (x *index) lastSequence() (last int64, err error) {
	ids, err := x.home.LiveIDs()
	for _, id := range ids {
		if f, err := look(x.home, id); err == nil && f.spec.Schedule != nil {
			last = max(last, f.spec.Schedule.Sequence)
		}
	}
	return last, err
}

// rebuild makes the index anew from the records.
func (x *index) rebuild() error {
	for _, dir := range []string{readyDir, keysDir, dueDir, afterDir, goneDir, store.ClaimsDir, dedupeDir, supersedeDir} {
		if err := os.RemoveAll(x.path(dir)); err != nil {
			return fmt.Errorf("make the queues anew: %w", err)
		}
	}
	if err := errors.Join(x.make(), x.markWaiting()); err != nil {
		return err
	}
	last, err := x.lastSequence()
	if err != nil {
		return err
	}
	if next, err := x.sequence(0); err != nil || next <= last {
		if err := x.resetSequence(last + 1); err != nil {
			return err
		}
	}
	return x.enterAll()
}

func (x *index) resetSequence(next int64) error {
	f, err := fsys.Open(x.path(seqFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(x.writeSequence(f, next), f.Close())
}

// enterAll enters every open task that is scheduled: first those that hold
// something, then those that wait.
func (x *index) enterAll() error {
	ids, err := x.home.LiveIDs()
	if err != nil {
		return err
	}
	var waiting []*facts
	for _, id := range ids {
		f, err := look(x.home, id)
		switch {
		case err != nil || f.spec.Schedule == nil || f.terminal():
		case f.waits():
			waiting = append(waiting, f)
		default:
			err = x.writeClaim(claimOf(f))
		}
		if err == nil && f != nil && !f.terminal() {
			err = x.enterKeys(f.spec)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !unreadable(err) {
			return err
		}
	}
	if err := x.reap(); err != nil {
		return err
	}
	for _, f := range waiting {
		if err := x.placeAnew(f); err != nil {
			return err
		}
	}
	return nil
}

// enterKeys lists an open task by its dedupe and supersede keys.
func (x *index) enterKeys(s *record.Spec) error {
	for _, list := range keyLists(s) {
		if err := x.enter(list, s.ID); err != nil {
			return err
		}
	}
	return nil
}

// leaveKeys takes it off these lists.
func (x *index) leaveKeys(s *record.Spec) error {
	for _, list := range keyLists(s) {
		if err := removeFile(x.path(list, s.ID)); err != nil {
			return err
		}
		if os.Remove(x.path(list)) == nil { // it was the last with this key
			_ = os.Remove(filepath.Dir(x.path(list)))
		}
	}
	return nil
}

// keyLists are the directories that list the open tasks with the keys of s.
func keyLists(s *record.Spec) (lists []string) {
	if s.DedupeKey != "" {
		lists = append(lists, dedupeDir+"/"+hash(s.Kind, s.DedupeKey))
	}
	if s.SupersedeKey != "" {
		lists = append(lists, supersedeDir+"/"+hash(s.Kind, s.SupersedeKey))
	}
	return lists
}
