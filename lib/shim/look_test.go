package shim

import (
	"errors"
	"syscall"
	"testing"
	"time"

	"bgtasks/lib/proc"
	"bgtasks/lib/record"
)

// fakeTree is a tree that can't be looked at for some times.
type fakeTree struct {
	failures int
	err      error
	kills    int
	live     []proc.Member
}

func (f *fakeTree) look() error {
	if f.failures > 0 {
		f.failures--
		return f.err
	}
	return nil
}

func (f *fakeTree) Live() ([]proc.Member, error)          { return f.live, f.look() }
func (f *fakeTree) SignalAll(syscall.Signal) (int, error) { return 0, nil }
func (f *fakeTree) KillChildren() (int, error)            { f.kills++; return 0, f.look() }
func (f *fakeTree) Empty(int) (bool, error) {
	err := f.look()
	return err == nil && len(f.live) == 0, err
}
func (f *fakeTree) Reap(int) (u proc.Usage, n int, err error) { return u, 0, nil }

// after is a supervisor of a tree whose end was recorded while some of it lived.
func after(f *fakeTree, how force) *Shim {
	return &Shim{
		tree: tree{Forest: f, ties: &own{}}, launch: &record.Launch{},
		at: state{staying, how},
	}
}

// A look that fails may be the last one that a death has asked for: it is made
// again after a while, until it succeeds.
func TestLookIsMadeAgain(t *testing.T) {
	for _, err := range []error{syscall.EMFILE, errors.New("no memory")} {
		s := after(&fakeTree{failures: 1, err: err}, none)
		s.look()
		if s.tree.gone || !s.clocks.runs(lookClock) {
			t.Errorf("after %v: gone = %v, looks again = %v, want false, true", err, s.tree.gone, s.clocks.runs(lookClock))
		}
		s.clocks.stop(lookClock)
		s.strike(lookClock)
		if !s.tree.gone || s.clocks != (clocks{}) {
			t.Errorf("after another look: gone = %v, clocks = %v, want true, none", s.tree.gone, s.clocks)
		}
	}
}

// The same while the tree is killed, but not for the sake of processes that may
// not be killed.
func TestKillIsRepeated(t *testing.T) {
	for err, want := range map[error]bool{syscall.EMFILE: true, syscall.EPERM: false} {
		f := &fakeTree{failures: 1, err: err}
		s := after(f, killing)
		s.look()
		if got := s.clocks.runs(lookClock); f.kills != 1 || got != want {
			t.Errorf("after %v: %d kills, looks again = %v, want 1, %v", err, f.kills, got, want)
		}
	}
}

// An adopted tree whose processes all end before they can be watched is looked at again
// at once: no descriptor tells of their ends.
func TestQuickOnesAreChased(t *testing.T) {
	gone, err := proc.Self()
	if err != nil {
		t.Fatal(err)
	}
	gone.StartTicks++ // nobody's
	f := &fakeTree{live: []proc.Member{{Identity: gone}}}
	s := after(f, killing)
	s.tree.ties = &adopted{}
	s.look()
	if k, left := s.clocks.next(time.Now()); k != lookClock || left > 0 || s.tree.gone {
		t.Errorf("next clock = %v in %v, gone = %v, want %v at once, false", k, left, s.tree.gone, lookClock)
	}
	f.live = nil
	s.look()
	if s.clocks.runs(lookClock) || !s.tree.gone {
		t.Errorf("when none is left: looks again = %v, gone = %v, want false, true", s.clocks.runs(lookClock), s.tree.gone)
	}
}
