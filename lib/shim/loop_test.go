package shim

import (
	"errors"
	"syscall"
	"testing"

	"bgtasks/lib/proc"
	"bgtasks/lib/record"
)

// fakeTree is a tree that can't be looked at for some times.
type fakeTree struct {
	failures int
	err      error
	kills    int
}

func (f *fakeTree) look() error {
	if f.failures > 0 {
		f.failures--
		return f.err
	}
	return nil
}

func (f *fakeTree) Live() ([]proc.Member, error)              { return nil, f.look() }
func (f *fakeTree) SignalAll(syscall.Signal) (int, error)     { return 0, nil }
func (f *fakeTree) KillChildren() (int, error)                { f.kills++; return 0, f.look() }
func (f *fakeTree) Empty(int) (bool, error)                   { err := f.look(); return err == nil, err }
func (f *fakeTree) Reap(int) (u proc.Usage, n int, err error) { return u, 0, nil }

// A look that fails may be the last one that a death has asked for: it is made
// again after a while, until it succeeds.
func TestLookIsMadeAgain(t *testing.T) {
	for _, err := range []error{syscall.EMFILE, errors.New("no memory")} {
		f := &fakeTree{failures: 1, err: err}
		s := &Shim{tree: tree{Forest: f, ties: &own{}}, launch: &record.Launch{}, leaderEnded: true, recorded: true, armed: true}
		s.lookAtChildren()
		if got := s.timeout(); s.tree.gone || got != blindMs {
			t.Errorf("after %v: treeGone = %v, timeout() = %d, want false, %d", err, s.tree.gone, got, blindMs)
		}
		s.checkTimers()
		if got := s.timeout(); !s.tree.gone || got != -1 {
			t.Errorf("after another look: treeGone = %v, timeout() = %d, want true, -1", s.tree.gone, got)
		}
	}
}

// The same while the tree is killed, but not for the sake of processes that may
// not be killed.
func TestKillIsRepeated(t *testing.T) {
	for err, want := range map[error]int{syscall.EMFILE: 2, syscall.EPERM: 1} {
		f := &fakeTree{failures: 1, err: err}
		s := &Shim{tree: tree{Forest: f, ties: &own{}}, launch: &record.Launch{}, leaderEnded: true, recorded: true, stop: &stopping{killing: true}}
		s.lookAtChildren()
		s.checkTimers()
		if f.kills != want {
			t.Errorf("after %v: %d kills, want %d", err, f.kills, want)
		}
	}
}
