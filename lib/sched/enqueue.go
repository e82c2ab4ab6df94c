package sched

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"bgtasks/lib/fail"
	"bgtasks/lib/launch"
	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
)

// Enqueue accepts tasks. When it returns, each task is on the disk and waits, has been
// started because there was room, or was refused for the reason in its result. Tasks are
// accepted in their order, except that a task comes after its dependencies. If an id
// belongs to a task that is over, the caller has set Spec.FirstRun, Replaces and Removed.
// The error is about all requests, and is nil if there are any results. A process that
// is killed meanwhile has accepted some of the tasks.
func Enqueue(h *store.Home, requests []*Request) ([]Result, error) {
	x := newIndex(h)
	if err := x.make(); err != nil {
		return nil, err
	}
	if err := errors.Join(h.SweepFirst(), x.locked(x.activate)); err != nil {
		return nil, err
	}
	b := &batch{home: h, results: make([]Result, len(requests)), runs: map[string]int{}}
	built, tried := make(chan *portion), map[string]error{}
	go func() {
		for items := range slices.Chunk(b.sort(requests), batchPortion) {
			built <- b.buildAll(items)
		}
		close(built)
	}()
	for p := range built {
		b.accept(p)
		// Whatever hinders it: they wait, and will be found.
		_ = (&dispatcher{home: h, tried: tried}).run()
	}
	if err := b.syncNames(); err != nil {
		return nil, fmt.Errorf("make the tasks durable: %w", err)
	}
	for i := range b.results {
		r := &b.results[i]
		failure, was := tried[r.ID]
		if failure != nil && r.Queued != nil {
			*r = Result{Err: errors.Join(failure, takeBack(x, r.Queued))}
		} else if was {
			r.Queued = nil
		}
	}
	return b.results, nil
}

// lookerPatience is how long one is waited for who has the lock of an ended task to
// look at it. Others wait for the index meanwhile.
const lookerPatience = 200 * time.Millisecond

// takeBack removes a task that was accepted and could not be executed: its caller is
// told that nothing is left behind. One whose end others wait for by now stays, and
// so does whatever else has its id by now.
func takeBack(x *index, accepted *record.Spec) error {
	id := accepted.ID
	return x.locked(func() error {
		if waiters, err := namesIn(x.path(afterDir, id)); err != nil || len(waiters) > 0 {
			return err
		}
		lock, err := store.LockWithin(x.home.TaskDir(id), lookerPatience)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, store.ErrLocked) {
			return nil
		}
		if err != nil {
			return err
		}
		f, err := read(x.home, id)
		if err == nil && f.terminal() && f.spec.Schedule != nil && f.spec.Schedule.Sequence == accepted.Schedule.Sequence {
			_ = x.home.Hurried().Append(record.RemovedEvent(id, f.spec, f.state, time.Now()))
			err = x.home.Remove(id)
		}
		return errors.Join(err, lock.Unlock())
	})
}

// syncNames makes durable that the tasks are there. What is in them is already.
func (b *batch) syncNames() error {
	if !b.alone() {
		return b.home.SyncAll()
	}
	return errors.Join(store.SyncDir(b.home.LiveDir()), store.SyncDir(b.home.TasksDir()))
}

// batchPortion is how many tasks are in a portion. Each holds a descriptor.
const batchPortion = 256

// batch is one call of Enqueue.
type batch struct {
	home    *store.Home
	results []Result
	runs    map[string]int // by id, of those that were built
}

// portion is a part of a batch that is built, synced and published together, while
// the next is being built.
type portion struct {
	items []*item
	at    time.Time    // when they were made
	env   []string     // the environment of the first
	alike *store.Alike // what those with that environment have in common, nil for nothing
}

// item is a request with its place in the call.
type item struct {
	*Request
	result *Result
	named  bool // the caller chose the id
	draft  *launch.Waiting
	public bool // the draft is published
}

// buildAll builds the tasks of a portion and makes them durable.
func (b *batch) buildAll(items []*item) *portion {
	p := &portion{items: items, at: time.Now()}
	x := newIndex(b.home)
	first := int64(0)
	err := x.locked(func() (err error) {
		first, err = x.sequence(len(items))
		return err
	})
	for i, it := range items {
		if it.result.Err = err; err == nil {
			b.build(x, p, it, first+int64(i))
		}
	}
	if !b.alone() {
		refuse(items, b.home.SyncAll())
	}
	return p
}

// accept publishes a portion.
func (b *batch) accept(p *portion) {
	x := newIndex(b.home)
	fail.Pass("enqueue-publish")
	refuse(p.items, x.locked(func() error { return b.publish(x, p.items) }))
	b.announce(x, p.items)
	b.release(p.items)
	if p.alike != nil {
		_ = p.alike.Remove() // or it is swept
	}
}

// refuse gives an error that is about all to those that have none.
func refuse(items []*item, err error) {
	for _, it := range items {
		if err != nil && it.result.Err == nil {
			it.result.Err = err
		}
	}
}

// build completes the request and builds its task in tmp/.
func (b *batch) build(x *index, p *portion, it *item, sequence int64) {
	r := it.Request
	if _, twice := b.runs[r.Spec.ID]; twice {
		it.result.Err = &launch.ExistsError{ID: r.Spec.ID}
		return
	}
	if twin := x.openTwin(&r.Spec, ""); twin != nil {
		b.reuse(x, it, twin)
		return
	}
	s := &record.Schedule{Queue: r.Queue, Priority: r.Priority, Sequence: sequence, NotBefore: r.At}
	if r.Delay > 0 {
		ms, err := proc.BootMs()
		if err != nil {
			it.result.Err = err
			return
		}
		s.DueBootMs = ms + r.Delay.Milliseconds()
		s.NotBefore = time.Now().Add(r.Delay)
	}
	r.Spec.Schedule = s
	if it.result.Err = b.resolveAfter(it); it.result.Err != nil {
		return
	}
	s.After = append(s.After, x.victims(&r.Spec)...)
	if it.result.Err = launch.Prepare(&r.Request); it.result.Err != nil {
		return
	}
	b.runs[r.Spec.ID] = r.Spec.Run
	if !b.alone() {
		r.Spec.CreatedAt = p.at
		r.Like = p.common(b.home, &r.Request)
	}
	it.draft, it.result.Err = launch.Draft(b.home, &r.Request, b.alone())
}

// alone tells whether there is one request only.
func (b *batch) alone() bool { return len(b.results) == 1 }

// common gives what a request has in common with others of its portion; nil for
// nothing.
func (p *portion) common(h *store.Home, r *launch.Request) *store.Alike {
	if r.Spec.Run != 1 {
		return nil
	}
	if p.env == nil {
		p.env = r.Env
		p.alike, _ = launch.Alike(h, r) // without it each has its own
	}
	if p.alike == nil || slices.Equal(r.Env, p.env) {
		return p.alike
	}
	return p.alike.OtherEnv()
}

// resolveAfter notes which runs the task waits for.
func (b *batch) resolveAfter(it *item) error {
	for _, d := range it.After {
		run, here := b.runs[d.ID]
		if !here {
			f, err := read(b.home, d.ID)
			if err != nil {
				return missing(d.ID, err)
			}
			run = f.spec.Run
		}
		it.Spec.Schedule.After = append(it.Spec.Schedule.After, record.Dependency{When: d.When, ID: d.ID, Run: run})
	}
	return nil
}

// reuse makes an open task the answer. If it turns out to be over, the request can be
// made again.
func (b *batch) reuse(x *index, it *item, twin *facts) {
	id := twin.spec.ID
	it.result.ID, it.result.Disposition, it.result.Doubtful = id, Reused, x.doubtful(twin)
	if !it.named {
		it.Spec.ID = ""
	}
	if !it.Ensure {
		return
	}
	if list := view.Differences(it.Asked(), twin.spec); len(list) > 0 {
		it.result.Err = &view.DiffersError{ID: id, Differences: list}
	}
}

// publish enters the tasks and makes them visible, one after another, so that each
// sees those before it. An entry comes before its task: a crash in between leaves an
// entry that the next one who meets it drops.
func (b *batch) publish(x *index, items []*item) error {
	if err := errors.Join(x.markWaiting(), x.reap()); err != nil {
		return err
	}
	for _, it := range items {
		if it.draft == nil || it.result.Err != nil {
			continue
		}
		if err := b.publishOne(x, it); err != nil {
			it.result.Err = err
		}
	}
	return nil
}

func (b *batch) publishOne(x *index, it *item) error {
	s := &it.Spec
	if twin := x.openTwin(s, ""); twin != nil {
		b.reuse(x, it, twin)
		return nil
	}
	if x.closed(it.Queue) {
		return &ClosedError{it.Queue}
	}
	for _, d := range s.Schedule.After {
		if err := x.known(d); err != nil {
			return err
		}
	}
	if b.home.Exists(s.ID) {
		if f, err := look(b.home, s.ID); err == nil && (!f.terminal() || f.held) {
			return &launch.ExistsError{ID: s.ID}
		}
	}
	if err := b.renewVictims(x, it); err != nil {
		return err
	}
	f := &facts{spec: s, state: &record.State{Run: s.Run, Attempt: 1, State: record.Queued}}
	if err := x.enterKeys(s); err != nil {
		return err
	}
	if err := x.placeAnew(f); err != nil {
		return err
	}
	if err := x.markNew(s.ID); err != nil {
		return err
	}
	fail.Pass("enqueue-entered")
	if err := it.draft.Publish(b.home); err != nil {
		x.unmarkNew(s.ID)
		return errors.Join(err, x.removeEntries(f), x.leaveKeys(s))
	}
	it.public = true
	accepted := *s // so that the request, with its environment, need not be kept
	it.result.ID, it.result.Disposition, it.result.Queued = s.ID, Created, &accepted
	for _, d := range s.Schedule.After {
		if d.When == record.AfterGone {
			it.result.Disposition = Superseded
			it.result.Superseded = append(it.result.Superseded, d.ID)
		}
	}
	return nil
}

// renewVictims builds the task anew if it supersedes others than were found before
// the lock was taken.
func (b *batch) renewVictims(x *index, it *item) error {
	s := it.Spec.Schedule
	now := append(slices.DeleteFunc(slices.Clone(s.After), func(d record.Dependency) bool { return d.When == record.AfterGone }),
		x.victims(&it.Spec)...)
	if slices.Equal(now, s.After) {
		return nil
	}
	s.After = now
	old := it.draft
	fresh, err := launch.Draft(b.home, &it.Request.Request, true)
	if err != nil {
		return err
	}
	it.draft = fresh
	return old.Discard()
}

// release lets the accepted tasks go, and takes the others back.
func (b *batch) release(items []*item) {
	for _, it := range items {
		switch {
		case it.draft == nil:
		case it.public:
			it.result.Err = errors.Join(it.result.Err, it.draft.Release())
		default:
			if err := it.draft.Discard(); err != nil && it.result.Err == nil {
				it.result.Err = err
			}
		}
	}
}

// announce journals what was accepted. What can't be is left to the next dispatch.
func (b *batch) announce(x *index, items []*item) {
	journal := b.home.Hurried().Journal()
	defer journal.Close()
	for _, it := range items {
		if !it.public {
			continue
		}
		fail.Pass("enqueue-journal")
		s := &it.Spec
		event := enqueuedEvent(s, &record.State{Run: s.Run, Attempt: 1, State: record.Queued, UpdatedAt: s.CreatedAt})
		if _, err := journal.Append(event.AppendJSON(nil)); err != nil {
			break
		}
		_ = removeFile(x.path(newDir, s.ID))
	}
	_ = os.Remove(x.path(newDir)) // if it is empty
	store.Ring(b.home.JournalBells(), store.BellChange)
}
