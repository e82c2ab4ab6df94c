package sched

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"bgtasks/lib/fsys"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// Queue is the state of a queue.
type Queue struct {
	Name     string `json:"name"`
	Slots    int    `json:"slots"`
	Running  int    `json:"running"`
	Waiting  int    `json:"waiting"` // queued, or waiting for another attempt
	Paused   bool   `json:"paused"`
	Draining bool   `json:"draining"`
}

// Kind is the state of a kind with a limit.
type Kind struct {
	Kind    string `json:"kind"`
	Limit   int    `json:"limit"`
	Running int    `json:"running"`
}

// List returns the queues that are configured or used, and the kinds that have a limit,
// by name. If the home changes meanwhile, the numbers are approximate. A queue whose
// configuration can't be read is paused.
func List(h *store.Home) (queues []Queue, kinds []Kind, err error) {
	x := newIndex(h)
	running, runningKinds, err := x.running()
	if err != nil {
		return nil, nil, err
	}
	waiting, err := x.waitingByQueue()
	if err != nil {
		return nil, nil, err
	}
	configured, err := namesIn(x.path(queuesDir))
	if err != nil {
		return nil, nil, err
	}
	for _, name := range union(configured, keysOf(running), keysOf(waiting)) {
		c, _ := x.queue(name)
		queues = append(queues, Queue{name, c.Slots, running[name], waiting[name], c.Paused, c.Draining})
	}
	kinds, err = x.limits(runningKinds)
	return queues, kinds, err
}

// limits gives the kinds that have a limit.
func (x *index) limits(running map[string]int) (kinds []Kind, err error) {
	names, err := namesIn(x.path(kindsDir))
	slices.Sort(names)
	for _, name := range names {
		var c kindConfig
		if found, err := readConfig(x.path(kindsDir, name), &c); err != nil || !found || c.Limit == 0 {
			continue
		}
		kinds = append(kinds, Kind{c.Kind, c.Limit, running[name]})
	}
	return kinds, err
}

// union gives the names of queues in any of the lists, sorted.
func union(lists ...[]string) []string {
	all := slices.Concat(lists...)
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(name string) bool { return !record.ValidID(name) })
}

func keysOf(m map[string]int) (keys []string) {
	for k := range m {
		keys = append(keys, k)
	}
	return keys
}

// running counts the occupied slots by queue and by kind.
func (x *index) running() (queues, kinds map[string]int, err error) {
	queues, kinds = map[string]int{}, map[string]int{}
	ids, err := namesIn(x.path(store.ClaimsDir))
	for _, id := range ids {
		c, err := x.readClaim(id)
		if err != nil || c.lookout() || !record.ValidID(id) {
			continue
		}
		if f, err := look(x.home, id); err == nil && (f.terminal() || f.waits() && !f.held) {
			continue
		}
		queues[c.queue]++
		kinds[c.kind]++
	}
	return queues, kinds, err
}

// waitingByQueue counts the tasks that wait.
func (x *index) waitingByQueue() (map[string]int, error) {
	n := map[string]int{}
	count := func(s set, queue string) error {
		got, err := s.count()
		n[queue] += got
		return err
	}
	err := x.eachLane(x.path(readyDir), func(queue, kind string) error { return count(x.ready(queue, kind), queue) })
	if err != nil {
		return nil, err
	}
	tags, err := namesIn(x.path(keysDir))
	if err != nil {
		return nil, err
	}
	for _, tag := range tags {
		err := x.eachLane(x.path(keysDir, tag), func(queue, kind string) error { return count(x.blocked(tag, queue, kind), queue) })
		if err != nil {
			return nil, err
		}
	}
	err = x.eachHeld(func(f *facts) bool { n[queueName(f.spec.Schedule.Queue)]++; return true })
	return n, err
}

// eachHeld visits the tasks that wait for a time or for others, once each, until
// visit says no.
func (x *index) eachHeld(visit func(*facts) bool) error {
	seen := map[string]bool{}
	more := true
	see := func(id string) {
		if seen[id] || !more {
			return
		}
		seen[id] = true
		if f, err := read(x.home, id); err == nil && f.waits() {
			more = visit(f)
		}
	}
	for _, clock := range []string{bootClock, wallClock} {
		c := &cursor{set: x.due(clock), lockless: true}
		for e, ok, err := c.peek(); ok && more; e, ok, err = c.peek() {
			if err != nil {
				return err
			}
			see(e.id)
			c.skip()
		}
	}
	for _, dir := range []string{afterDir, goneDir} {
		awaited, err := namesIn(x.path(dir))
		if err != nil {
			return err
		}
		for _, id := range awaited {
			waiters, err := namesIn(x.path(dir, id))
			if err != nil {
				return err
			}
			for _, waiter := range waiters {
				see(waiter)
			}
		}
	}
	return nil
}

// Set sets the number of slots of a queue, at least one.
func Set(h *store.Home, name string, slots int) error {
	return configure(h, []string{name}, false, func(c *queueConfig) { c.Slots = slots })
}

// SetLimit sets how many tasks of a kind run at once; 0 means any number.
func SetLimit(h *store.Home, kind string, limit int) error {
	x := newIndex(h)
	if err := x.make(); err != nil {
		return err
	}
	err := x.locked(func() error {
		x.lock.Foretell(store.Undone)
		path := x.path(kindsDir, kindName(kind))
		if limit == 0 {
			return removeFile(path)
		}
		return writeConfig(path, &kindConfig{record.Version, kind, limit})
	})
	if err != nil {
		return err
	}
	return Dispatch(h)
}

// Pause keeps the queues from starting tasks. Running tasks continue, and tasks that are
// being started may continue, see Starting.
func Pause(h *store.Home, names []string) error {
	return configure(h, names, false, func(c *queueConfig) { c.Paused = true })
}

// Starting returns the tasks of these queues that have been chosen and do not run yet.
// The process that holds the lock of such a task starts it, or returns it to its queue
// if the queue is paused.
func Starting(h *store.Home, names []string) (starting []string, err error) {
	x := newIndex(h)
	ids, err := namesIn(x.path(store.ClaimsDir))
	for _, id := range ids {
		c, err := x.readClaim(id)
		if err != nil || c.lookout() || !slices.Contains(names, c.queue) {
			continue
		}
		if f, err := look(h, id); err == nil && f.held && f.starting() {
			starting = append(starting, id)
		}
	}
	return starting, err
}

// Resume lets the queues start and accept tasks again, after a reboot too.
func Resume(h *store.Home, names []string) error {
	return configure(h, names, true, func(c *queueConfig) { c.Paused, c.Draining = false, false })
}

// CloseQueue makes a queue accept no more tasks. Tasks in the queue start as before.
func CloseQueue(h *store.Home, name string) error {
	return configure(h, []string{name}, false, func(c *queueConfig) { c.Draining = true })
}

// configure changes queues, and starts what may be started then.
func configure(h *store.Home, names []string, activate bool, change func(*queueConfig)) error {
	x := newIndex(h)
	if err := x.make(); err != nil {
		return err
	}
	err := x.locked(func() error {
		x.lock.Foretell(store.Undone)
		for _, name := range names {
			c, err := x.queue(name)
			if err != nil {
				return err
			}
			change(&c)
			if err := writeConfig(x.path(queuesDir, name), &c); err != nil {
				return err
			}
		}
		if activate {
			return x.activate()
		}
		return nil
	})
	if err != nil {
		return err
	}
	return Dispatch(h)
}

// Kick starts all tasks that may start, also after a reboot.
func Kick(h *store.Home) error {
	x := newIndex(h)
	if !fsys.Exists(x.dir) {
		if !anyWaits(h) {
			return nil
		}
		if err := x.make(); err != nil { // somebody has removed it
			return err
		}
	}
	if err := x.locked(x.activate); err != nil {
		return err
	}
	return Dispatch(h)
}

// anyWaits tells by the records whether a task waits, where nothing else does.
func anyWaits(h *store.Home) bool {
	ids, _ := h.LiveIDs()
	return slices.ContainsFunc(ids, func(id string) bool {
		f, err := read(h, id)
		return err == nil && f.waits()
	})
}

// Member returns the id of an open task of a queue, preferably a running one; "" if
// there is none.
func Member(h *store.Home, queue string) (id string, err error) {
	x := newIndex(h)
	err = x.locked(func() (err error) {
		id, err = x.member(queue)
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err != nil {
		err = fmt.Errorf("look into queue %q: %w", queue, err)
	}
	return id, err
}

func (x *index) member(queue string) (id string, err error) {
	claimed, err := namesIn(x.path(store.ClaimsDir))
	if err != nil {
		return "", err
	}
	for _, claimant := range claimed {
		c, err := x.readClaim(claimant)
		if err != nil || c.queue != queue {
			continue
		}
		if f, err := look(x.home, claimant); err == nil && !f.terminal() {
			return claimant, nil
		}
	}
	first := func(s set) error {
		for c := (&cursor{set: s, lockless: true}); id == ""; c.skip() {
			e, ok, err := c.peek()
			if !ok || err != nil {
				return err
			}
			if f, err := look(x.home, e.id); err == nil && !f.terminal() {
				id = e.id
			}
		}
		return nil
	}
	err = x.eachLaneOf(queue, first)
	if err == nil && id == "" {
		err = x.eachHeld(func(f *facts) bool {
			if f.spec.Schedule.Queue == queue {
				id = f.spec.ID
			}
			return id == ""
		})
	}
	return id, err
}

// eachLaneOf visits the sets of a queue whose tasks wait for a slot or a key.
func (x *index) eachLaneOf(queue string, visit func(set) error) error {
	kinds, err := namesIn(x.path(readyDir, queue))
	for _, kind := range kinds {
		if err := visit(x.ready(queue, kind)); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	tags, err := namesIn(x.path(keysDir))
	for _, tag := range tags {
		kinds, err := namesIn(x.path(keysDir, tag, queue))
		if err != nil {
			return err
		}
		for _, kind := range kinds {
			if err := visit(x.blocked(tag, queue, kind)); err != nil {
				return err
			}
		}
	}
	return err
}
