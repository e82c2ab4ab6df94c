package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// errNoBatch is a tool's that starts one task a call.
var errNoBatch = fmt.Errorf("%w: it starts one task a call", errUnavailable)

func batchScenario() scenario {
	return scenario{
		name:  scenarioBatch,
		title: "1,000 starts of `true` in one call",
		measures: "1,000 divided by the time from before the fork of the one command until it was reaped. " +
			"bgtasks has started every program by then; a shell that forks into the background has only forked. " +
			"The floor is what programs in Go can do here that keep nothing: xargs(1) runs one for each task, five at a time " +
			"as bg-start does, which runs `true` and waits.",
		faster:  fasterStart,
		metrics: []metric{{metricRate, perSecond}},
		runs:    30, smoke: 1, limit: 30 * time.Second,
		contestants: func(l *lab) []contestant {
			n := pick(l.smoke, 20, 1000)
			list := l.fresh(func(ctx context.Context, s *session) ([]float64, error) { return l.startBatch(ctx, s, n) },
				ours, "supervisor", "s6", "pm2")
			list = remarked(list, func(t tool) string { return t.all })
			loop := fmt.Sprintf("i=0; while [ $i -lt %d ]; do setsid -f true; i=$((i+1)); done", n)
			return append(list, l.loop("setsid -f, in a loop", loop, n), l.batchFloor(n))
		},
	}
}

// startBatch times the start of n tasks by one command.
func (l *lab) startBatch(ctx context.Context, s *session, n int) ([]float64, error) {
	if s.startup == nil {
		return nil, errNoBatch
	}
	argv, err := s.startup(alike(n, "true", lookup("true")))
	if err != nil {
		return nil, err
	}
	took, _, err := l.timed(ctx, s.command(argv))
	return []float64{float64(n) / in(took)}, err
}

// loop is a contestant that is a loop of the shell with n turns.
func (l *lab) loop(name, line string, n int) contestant {
	return contestant{name, "one shell, a command a turn", func(context.Context) (*entry, error) {
		return &entry{once: func(ctx context.Context) ([]float64, error) {
			took, _, err := l.timed(ctx, command{argv: []string{"sh", "-c", line}})
			return []float64{float64(n) / in(took)}, err
		}}, nil
	}}
}

// batchFloor runs a program for each task that does nothing but to run it.
func (l *lab) batchFloor(n int) contestant {
	const name = "floor: a Go program each"
	parent, built := l.empty["parent"]
	if !built {
		return contestant{name, "", func(context.Context) (*entry, error) { return nil, absentError("its compiler") }}
	}
	floor := l.loop(name, fmt.Sprintf("seq %d | xargs -I@ -P5 %s %s", n, quoted([]string{parent}), lookup("true")), n)
	floor.note = "nothing is recorded, and nothing outlives the command"
	return floor
}

func callsScenario() scenario {
	return scenario{
		name:  "start-calls",
		title: "1,000 calls that start `true`, one after another",
		measures: "Calls divided by the time they took, from one shell-less loop, ends of tasks overlapping with later starts; " +
			"a tool that has not made 1,000 calls after 12 s is stopped there, and the second table says how far it came.",
		faster:  fasterStart,
		metrics: []metric{{metricRate, perSecond}, {"calls made", achieved}},
		runs:    1, smoke: 1, limit: 40 * time.Second,
		contestants: func(l *lab) []contestant {
			n := pick(l.smoke, 10, 1000)
			list := l.fresh(func(ctx context.Context, s *session) ([]float64, error) {
				made, took, err := l.repeat(ctx, s, s.start, n)
				return []float64{float64(made) / in(took), float64(made)}, err
			}, starters...)
			return remarked(list, onStart)
		},
	}
}

// callTime bounds a series of calls.
const callTime = 12 * time.Second

// repeat makes up to n calls of a kind, one after another, as many as there is time
// for and as the tool takes, and returns how many were made in what time.
func (l *lab) repeat(ctx context.Context, s *session, call func(j job) []string, n int) (made int, took time.Duration, err error) {
	j := job{"true", []string{lookup("true")}}
	if err := s.learn(ctx, j); err != nil {
		return 0, 0, err
	}
	if s.unnamed {
		j.name = ""
	}
	began := time.Now()
	for took < callTime && made < n {
		err := s.took(l.do(ctx, s.command(call(j))))
		switch {
		case errors.Is(err, errFull) && made > 0:
			return made, took, nil
		case err != nil:
			return made, took, fmt.Errorf("call %d: %w", made+1, err)
		}
		made++
		took = time.Since(began)
	}
	return made, took, nil
}
