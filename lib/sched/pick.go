package sched

import (
	"errors"
	"io/fs"

	"bgtasks/lib/fail"
	"bgtasks/lib/store"
)

// maxPicks is how many tasks one critical section chooses at most: whoever chose
// them starts them, and if he is killed they wait for the next one who looks.
const maxPicks = 8

// lane is what waits in one queue and is of one kind.
type lane struct {
	queue, kind string
	set         set
	at          *cursor
	slots       int // of the queue, 0 for any number
	limit       int // of the kind, 0 for any number
}

// room tells whether another task of the lane may be started.
func (x *index) room(l *lane) bool {
	return (l.slots == 0 || x.queues[l.queue] < l.slots) && (l.limit == 0 || x.kinds[l.kind] < l.limit)
}

// lanes are those of which something may be started.
func (x *index) lanes() (lanes []*lane, err error) {
	limits := map[string]int{}
	configs := map[string]queueConfig{}
	err = x.eachLane(x.path(readyDir), func(queue, kind string) error {
		l := &lane{queue: queue, kind: kind, set: x.ready(queue, kind)}
		if queue != noQueue {
			c, known := configs[queue]
			if !known {
				c, _ = x.queue(queue)
				configs[queue] = c
			}
			if c.Paused {
				return nil
			}
			l.slots = c.Slots
		}
		limit, known := limits[kind]
		if !known {
			limit = x.limit(kind)
			limits[kind] = limit
		}
		l.limit = limit
		if x.room(l) {
			l.at = l.set.cursor()
			lanes = append(lanes, l)
		}
		return nil
	})
	return lanes, err
}

// choose picks the tasks that may be started now, in their order.
func (x *index) choose() error {
	lanes, err := x.lanes()
	if err != nil {
		return err
	}
	for moved := 0; ; {
		l, e, err := x.best(lanes)
		if err != nil || l == nil {
			return err
		}
		if len(x.todo.picked) == maxPicks || moved == 4*movesAtMost {
			x.todo.again = true
			return nil
		}
		l.at.skip()
		if e.tag != "" && x.keys[e.tag] {
			moved++
			if err := l.set.move(e, x.blocked(e.tag, l.queue, l.kind)); err != nil {
				return err
			}
			continue
		}
		if err := x.take(l, e); err != nil {
			return err
		}
	}
}

// best finds the lane whose first task comes first of all that have room; nil if
// there is none.
func (x *index) best(lanes []*lane) (first *lane, e entry, err error) {
	for _, l := range lanes {
		if !x.room(l) {
			continue
		}
		head, ok, err := l.at.peek()
		if err != nil {
			return nil, e, err
		}
		if ok && (first == nil || head.key < e.key) {
			first, e = l, head
		}
	}
	return first, e, nil
}

// take claims the task of an entry. A task that someone else has the lock of is
// being cancelled, or published just now: he will dispatch. One that does not wait
// any more, was never published, or is claimed, has no place here. One that needs a
// healer keeps its place until it is healed; if that ends it, the lookout tells.
func (x *index) take(l *lane, e entry) error {
	dir := x.home.TaskDir(e.id)
	lock, err := store.TryLock(dir)
	if errors.Is(err, fs.ErrNotExist) && store.RenewLock(dir) == nil { // of one that waits nobody has another
		lock, err = store.TryLock(dir)
	}
	switch {
	case errors.Is(err, store.ErrLocked) && x.claims[e.id] == nil:
		return nil
	case err != nil && !errors.Is(err, store.ErrLocked) && !errors.Is(err, fs.ErrNotExist):
		return err
	case err != nil:
		return x.drop(l, e)
	}
	fail.Pass("pick-locked")
	f, err := read(x.home, e.id)
	if err == nil && f.sick(x.home) {
		x.todo.sick = append(x.todo.sick, e.id)
		return errors.Join(x.lookout(e.id), lock.Unlock())
	}
	misplaced := err == nil && f.waits() && (orderKey(f.spec.Schedule) != e.key || x.early(f))
	if err != nil || !f.waits() || misplaced {
		if misplaced {
			err = x.place(f)
		} else {
			err = nil
		}
		return errors.Join(err, lock.Unlock(), x.drop(l, e))
	}
	c := claimOf(f)
	if err := x.writeClaim(c); err != nil {
		return errors.Join(err, lock.Unlock())
	}
	x.count(c)
	x.todo.picked = append(x.todo.picked, &pick{lock, f})
	fail.Pass("pick-claimed")
	return l.set.remove(e)
}

// early tells whether a task is not due.
func (x *index) early(f *facts) bool {
	m, ok := f.dueAt(x.boot)
	return ok && !m.passed()
}

// drop removes an entry that has no task. If it stood for those that wait for a
// key, the next of these takes its place.
func (x *index) drop(l *lane, e entry) error {
	if err := l.set.remove(e); err != nil || e.tag == "" {
		return err
	}
	x.todo.again = true
	return x.releaseKey(e.tag)
}
