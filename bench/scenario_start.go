package main

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// everyone who starts something without a session of its own for each run.
var starters = []string{ours, "setsid -f", "nohup … &", "nq", "tsp", "daemonize", "conmon", "supervisor", "s6",
	"systemd-run --user", "systemd-run --user, exec", "pm2", "pueue"}

func startScenario() scenario {
	return scenario{
		name:  scenarioStart,
		title: "Start of `true`, until the command returns",
		measures: "From before the fork of the start command until it was reaped, with the task's end awaited between the runs; " +
			"the commands promise different things when they return, see the remarks. The empty programs show what any command costs here.",
		faster:  fasterStart,
		metrics: []metric{{metricReturn, seconds}},
		runs:    40, smoke: 2, limit: 10 * time.Second,
		contestants: func(l *lab) []contestant {
			return append(remarked(l.entrants(l.startTrue, starters...), onStart), l.floors()...)
		},
	}
}

// startTrue times one start.
func (l *lab) startTrue(ctx context.Context, s *session) ([]float64, error) {
	j := job{"true", []string{lookup("true")}}
	if err := s.learn(ctx, j); err != nil {
		return nil, err
	}
	if s.unnamed {
		j.name = ""
	}
	took, _, err := l.timed(ctx, s.command(s.start(j)))
	return []float64{in(took)}, err
}

// floors are programs that do nothing: no command in that language can be faster.
func (l *lab) floors() (list []contestant) {
	for _, floor := range []struct{ language, name string }{{"c", "floor: an empty C program"}, {"go", "floor: an empty Go program"}} {
		list = append(list, contestant{floor.name, "", func(context.Context) (*entry, error) {
			path, built := l.empty[floor.language]
			if !built {
				return nil, absentError("its compiler")
			}
			return &entry{once: func(ctx context.Context) ([]float64, error) {
				took, _, err := l.timed(ctx, command{argv: []string{path}})
				return []float64{in(took)}, err
			}}, nil
		}})
	}
	return list
}

func firstByteScenario() scenario {
	return scenario{
		name:  "first-byte",
		title: "Start until the first byte of output is in the log",
		measures: "From before the fork of the start command until the tool's own log file holds what the task wrote at once; " +
			"the file is looked at every 100 µs, and that is the resolution.",
		faster:  fasterStart,
		metrics: []metric{{"until it is in the log", seconds}},
		runs:    30, smoke: 2, limit: 10 * time.Second,
		contestants: func(l *lab) []contestant {
			list := l.entrants(l.firstByte, ours, "nohup … &", "nq", "tsp", "daemonize", "conmon", "supervisor", "s6",
				"systemd-run --user", "pm2", "pueue")
			return remarked(list, onStart)
		},
	}
}

// firstByte starts a task that writes a word nobody wrote before. Where the log
// is may only be known after the start, so the look-out begins then.
func (l *lab) firstByte(ctx context.Context, s *session) ([]float64, error) {
	word := "word" + strconv.FormatInt(time.Now().UnixNano(), 36)
	// In a file, because some tools write the command line into the log.
	path := filepath.Join(s.dir, "say")
	if err := script(path, "echo "+word+"\nexec sleep 0.05"); err != nil {
		return nil, err
	}
	j := job{word, []string{lookup("sh"), path}}
	if err := s.learn(ctx, j); err != nil {
		return nil, err
	}
	began := time.Now()
	_, said, err := l.timed(ctx, s.command(s.start(j)))
	if err != nil {
		return nil, err
	}
	log := s.log(j, s.name(j, said))
	err = until(ctx, "output in "+log, 20*time.Second, 100*time.Microsecond, func() bool {
		return holds(log, word+"\n")
	})
	return []float64{in(time.Since(began))}, err
}

// holds tells whether a file, or a file in a directory, has a text in it.
func holds(path, text string) (found bool) {
	filepath.WalkDir(path, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return nil
		}
		if data, err := os.ReadFile(path); err == nil && bytes.Contains(data, []byte(text)) {
			found = true
			return fs.SkipAll
		}
		return nil
	})
	return found
}
