package stream

import (
	"errors"
	"syscall"
	"time"

	"bgtasks/lib/cli"
	"bgtasks/lib/heal"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
	"bgtasks/lib/watch"
)

// follower prints the output of tasks as it comes, until they are over.
type follower struct {
	call    *cli.Call
	home    *store.Home
	watcher *watch.Watcher
	sources map[string][]*source // of the tasks that are not over
	seen    map[string]*view.Task
}

// FollowLogs prints the output of tasks as it comes, until all of them are
// over, or one if any is set, and everything they wrote was printed (lesson
// 28). A reader of stdout that goes away ends it with EPIPE, even while the
// tasks are silent. The error is watch.ErrTimeout at the deadline. The tasks
// are as they were last seen. No id may be given twice.
func FollowLogs(c *cli.Call, h *store.Home, ids []string, o LogOptions, any bool, deadline time.Time) ([]*view.Task, error) {
	w, err := watch.New(h)
	if err != nil {
		return nil, err
	}
	defer w.Close()
	f := &follower{c, h, w, map[string][]*source{}, map[string]*view.Task{}}
	if c.Stdout != nil {
		f.watcher.AddFD(int(c.Stdout.Fd()))
	}
	err = f.begin(ids, o)
	for err == nil && !f.enough(any) {
		err = f.step(deadline)
	}
	tasks := make([]*view.Task, len(ids))
	for i, id := range ids {
		tasks[i] = f.seen[id]
	}
	return tasks, errors.Join(err, c.Out.Flush())
}

func (f *follower) begin(ids []string, o LogOptions) error {
	heads := newHeads(f.call, len(ids) > 1)
	for _, id := range ids {
		if err := f.watcher.Add(id, true); err != nil {
			return err
		}
		t, err := heal.Load(f.home, id)
		if err != nil {
			return err
		}
		if f.sources[id], err = openSources(f.call, f.home, t, o, heads); err != nil {
			return err
		}
		if err := f.look(id); err != nil {
			return err
		}
	}
	return f.call.Out.Flush()
}

// look reads the task first and its log after that: what a task that is over
// wrote is all in its log.
func (f *follower) look(id string) error {
	for again := f.sources[id] != nil; again; {
		t, err := heal.Load(f.home, id)
		if err != nil {
			return err
		}
		f.seen[id] = t
		for _, s := range f.sources[id] {
			s.learn(t)
			if err := s.drain(); err != nil {
				return err
			}
		}
		if cli.Over(t) {
			return f.end(id)
		}
		if err := f.show(id); err != nil {
			return err
		}
		if again, err = f.watcher.Mind(t); err != nil {
			return err
		}
	}
	return nil
}

// show gives out the last lines of what was there at first.
func (f *follower) show(id string) (err error) {
	for _, s := range f.sources[id] {
		err = errors.Join(err, s.sink.flush())
	}
	return err
}

func (f *follower) end(id string) (err error) {
	for _, s := range f.sources[id] {
		err = errors.Join(err, s.finish())
	}
	delete(f.sources, id)
	f.watcher.Remove(id)
	return err
}

func (f *follower) enough(any bool) bool {
	return len(f.sources) == 0 || any && len(f.sources) < len(f.seen)
}

// step waits for the next change and prints what it brought.
func (f *follower) step(deadline time.Time) error {
	woken, err := f.watcher.Wait(f.call.Context(), deadline)
	if err != nil {
		return err
	}
	for _, id := range woken {
		if id == watch.Descriptor {
			return syscall.EPIPE
		}
		if err := f.look(id); err != nil {
			return err
		}
	}
	return f.call.Out.Flush()
}
