package shim

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/seglog"
	"bgtasks/lib/store"
)

// supervised is a supervisor of a tree that ignores what it is told.
func supervised(t *testing.T) (*Shim, *fakeTree) {
	t.Helper()
	self, err := proc.Self()
	if err != nil {
		t.Fatal(err)
	}
	f := &fakeTree{}
	leader := record.Process(self)
	return &Shim{
		tree:    tree{Forest: f, ties: &adopted{watched: watched{leader: self, exit: -1}}},
		launch:  &record.Launch{TaskDir: t.TempDir()},
		record:  record.State{Leader: &leader, State: record.Running},
		journal: &journal{home: &home{Home: store.At(os.DevNull)}},
	}, f
}

// The cause of a run's end is the first one; the shorter grace counts; a KILL has none.
func TestStopsAdd(t *testing.T) {
	s, f := supervised(t)
	s.begin(record.TimeLimit, terms{syscall.SIGTERM, time.Hour})
	s.begin(record.Stopped, terms{syscall.SIGINT, time.Minute})
	s.begin(record.Stopped, terms{syscall.SIGINT, time.Hour})
	if left := time.Until(s.clocks[graceClock]); left > time.Minute || f.kills != 0 {
		t.Errorf("grace ends in %v after %d kills, want a minute and none", left, f.kills)
	}
	s.begin(record.Stopped, terms{syscall.SIGKILL, time.Hour})
	if want := (state{running, killing}); s.at != want || f.kills != 1 || s.clocks.runs(graceClock) {
		t.Errorf("after KILL: %v, %d kills, want %v, 1", s.at, f.kills, want)
	}
	if s.ending.cause != record.TimeLimit || s.record.Reason != record.TimeLimit {
		t.Errorf("cause = %s, recorded %s, want %s", s.ending.cause, s.record.Reason, record.TimeLimit)
	}
}

// Neither a time limit nor a silent task disturbs a run that is being ended.
func TestEndingStopsTheClocks(t *testing.T) {
	s, _ := supervised(t)
	s.launch.TimeLimitMs, s.launch.WatchdogMs = 1000, 1000
	s.limit(time.Now())
	if !s.clocks.runs(limitClock) || !s.clocks.runs(silenceClock) {
		t.Fatalf("clocks = %v, want the limit's and the watchdog's", s.clocks)
	}
	s.begin(record.Stopped, terms{syscall.SIGTERM, time.Hour})
	s.lives()
	if s.clocks.runs(limitClock) || s.clocks.runs(silenceClock) {
		t.Errorf("clocks = %v, want neither the limit's nor the watchdog's", s.clocks)
	}
}

// deadLeader are the ties with a leader that has ended, alone.
type deadLeader struct {
	own
	status syscall.WaitStatus
}

func (d *deadLeader) ended() bool               { return true }
func (d *deadLeader) peek() *syscall.WaitStatus { return &d.status }
func (d *deadLeader) reap(*tree) (*syscall.WaitStatus, *record.Usage) {
	return &d.status, nil
}

// A leader that ended by itself was not stopped, even if nobody has looked since. A stop
// that finds an attempt ended, on which another follows, is kept for whoever looks next.
func TestStopComesAfterTheEnd(t *testing.T) {
	for _, test := range []struct {
		name     string
		attempts int
		want     record.LifeState
		kept     bool
	}{
		{"the last attempt", 1, record.Failed, false},
		{"another follows", 2, record.Retrying, true},
	} {
		s, _ := supervised(t)
		s.tree.ties = &deadLeader{status: 7 << 8}
		s.launch.Retry.MaxAttempts, s.record.Attempt = test.attempts, 1
		s.out.streams = []*stream{openedStream(t, s.launch.TaskDir)}
		var err error
		if s.reserve, err = store.NewReserve(s.path(store.StateFile)); err != nil {
			t.Fatal(err)
		}
		s.askedToStop(&record.Stop{Cause: record.Stopped, Signal: "TERM"}, int(syscall.SIGTERM))
		if s.record.State != test.want || s.record.Reason != record.SelfExit || *s.record.ExitCode != 7 {
			t.Errorf("%s: %s by %s, want %s by %s", test.name, s.record.State, s.record.Reason, test.want, record.SelfExit)
		}
		if got := store.IsRegular(s.path(store.StopFile)); got != test.kept {
			t.Errorf("%s: the stop is kept = %v, want %v", test.name, got, test.kept)
		}
	}
}

func openedStream(t *testing.T, dir string) *stream {
	t.Helper()
	fifo := filepath.Join(dir, store.OutFIFO)
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	st, err := openStream(fifo, seglog.Options{Dir: dir, Stem: store.OutputStem, Now: time.Now, Replace: store.Replace})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.log.Close(); unix.Close(st.fd) })
	return st
}
