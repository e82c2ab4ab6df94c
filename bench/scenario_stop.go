package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// treeSize is the number of processes of the tree that is stopped.
const treeSize = 100

// tree and branch are scripts: a shell with nine shells below it, and ten sleepers
// below each. They tell their pids in a FIFO.
const (
	tree   = `echo $$ >"$2"; for i in 1 2 3 4 5 6 7 8 9; do sh "$1" "$2" & done; wait`
	branch = `echo $$ >"$1"; for i in 1 2 3 4 5 6 7 8 9 10; do sleep 600 & echo $! >"$1"; done; wait`
)

func stopScenario() scenario {
	return scenario{
		name:  "stop-tree",
		title: "Stop of a tree of 100 processes",
		measures: "A shell, nine shells below it, ten sleepers below each, all of which end at TERM: until the stop command returned, " +
			"until the last of them was gone, and how many were alive when the command returned (a tool that leaves some for good has no row in the second table).",
		faster:  "tsp, pueue and s6 signal one process or one group and return; bgtasks looks for every descendant, wherever it moved, until none is left, and records the end.",
		metrics: []metric{{metricReturn, seconds}, {"until all are gone", seconds}, {"alive at the return", number}},
		runs:    30, smoke: 1, limit: 10 * time.Second,
		contestants: func(l *lab) []contestant {
			return l.entrants(l.stopTree, ours, "tsp", "supervisor", "s6", "systemd-run --user", "pm2", "pueue")
		},
	}
}

// stopTree starts a tree, waits until it is complete, and stops it.
func (l *lab) stopTree(ctx context.Context, s *session) ([]float64, error) {
	census := filepath.Join(s.dir, "census"+strconv.FormatInt(time.Now().UnixNano(), 36))
	if err := mkfifo(census); err != nil {
		return nil, err
	}
	defer os.Remove(census)
	root, below := filepath.Join(s.dir, "tree"), filepath.Join(s.dir, "branch")
	if err := errors.Join(script(root, tree), script(below, branch)); err != nil {
		return nil, err
	}
	id, err := s.begin(ctx, job{base(census), []string{root, below, census}})
	if err != nil {
		return nil, err
	}
	members, err := count(ctx, census, treeSize)
	defer endAll(members)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if _, _, err := l.timed(ctx, s.command(s.stop(id))); err != nil {
		return nil, err
	}
	returned := time.Since(began)
	alive := 0
	for _, m := range members {
		if !m.ended() {
			alive++
		}
	}
	gone := in(time.Since(began))
	if alive > 0 {
		gone = untilGone(ctx, members, began)
	}
	return []float64{in(returned), gone, float64(alive)}, nil
}

// untilGone is the time until all have ended of themselves; NaN if that takes more
// than a second.
func untilGone(ctx context.Context, members []hold, began time.Time) float64 {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	for _, m := range members {
		if m.gone(ctx) != nil {
			return math.NaN()
		}
	}
	return in(time.Since(began))
}

// endAll ends what is left of a tree.
func endAll(members []hold) {
	for _, m := range members {
		killAll([]process{m.process})
		m.close()
	}
}

// count reads the pids of a tree from a FIFO and takes hold of the processes.
func count(ctx context.Context, path string, n int) (members []hold, err error) {
	// Open for both, so that neither the opening nor the reading depends on writers.
	fifo, err := os.OpenFile(path, os.O_RDWR|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer fifo.Close()
	stop := context.AfterFunc(ctx, func() { fifo.SetReadDeadline(time.Now()) })
	defer stop()
	for lines := bufio.NewScanner(fifo); len(members) < n; {
		if !lines.Scan() {
			return members, fmt.Errorf("count the tree: %d of %d members: %w", len(members), n, lines.Err())
		}
		pid, err := strconv.Atoi(lines.Text())
		if err != nil {
			return members, fmt.Errorf("count the tree: %w", err)
		}
		p, _ := readProcess(pid)
		h, ok := grasp(p)
		if !ok {
			return members, fmt.Errorf("count the tree: process %d is gone", pid)
		}
		members = append(members, h)
	}
	return members, nil
}
