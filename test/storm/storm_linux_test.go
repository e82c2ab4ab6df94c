// Package storm kills supervisors and verbs with SIGKILL at random moments, while they
// are at work, and checks what must hold all the same.
package storm

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"bgtasks/test/suite"
)

// The storm of kills: tasks that print, fork, fail, leave children
// behind and are stopped, while SIGKILL ends their supervisors and the verbs at
// random moments. What must hold then is checked by check_linux_test.go,
// events_linux_test.go and log_linux_test.go, from the files of the home and from what the
// tasks noted of themselves (testdata/prog/teller).
//
//	BG_STORM=60s      how long the storm rages, a duration or seconds; 4s if unset
//	BG_STORM_SEED=7   the seed of its choices; 1 if unset
//
// The seed repeats the choices, not the moments at which the machine runs them.

// stormWorkers is how many tasks live at once, about.
const stormWorkers = 10

// storm is one storm over one home.
type storm struct {
	*suite.Home
	teller string
	ledger string
	length time.Duration
	until  time.Time
	seed   uint64

	mu    sync.Mutex
	tasks map[string]*stormTask
	words sync.Map // ID.RUN of each word given

	stats struct{ tasks, runs, bytes, shims, verbs, looks, records, adopted, untold, unknown atomic.Int64 }
}

// stormTask is what the test asked of a task.
type stormTask struct {
	id        string
	mode      string
	code      int
	capped    bool
	limited   bool         // has a time limit
	sheltered bool         // its supervisors are spared
	asked     bool         // a stop or a restart was asked for
	kept      bool         // it runs on when the storm is over
	kills     atomic.Int64 // of its supervisors
	followers sync.WaitGroup
}

func TestMain(m *testing.M) { suite.Main(m) }

// TestStormOfKills is the storm, and the checks after it: whatever was killed, one look
// at a task is enough to set right what it left.
func TestStormOfKills(t *testing.T) {
	s := newStorm(t)
	t.Logf("seed %d, home %s", s.seed, s.Path)
	t.Cleanup(s.clear)
	s.rage()
	s.settle()
	s.checkLive(s.keptIDs())
	s.stopAll()
	s.settle()
	s.checkLive(nil)
	s.checkTasks()
	s.checkEvents()
	s.calm()
	s.report()
}

func newStorm(t *testing.T) *storm {
	p := suite.Build(t)
	s := &storm{Home: suite.NewHome(t, p), teller: filepath.Join(p.Helpers, "teller"), seed: 1, tasks: map[string]*stormTask{}}
	s.ledger = filepath.Join(s.Work, "ledger")
	if err := os.Mkdir(s.ledger, 0o700); err != nil {
		t.Fatal(err)
	}
	if text := os.Getenv("BG_STORM_SEED"); text != "" {
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("BG_STORM_SEED: %v", err)
		}
		s.seed = seed
	}
	s.length = stormLength(t, 4*time.Second)
	s.until = time.Now().Add(s.length)
	return s
}

// stormLength is how long a storm rages: as BG_STORM says, else as usual.
func stormLength(t *testing.T, usual time.Duration) time.Duration {
	text := os.Getenv("BG_STORM")
	if text == "" {
		return usual
	}
	if strings.Trim(text, "0123456789") == "" {
		text += "s"
	}
	length, err := time.ParseDuration(text)
	if err != nil {
		t.Fatalf("BG_STORM: %v", err)
	}
	return length
}

// dice gives a source of choices of its own to each goroutine.
func (s *storm) dice(who uint64) *rand.Rand { return rand.New(rand.NewPCG(s.seed, who)) }

func (s *storm) over() bool { return !time.Now().Before(s.until) || s.T.Failed() }

// rage runs the storm until its time is up and everything asked for is done.
func (s *storm) rage() {
	var workers, killers sync.WaitGroup
	ctx, cancel := context.WithCancel(s.T.Context())
	defer cancel()
	s.keep(s.dice(99))
	for i := range uint64(stormWorkers) {
		workers.Go(func() { s.work(s.dice(i)) })
	}
	killers.Go(func() { s.killShims(s.dice(100), s.shims) })
	killers.Go(func() { s.killShims(s.dice(104), s.holders) })
	killers.Go(func() { s.lookAround(ctx, s.dice(101)) })
	killers.Go(func() { s.lookAround(ctx, s.dice(102)) })
	killers.Go(func() { s.readRecords(ctx, s.dice(103)) })
	workers.Wait()
	cancel()
	killers.Wait()
	if s.T.Failed() {
		s.T.FailNow()
	}
}

func (s *storm) report() {
	n := &s.stats
	s.T.Logf("storm: %d tasks, %d runs, %d bytes; killed %d supervisors and %d verbs (%d looks); %d adoptions, %d ends unknown, %d starts untold; %d records read",
		n.tasks.Load(), n.runs.Load(), n.bytes.Load(), n.shims.Load(), n.verbs.Load(), n.looks.Load(),
		n.adopted.Load(), n.unknown.Load(), n.untold.Load(), n.records.Load())
}

// verb runs a verb to its end.
func (s *storm) verb(verb string, args ...string) suite.Answer {
	a := s.Run(append([]string{verb}, args...)...)
	if a.Code < 0 {
		s.T.Log(s.describe(args))
	}
	return a
}

// killed runs a verb and kills it within a short time, unless it is faster.
// That is the storm, not a wait for anything.
func (s *storm) killed(dice *rand.Rand, verb string, args ...string) {
	cmd := s.Command(context.Background(), append([]string{verb}, args...)...)
	if err := cmd.Start(); err != nil {
		s.T.Errorf("start %s: %v", verb, err)
		return
	}
	end := time.AfterFunc(time.Duration(dice.Int64N(int64(25*time.Millisecond))), func() { cmd.Process.Kill() })
	defer end.Stop()
	cmd.Wait()
	if cmd.ProcessState.ExitCode() < 0 {
		s.stats.verbs.Add(1)
	}
}

// describe gives the records of the tasks that a message is about.
func (s *storm) describe(args []string) string {
	var text strings.Builder
	for _, id := range args {
		for _, name := range []string{"spec.json", "state.json", "stop.json"} {
			if data, err := os.ReadFile(s.Task(id, name)); err == nil {
				text.WriteString(id + " " + name + ": " + string(data))
			}
		}
	}
	return text.String()
}
