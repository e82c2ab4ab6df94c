package store

import (
	"errors"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"testing"

	"bgtasks/lib/record"
	"bgtasks/lib/seglog"
)

// One who has a task to look after does not wait for the journal, keeps its place
// in the line, and is told when it is its turn.
func TestTurn(t *testing.T) {
	h := newHome(t)
	unlock, err := h.lockJournal()
	if err != nil {
		t.Fatal(err)
	}
	rang := make(chan struct{})
	turn := NewTurn(h, func() { close(rang) })
	for range 2 {
		if _, err := turn.Journal().Append([]byte("a\n")); !errors.Is(err, ErrLocked) {
			t.Fatalf("Append to a journal that is held = %v, want %v", err, ErrLocked)
		}
	}
	if !turn.Waits() || turn.Came() {
		t.Errorf("Waits, Came = %t, %t, want true, false", turn.Waits(), turn.Came())
	}
	unlock()
	<-rang
	if !turn.Came() {
		t.Error("Came = false, want true")
	}
	// The turn is ours until it is used: another one comes after it.
	if err := h.Hurried().Append(&record.Event{Name: record.EventStarted, TaskID: "b"}); !held(err) {
		t.Errorf("Append of another one = %v, want a *HeldError", err)
	}
	if _, err := turn.Journal().Append([]byte("a\n")); err != nil || turn.Waits() {
		t.Fatalf("Append = %v, Waits = %t, want nil, false", err, turn.Waits())
	}
	r, err := seglog.OpenJournalReader(h.EventsDir(), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if line, _, err := r.Next(); string(line) != "a\n" {
		t.Errorf("Next = %q, %v, want the line", line, err)
	}
}

func held(err error) bool {
	var held *HeldError
	return errors.As(err, &held)
}

// A home whose journal hangs costs a process one wait, and is as before once it goes on.
func TestHeldJournalIsWaitedForOnce(t *testing.T) {
	h := newHome(t)
	unlock, err := h.lockJournal()
	if err != nil {
		t.Fatal(err)
	}
	other := h.Hurried()
	if _, err := other.lockJournal(); !held(err) {
		t.Fatalf("lock of a journal that is held = %v, want a *HeldError", err)
	}
	line := lineAt(other.journalLock())
	if first := line.held.Load(); !errors.Is(mustFail(other.lockJournal()), first) {
		t.Error("the journal was waited for again")
	}
	unlock()
	for line.held.Load() != nil { // the goroutine in the line is told by the kernel
		if unlock, err := At(h.Path()).lockJournal(); err == nil {
			unlock()
		}
	}
	if unlock, err = other.lockJournal(); err != nil {
		t.Errorf("lock of a journal that is free = %v, want nil", err)
	}
	unlock()
}

func mustFail(_ func(), err error) error { return err }

// However many of a process wait for a lock, one thread does.
func TestOneThreadWaitsForMany(t *testing.T) {
	const many = 200
	h := newHome(t)
	unlock, err := h.lockJournal()
	if err != nil {
		t.Fatal(err)
	}
	threads := pprof.Lookup("threadcreate").Count()
	var waiters sync.WaitGroup
	for range many {
		waiters.Go(func() {
			unlock, err := At(h.Path()).lockJournal()
			if err != nil {
				t.Error(err)
				return
			}
			unlock()
		})
	}
	for behind("store.(*line).enter(") < many-1 {
		runtime.Gosched()
	}
	if n := pprof.Lookup("threadcreate").Count() - threads; n > many/4 {
		t.Errorf("%d threads were made for %d who wait, want a few", n, many)
	}
	unlock()
	waiters.Wait()
}

// behind counts the goroutines in which a function waits.
func behind(function string) int {
	stacks := make([]byte, 1<<22)
	return strings.Count(string(stacks[:runtime.Stack(stacks, true)]), function)
}

// One who has more patience than another one who has given up waits all the same.
func TestPatienceIsOnesOwn(t *testing.T) {
	h := newHome(t)
	unlock, err := h.lockJournal()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Hurried().lockJournal(); !held(err) {
		t.Fatalf("lock of a journal that is held = %v, want a *HeldError", err)
	}
	got := make(chan error, 1)
	go func() {
		unlock, err := h.lockJournal()
		if err == nil {
			unlock()
		}
		got <- err
	}()
	for behind("store.(*line).outwait(") < 1 {
		runtime.Gosched()
	}
	unlock()
	if err := <-got; err != nil {
		t.Errorf("lock of a journal that was freed = %v, want nil", err)
	}
}
