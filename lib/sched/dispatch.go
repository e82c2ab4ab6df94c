package sched

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"bgtasks/lib/fail"
	"bgtasks/lib/heal"
	"bgtasks/lib/launch"
	"bgtasks/lib/pool"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// Dispatch starts all tasks that may start, and returns when they are started. On the
// way it frees slots of dead holders, applies decided dependencies, and enters tasks
// whose time has come. After a reboot it does nothing until a command has asked for a
// start. The error is about the index; a program that can't be executed ends its task
// and is no error here.
func Dispatch(h *store.Home) error { return (&dispatcher{home: h}).run() }

// HandOver dispatches for a supervisor that has just recorded an end. Many supervisors
// may call it at the same time: it returns at once if another process is about to look
// anyway. It also starts the removal of finished tasks.
func HandOver(h *store.Home) error {
	err := (&dispatcher{home: h, inLine: true}).run()
	if err == nil { // a home that is being removed is left alone
		launch.Tidy(h)
	}
	return err
}

// Tend dispatches for a verb whose work is something else. It does not wait for another
// process that dispatches, and costs nothing in a home where no task waits and none was
// started from a queue.
func Tend(h *store.Home) error {
	x := newIndex(h)
	if !h.AnyWaiting() {
		if claims, err := namesIn(x.path(store.ClaimsDir)); err != nil || len(claims) == 0 {
			return err
		}
	}
	return (&dispatcher{home: h, passing: true}).run()
}

// dispatcher dispatches until there is nothing left to do.
type dispatcher struct {
	home    *store.Home
	passing bool // not worth waiting for
	inLine  bool // worth waiting for if nobody else does
	asleep  bool // this process is the one that sleeps until the next task is due
	healed  map[string]bool
	tried   map[string]error // by id, what became of those that were tried, if that is wanted
}

func (d *dispatcher) run() error {
	d.healed = map[string]bool{}
	for {
		again, err := d.round()
		if isHeld(err) && d.inLine {
			again, err = true, d.outwait()
		}
		switch {
		case errors.Is(err, store.ErrLocked) || errors.Is(err, fs.ErrNotExist):
			return nil
		case isHeld(err) && !d.passing && !d.asleep:
			return errors.Join(err, launch.Kick(d.home, true)) // one who can wait for longer
		case err != nil || !again:
			return err
		}
	}
}

// round is one critical section, and what follows from it.
func (d *dispatcher) round() (again bool, err error) {
	x := newIndex(d.home)
	if err := d.section(x); err != nil {
		return false, errors.Join(fmt.Errorf("dispatch: %w", err), x.todo.release())
	}
	return d.do(&x.todo)
}

// isHeld tells whether the journal could not be written to for who holds it.
func isHeld(err error) bool {
	var held *store.HeldError
	return errors.As(err, &held)
}

// outwait waits until the journal is free, as the next in line: no other needs to.
func (d *dispatcher) outwait() error {
	next, err := d.home.TryNext()
	if err == nil {
		_, err = d.home.Patient().JournalEnd()
		err = errors.Join(err, next.Unlock())
	}
	return err
}

// section is one critical section.
func (d *dispatcher) section(x *index) error {
	take := d.home.LockQueue
	switch {
	case d.passing:
		take = d.home.TryLockQueue
	case d.inLine:
		take = d.home.LockQueueNext
	}
	return x.lockedBy(take, func() error {
		if !x.active() {
			return nil
		}
		x.lock.Foretell(store.Undone)
		err := x.decide()
		if err == nil {
			x.lock.Foretell(d.outlook(&x.todo))
		}
		return err
	})
}

// outlook is what comes after a section. What was found to be wrong and could not be
// put right is left as it is.
func (d *dispatcher) outlook(w *work) store.Outlook {
	ids := slices.Concat(w.sick, w.doomed)
	for _, v := range w.victims {
		ids = append(ids, v.id)
	}
	untried := slices.ContainsFunc(ids, func(id string) bool { return !d.healed[id] })
	switch {
	case w.again || untried || len(w.picked) > 0:
		return store.Undone
	case w.timed:
		return store.Timed
	}
	return store.Done
}

// decide finds out what is to be done.
func (x *index) decide() error {
	if err := x.announceOld(); err != nil {
		return err
	}
	if err := x.reap(); err != nil {
		return err
	}
	if err := x.expire(); err != nil {
		return err
	}
	if !x.todo.again {
		if err := x.choose(); err != nil {
			return err
		}
	}
	return x.unmarkWaiting()
}

// do does it, and tells whether to look again. The error is a *store.HeldError if
// something could not be started for want of the journal.
func (d *dispatcher) do(w *work) (again bool, err error) {
	again = w.again
	if !d.asleep {
		d.tendSleeper(w)
	}
	for _, id := range w.sick {
		if d.healed[id] {
			continue
		}
		d.healed[id], again = true, true
		fail.Pass("dispatch-heal")
		_, _ = heal.Load(d.home, id)
	}
	w.victims = slices.DeleteFunc(w.victims, func(v victim) bool { return d.once(v.id) })
	w.doomed = slices.DeleteFunc(w.doomed, d.once)
	again = again || len(w.victims)+len(w.doomed) > 0
	supersede(d.home, w.victims)
	_ = endDoomed(d.home, w.doomed, 0, true)
	if len(w.picked) > 0 {
		return d.start(w.picked)
	}
	return again, nil
}

// once tells whether a task was to be healed or ended before, and notes that it is.
func (d *dispatcher) once(id string) (before bool) {
	before = d.healed[id]
	d.healed[id] = true
	return before
}

// tendSleeper sees to it that someone sleeps until the next task is due, and nobody
// if there is none.
func (d *dispatcher) tendSleeper(w *work) {
	switch held, _ := d.home.TimerHeld(); {
	case w.timed && !held:
		_ = launch.Sleeper(d.home)
	case held && !w.timed:
		ringSleeper(d.home)
	}
}

// starters is how many tasks one process starts at once: a start waits for the
// kernel and for the supervisor most of the time.
const starters = 4

// start starts what was chosen. It tells whether it is worth while to go on: not if
// this system can't start anything now. The error is as that of do.
func (d *dispatcher) start(picked []*pick) (on bool, held error) {
	outcomes, errs := make([]launch.Outcome, len(picked)), make([]error, len(picked))
	pool.Each(len(picked), starters, func(i int) {
		p := picked[i]
		if d.withheld(p) {
			_ = store.GiveBack(d.home.TaskDir(p.facts.spec.ID), p.lock)
			return
		}
		outcomes[i], errs[i] = launch.Attempt(d.home, p.lock, p.facts.spec, p.facts.state)
	})
	on = true
	for i, o := range outcomes {
		on = on && o != launch.PutBack
		if o == launch.PutBack && isHeld(errs[i]) {
			held = errs[i]
		}
		d.note(picked[i].facts, o, errs[i])
	}
	return on, held
}

// withheld tells whether the queue of a task was paused since the task was chosen. It
// goes back to its place then: whoever pauses a queue waits for our locks.
func (d *dispatcher) withheld(p *pick) bool {
	queue := p.facts.spec.Schedule.Queue
	if queue == "" {
		return false
	}
	c, _ := newIndex(d.home).queue(queue)
	return c.Paused
}

// note keeps what became of a task for who has enqueued it: an error if its first
// attempt could not be executed.
func (d *dispatcher) note(f *facts, o launch.Outcome, err error) {
	if d.tried == nil {
		return
	}
	if o != launch.Failed || f.state.Attempt > 1 || f.state.State != record.Queued {
		err = nil
	}
	d.tried[f.spec.ID] = err
}
