package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// The amounts of output, and less of it in a smoke run.
const (
	largeBytes, largeBytesSmoke = 2 << 30, 64 << 20
	lineCount, lineCountSmoke   = 10_000_000, 100_000
)

func outputScenarios() []scenario {
	const both = "“taken” is the amount divided by the time that the writing task itself needed; " +
		"“until over” runs from before the start command to the return of the tool's waiter, for those that have one, and includes what the tool does to keep the log: " +
		"bgtasks syncs it to the disk. Those that redirect into a file are not between the task and its log at all: no cap, no rotation, nothing to measure but the kernel. " +
		"By how much these differ among each other is how much the memory and the disk vary. "
	metrics := []metric{{metricTaken, byteRate}, {"until over", seconds}}
	return []scenario{
		{
			name: scenarioLarge, title: "Output of 2 GiB in writes of 1 MiB", metrics: metrics,
			measures: both + "Each run begins with an empty log and no dirty pages.",
			runs:     30, smoke: 1, limit: 15 * time.Second, flush: true,
			contestants: func(l *lab) []contestant {
				return l.writers(strconv.Itoa(pick(l.smoke, largeBytesSmoke, largeBytes)), "write", pick(l.smoke, largeBytesSmoke, largeBytes))
			},
		},
		{
			name: "output-lines", title: "Output of 10 million short lines", metrics: metrics,
			measures: both + "The lines have 13 bytes and are written 64 KiB at a time, as buffered output is; each run begins with an empty log and no dirty pages.",
			runs:     30, smoke: 1, limit: 15 * time.Second, flush: true,
			contestants: func(l *lab) []contestant {
				lines := pick(l.smoke, lineCountSmoke, lineCount)
				return l.writers(strconv.Itoa(lines), "lines", lines*len(shortLine))
			},
		},
		paceScenario(),
	}
}

// pick takes the first in a smoke run and the second otherwise.
func pick[T any](smoke bool, little, much T) T {
	if smoke {
		return little
	}
	return much
}

// writers are the contestants for a lot of output: each gets a new session, and so
// an empty log, for each run.
func (l *lab) writers(amount, role string, size int) []contestant {
	once := func(ctx context.Context, s *session) ([]float64, error) {
		defer os.RemoveAll(s.dir) // few files, but large ones
		stamp := filepath.Join(s.dir, "stamp")
		return l.pump(ctx, s, job{"writer", []string{l.self, "work", role, amount, stamp}}, stamp, size)
	}
	list := l.fresh(once, ours)
	keeping := l.fresh(func(ctx context.Context, s *session) ([]float64, error) {
		s.start = func(j job) []string { return append([]string{"bg-start", "--log-max", "0", "--"}, j.argv...) }
		return once(ctx, s)
	}, ours)[0]
	list[0].note = "as it comes: the log is capped at 128 MiB"
	keeping.name, keeping.note = uncapped, "--log-max 0: all of it is kept"
	list = append(list, keeping, l.shellWriter(pipeToCat, `"$@" | cat >"$0"`, role, amount, size),
		l.shellWriter("cmd > file", `"$@" >"$0"`, role, amount, size))
	return append(list, l.fresh(once, "nq", "tsp", "daemonize", "conmon", "supervisor", "s6", "systemd-run --user", "pm2", "pueue")...)
}

// shellWriter is a contestant that is a line for the shell.
func (l *lab) shellWriter(name, line, role, amount string, size int) contestant {
	return contestant{name, "", func(context.Context) (*entry, error) {
		return &entry{once: func(ctx context.Context) ([]float64, error) {
			dir, err := l.folder()
			if err != nil {
				return nil, err
			}
			defer os.RemoveAll(dir)
			stamp := filepath.Join(dir, "stamp")
			argv := []string{"sh", "-c", line, filepath.Join(dir, "out"), l.self, "work", role, amount, stamp}
			took, _, err := l.timed(ctx, command{argv: argv})
			if err != nil {
				return nil, err
			}
			rate, err := taken(stamp, size)
			return []float64{rate, in(took)}, err
		}}, nil
	}}
}

// pump starts the writer and waits for its end, with the tool's waiter if there is
// one.
func (l *lab) pump(ctx context.Context, s *session, j job, stamp string, size int) ([]float64, error) {
	if err := s.learn(ctx, j); err != nil {
		return nil, err
	}
	began := time.Now()
	_, said, err := l.timed(ctx, s.command(s.start(j)))
	if err != nil {
		return nil, err
	}
	over := math.NaN()
	if s.wait != nil && j.name != "" {
		if err := l.do(ctx, s.command(s.wait(s.name(j, said)))); err != nil {
			return nil, err
		}
		over = in(time.Since(began))
	}
	err = until(ctx, "the writer", patience, 10*time.Millisecond, func() bool { return content(stamp) != "" })
	if err != nil {
		return nil, err
	}
	rate, err := taken(stamp, size)
	return []float64{rate, over}, err
}

// taken is the rate at which a task got rid of its output, from what it left in its
// stamp.
func taken(stamp string, size int) (float64, error) {
	nanoseconds, err := strconv.ParseFloat(strings.TrimSpace(content(stamp)), 64)
	if err != nil {
		return 0, fmt.Errorf("read the writer's stamp: %w", err)
	}
	return float64(size) / (nanoseconds / 1e9), nil
}
