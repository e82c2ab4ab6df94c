package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"time"
)

func populationScenarios() []scenario {
	return []scenario{populationScenario(100, true), populationScenario(1000, true), populationScenario(10_000, false), populationScenario(100_000, false)}
}

func populationName(finished int) string { return fmt.Sprintf("population-%d", finished) }

// beside is how many tasks run beside the finished ones.
const beside = 10

// populationScenario measures what people do beside so many finished tasks.
func populationScenario(finished int, peers bool) scenario {
	return scenario{
		name:  populationName(finished),
		title: fmt.Sprintf("Beside %s finished tasks and 10 that run", thousands(float64(finished))),
		measures: "Whole commands, output to a file. bgtasks: `bg-list` (ids), `bg-list --status running`, `bg-status ID`, `bg-start -- true`; most of its finished tasks are copies of a few that ran, " +
			"with ids of their own. Peers: their own listing of all, of those that run where they can filter, of one, and their start; with systemd a finished task is a unit that remains after its exit. " +
			"find and cat read the state of every task, and nothing else.",
		faster:  "a daemon has all tasks in memory; bgtasks reads files.",
		metrics: []metric{{metricList, seconds}, {metricRunning, seconds}, {metricStatus, seconds}, {metricStartBeside, seconds}},
		runs:    30, smoke: pick(finished == 100, 1, 0), size: finished,
		// A listing of the most takes more than a second, beside calls of milliseconds.
		limit: pick(finished < 100_000, 8*time.Second, 30*time.Second),
		contestants: func(l *lab) []contestant {
			n := pick(l.smoke, 25, finished)
			home := new(string)
			return append(l.crowds(n, peers, home), l.readFloor(home))
		},
	}
}

// crowds are the tools that remember finished tasks. Where ours has its home is put
// into home.
func (l *lab) crowds(n int, peers bool, home *string) []contestant {
	names := []string{ours}
	if peers {
		names = append(names, "tsp", "supervisor", "systemd-run --user", "pm2", "pueue")
	}
	list := l.entrants(nil, names...)
	for i := range list {
		name := list[i].name
		list[i].open = func(ctx context.Context) (*entry, error) { return l.crowd(ctx, toolNamed(name), n, home) }
	}
	return list
}

// crowd opens a session with n finished tasks and some that run.
func (l *lab) crowd(ctx context.Context, t tool, n int, home *string) (*entry, error) {
	s, err := l.session(ctx, t)
	if err != nil {
		return nil, err
	}
	id, err := s.gather(ctx, n)
	if err != nil {
		s.close()
		return nil, err
	}
	if t.name == ours {
		*home = filepath.Join(s.dir, "home")
	}
	return &entry{close: s.close, once: func(ctx context.Context) ([]float64, error) {
		return l.visit(ctx, s, id)
	}}, nil
}

// gather makes the finished tasks and those that run, and returns the id of one that
// runs.
func (s *session) gather(ctx context.Context, n int) (id string, err error) {
	jobs := alike(n, "done", lookup("true"))
	finish := s.finish
	if finish == nil {
		finish = s.beginAll
	}
	if err := finish(ctx, jobs); err != nil {
		return "", err
	}
	if err := s.l.settleDown(ctx); err != nil {
		return "", err
	}
	for _, j := range alike(beside, "busy", lookup("sleep"), "900") {
		if id, err = s.begin(ctx, j); err != nil {
			return "", err
		}
	}
	err = until(ctx, "those that run", 30*time.Second, 20*time.Millisecond, func() bool {
		running, _ := s.census("sleep")
		return running >= beside
	})
	return id, err
}

// settleDown waits until no task of a crowd is left that has yet to end.
func (l *lab) settleDown(ctx context.Context) error {
	return until(ctx, "the end of the finished tasks", 60*time.Second, 50*time.Millisecond, func() bool {
		for _, p := range descendants() {
			if p.name == "true" && !p.zombie {
				return false
			}
		}
		return true
	})
}

// visit makes one of each call.
func (l *lab) visit(ctx context.Context, s *session, id string) ([]float64, error) {
	start := s.start(job{fmt.Sprintf("more-%d", time.Now().UnixNano()), []string{lookup("true")}})
	if s.know != nil {
		start = nil // the cost would be that of telling the daemon
	}
	calls := [][]string{s.list, s.running, s.status(id), start}
	values := make([]float64, len(calls))
	for i, argv := range calls {
		if argv == nil {
			values[i] = math.NaN()
			continue
		}
		took, _, err := l.timed(ctx, s.command(argv))
		if err != nil {
			return nil, err
		}
		values[i] = in(took)
	}
	return values, nil
}

// readFloor reads all records of our home without understanding them.
func (l *lab) readFloor(home *string) contestant {
	return contestant{"find and cat of the states", "", func(context.Context) (*entry, error) {
		if *home == "" {
			return nil, fmt.Errorf("%w: no home to read", errUnavailable)
		}
		line := "find " + filepath.Join(*home, "tasks") + " -name state.json -print0 | xargs -0 cat >" + os.DevNull
		return &entry{once: func(ctx context.Context) ([]float64, error) {
			took, _, err := l.timed(ctx, command{argv: []string{"sh", "-c", line}})
			return []float64{in(took), math.NaN(), math.NaN(), math.NaN()}, err
		}}, nil
	}}
}
