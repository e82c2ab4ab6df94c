package sched

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"

	"bgtasks/lib/fail"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// movesAtMost is how many entries one critical section moves: others wait for the
// lock meanwhile.
const movesAtMost = 512

// place enters a task that waits where it belongs: among those that wait for the
// end of others; among those that are not due, that are blocked by a key, or that may
// be started. It may be there already. One whose dependencies can't be met is to be
// ended. What is forgotten, but still listed, was never met.
func (x *index) place(f *facts) error { return x.placeAfter(f, x.listed(f), never) }

// placeAnew does so for a task of which the index says nothing that holds. What is
// forgotten then was met: nobody forgets an end before all who wait for it are
// decided (Settle), and a task that the end doomed does not wait any more.
func (x *index) placeAnew(f *facts) error {
	for _, d := range f.dependencies() {
		if err := removeFile(x.entryOf(d, f.spec.ID)); err != nil {
			return err
		}
	}
	return x.placeAfter(f, f.dependencies(), met)
}

// placeAfter enters a task that waits for what is open of these.
func (x *index) placeAfter(f *facts, list []record.Dependency, lost verdict) error {
	all, open, err := x.judgeDependencies(list, lost)
	switch {
	case err != nil:
		return err
	case len(open) == 0:
		return x.placeFree(f)
	case all == never:
		x.todo.doomed = append(x.todo.doomed, f.spec.ID)
	}
	return x.await(f.spec.ID, open)
}

// placeFree enters a task that waits for no other.
func (x *index) placeFree(f *facts) error {
	fail.Pass("place-enter")
	id := f.spec.ID
	if m, ok := f.dueAt(x.boot); ok && !m.passed() {
		x.todo.timed = true
		x.wakeSleeper()
		return x.due(m.clock).add(entry{key: m.ms, id: id})
	}
	e := entry{orderKey(f.spec.Schedule), id, keyTag(f.spec)}
	queue, kind := queueName(f.spec.Schedule.Queue), kindName(f.spec.Kind)
	if x.keys[e.tag] {
		return x.blocked(e.tag, queue, kind).add(e)
	}
	return x.ready(queue, kind).add(e)
}

// wakeSleeper makes the process that sleeps look again once the lock is free: it may
// have to sleep for less long. It is rung before the entry is made, so that nothing
// is missed if this process is killed in between; once is enough in a section.
func (x *index) wakeSleeper() {
	if !x.woken {
		x.woken = true
		ringSleeper(x.home)
	}
}

// removeEntries removes a task from wherever it waited.
func (x *index) removeEntries(f *facts) error {
	s := f.spec
	if s.Schedule == nil {
		return nil
	}
	e := entry{orderKey(s.Schedule), s.ID, keyTag(s)}
	queue, kind := queueName(s.Schedule.Queue), kindName(s.Kind)
	errs := []error{x.ready(queue, kind).remove(e)}
	if e.tag != "" {
		errs = append(errs, x.blocked(e.tag, queue, kind).remove(e), x.releaseKey(e.tag))
	}
	if f.state != nil {
		if m, ok := f.dueAt(x.boot); ok {
			errs = append(errs, x.due(m.clock).remove(entry{key: m.ms, id: s.ID}))
		}
	}
	for _, d := range s.Schedule.After {
		errs = append(errs, removeFile(x.entryOf(d, s.ID)))
		_ = os.Remove(x.path(awaitedIn(d), d.ID)) // if nobody else waits
	}
	return errors.Join(errs...)
}

// releaseKey lets the first of those that wait for a key, in each queue and of each
// kind, try again, unless another task holds it.
func (x *index) releaseKey(tag string) error {
	if x.keys[tag] {
		return nil
	}
	return x.eachLane(x.path(keysDir, tag), func(queue, kind string) error {
		from := x.blocked(tag, queue, kind)
		c := from.cursor()
		for {
			e, ok, err := c.peek()
			if err != nil || !ok {
				return err
			}
			if f, err := read(x.home, e.id); err == nil && f.waits() {
				return from.move(e, x.ready(queue, kind))
			}
			if err := from.remove(e); err != nil {
				return err
			}
			c.skip()
		}
	})
}

// eachLane visits the queues and kinds of which there is a set below dir. Under the
// lock it removes what a crash left empty.
func (x *index) eachLane(dir string, visit func(queue, kind string) error) error {
	queues, err := namesIn(dir)
	if err != nil {
		return err
	}
	for _, queue := range queues {
		kinds, err := namesIn(dir + "/" + queue)
		if err != nil {
			return err
		}
		if len(kinds) == 0 && x.lock != nil {
			_ = unix.Rmdir(dir + "/" + queue)
		}
		for _, kind := range kinds {
			if err := visit(queue, kind); err != nil {
				return err
			}
		}
	}
	if len(queues) == 0 && x.lock != nil {
		_ = unix.Rmdir(dir)
	}
	return nil
}

// expire moves the tasks whose time has come to where they belong now.
func (x *index) expire() error {
	for _, clock := range []string{bootClock, wallClock} {
		if err := x.expireBy(clock); err != nil {
			return err
		}
	}
	return nil
}

func (x *index) expireBy(clock string) error {
	s := x.due(clock)
	c := s.cursor()
	for moved := 0; ; moved++ {
		e, ok, err := c.peek()
		if err != nil || !ok {
			return err
		}
		if e.key > now(clock) {
			x.todo.timed = true
			return nil
		}
		if moved == movesAtMost {
			x.todo.again = true
			return nil
		}
		fail.Pass("due-place")
		if f, err := read(x.home, e.id); err == nil && f.waits() {
			if err := x.place(f); err != nil {
				return err
			}
		}
		if err := s.remove(e); err != nil {
			return err
		}
		c.skip()
	}
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
