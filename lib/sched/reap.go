package sched

import (
	"errors"
	"io/fs"
	"os"

	"bgtasks/lib/fail"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// reap looks at every claim. Those whose tasks are over, gone or waiting again are
// given back; the others are counted.
func (x *index) reap() error {
	x.claims, x.queues, x.kinds, x.keys = map[string]*claim{}, map[string]int{}, map[string]int{}, map[string]bool{}
	ids, err := namesIn(x.path(store.ClaimsDir))
	if err != nil {
		return err
	}
	type end struct {
		claim *claim
		facts *facts
	}
	var ended []end
	for _, id := range ids {
		if !record.ValidID(id) {
			continue
		}
		c, err := x.readClaim(id)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		f, over, err := x.judge(c)
		switch {
		case err != nil:
			return err
		case over:
			ended = append(ended, end{c, f})
		default:
			x.count(c)
		}
	}
	for _, e := range ended {
		if err := x.giveBack(e.claim, e.facts); err != nil {
			return err
		}
	}
	return nil
}

// judge tells whether a claim holds nothing any more, and what the task's records
// say; nil for a task that is gone, or whose records are broken. A task whose supervisor was killed holds what
// it holds until it is healed, which takes too long for a critical section.
func (x *index) judge(c *claim) (f *facts, over bool, err error) {
	f, err = look(x.home, c.id)
	switch {
	case errors.Is(err, fs.ErrNotExist), abandoned(err):
		return nil, true, nil
	case unreadable(err):
		return nil, false, nil
	case err != nil:
		return nil, false, err
	case f.terminal():
		return f, true, x.mindLeftovers(f)
	case f.held:
		return f, false, x.pursue(f)
	case f.waits():
		return f, true, nil
	}
	x.todo.sick = append(x.todo.sick, c.id)
	return f, false, nil
}

// mindLeftovers sees to what outlived a run with keys: that it has a supervisor, and
// that it ends if another task has taken its place.
func (x *index) mindLeftovers(f *facts) error {
	if len(keyLists(f.spec)) == 0 || !f.lingers(x.home) {
		return nil
	}
	if !f.held {
		x.todo.sick = append(x.todo.sick, f.spec.ID)
		return nil
	}
	if by := x.superseding(f.spec.ID); by != "" {
		x.todo.victims = append(x.todo.victims, victim{f.spec.ID, by})
	}
	return nil
}

// giveBack does what follows from a claim that holds nothing any more, and then
// removes it. Cut short, it is done again by the next one who reaps.
func (x *index) giveBack(c *claim, f *facts) error {
	fail.Pass("claim-give-back")
	if c.tag != "" {
		if err := x.releaseKey(c.tag); err != nil {
			return err
		}
	}
	left := false
	switch {
	case f != nil && f.waits():
		if superseding := x.superseding(c.id); superseding != "" {
			x.todo.victims = append(x.todo.victims, victim{c.id, superseding})
			return nil
		}
		// It may be the only one that waits now.
		if err := x.markWaiting(); err != nil {
			return err
		}
		if err := x.place(f); err != nil {
			return err
		}
	default:
		var err error
		if left, err = x.settle(c.id, f); err != nil {
			return err
		}
	}
	fail.Pass("claim-remove")
	if left {
		return nil
	}
	return removeFile(x.path(store.ClaimsDir, c.id))
}

// settle does what follows from the end of a task: those who wait for it go on.
// left tells that some still wait, because its tree is not gone yet, because they
// are to be ended, or because there are too many for one critical section; or that what
// outlived it still has its keys.
func (x *index) settle(id string, f *facts) (left bool, err error) {
	lingers := false
	if f != nil {
		err := x.removeEntries(f)
		if lingers = len(keyLists(f.spec)) > 0 && f.lingers(x.home); !lingers {
			err = errors.Join(err, x.leaveKeys(f.spec))
		}
		if err != nil {
			return false, err
		}
	}
	leftAfter, err := x.settleIn(afterDir, id)
	if err != nil {
		return false, err
	}
	leftGone, err := x.settleIn(goneDir, id)
	return leftAfter || leftGone || lingers, err
}

// settleIn decides those in one of the directories. It asks for another section only
// if this one came any further. One section moves so many for all ends together.
func (x *index) settleIn(dir, id string) (left bool, err error) {
	waiters, err := namesIn(x.path(dir, id))
	if err != nil {
		return false, err
	}
	for _, waiter := range waiters {
		if x.moved+len(x.todo.doomed) >= movesAtMost {
			x.todo.again = x.todo.again || x.moved > 0
			return true, nil
		}
		still, err := x.decideWaiter(dir, id, waiter)
		if err != nil {
			return false, err
		}
		left = left || still
		if !still {
			x.moved++
		}
	}
	if len(waiters) > 0 && !left {
		_ = os.Remove(x.path(dir, id))
		_ = os.Remove(x.path(dir))
	}
	return left, nil
}
