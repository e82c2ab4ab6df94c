package sched

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"bgtasks/lib/fsys"
	"bgtasks/lib/store"
)

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
