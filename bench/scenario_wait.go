package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

func waitScenario() scenario {
	return scenario{
		name:  scenarioWait,
		title: "From the task's exit until the waiter returns",
		measures: "The task is `cat` of a FIFO, and time runs from the moment at which the benchmark closes that FIFO until the waiting command " +
			"was reaped: the task's own exit is in it for all alike, as the floor shows.",
		faster:  "bgtasks tells of an end once it is recorded and synced to the disk; others keep it in memory, or release a lock.",
		metrics: []metric{{metricReturn, seconds}},
		runs:    30, smoke: 2, limit: 12 * time.Second,
		contestants: func(l *lab) []contestant {
			list := l.entrants(l.exitToWait, ours, "nq", "tsp", "s6", "pueue")
			list = append(list, l.oneCommand("systemd-run --user", "systemd-run --user --wait", "it starts the task too",
				"systemd-run", "--user", "--quiet", "--wait", "--")...)
			list = append(list, l.oneCommand("nohup … &", "sh: wait", "the shell's own", "sh", "-c", `"$@" & wait $!`, "sh")...)
			return append(list, l.oneCommand("nohup … &", "floor: wait4(2)", "the task is the benchmark's own child")...)
		},
	}
}

// gate is a FIFO that a task reads until the benchmark closes it.
type gate struct {
	path string
	file *os.File
}

// newGate makes the FIFO.
func newGate(dir string) (*gate, error) {
	g := &gate{path: filepath.Join(dir, fmt.Sprintf("gate-%d", time.Now().UnixNano()))}
	if err := mkfifo(g.path); err != nil {
		return nil, err
	}
	return g, nil
}

// reached returns once a task reads the FIFO: fifo(7) lets a writer in only then.
func (g *gate) reached(ctx context.Context) error {
	opened := make(chan error, 1)
	go func() {
		var err error
		g.file, err = os.OpenFile(g.path, os.O_WRONLY, 0)
		opened <- err
	}()
	select {
	case err := <-opened:
		return err
	case <-ctx.Done():
		// A reader of our own lets the goroutine go on.
		if own, err := os.OpenFile(g.path, os.O_RDONLY|syscall.O_NONBLOCK, 0); err == nil {
			<-opened
			own.Close()
			g.open()
		}
		return fmt.Errorf("wait for the task to run: %w", context.Cause(ctx))
	}
}

// open lets the task end.
func (g *gate) open() {
	if g.file != nil {
		g.file.Close()
	}
	os.Remove(g.path)
}

// exitToWait starts a task, has it waited for, and times from its release on.
func (l *lab) exitToWait(ctx context.Context, s *session) ([]float64, error) {
	g, err := newGate(s.dir)
	if err != nil {
		return nil, err
	}
	defer g.open()
	id, err := s.begin(ctx, job{base(g.path), []string{lookup("cat"), g.path}})
	if err != nil {
		return nil, err
	}
	return l.release(ctx, g, s.dir, s.command(s.wait(id)))
}

// oneCommand makes a contestant of a command that both starts the task and waits, in
// a session of a tool that may have to be there for it.
func (l *lab) oneCommand(host, name, note string, argv ...string) []contestant {
	list := l.entrants(func(ctx context.Context, s *session) ([]float64, error) {
		g, err := newGate(s.dir)
		if err != nil {
			return nil, err
		}
		defer g.open()
		return l.release(ctx, g, s.dir, s.command(append(append([]string{}, argv...), lookup("cat"), g.path)))
	}, host)
	for i := range list {
		list[i].name, list[i].note = name, note
	}
	return list
}

// release starts the waiter, opens the gate once both the task runs and the waiter
// sleeps, and times the waiter's return.
func (l *lab) release(ctx context.Context, g *gate, dir string, waiter command) ([]float64, error) {
	w, err := l.launch(ctx, dir, waiter)
	if err != nil {
		return nil, err
	}
	if err := g.reached(ctx); err != nil {
		return nil, err
	}
	asleep(ctx, w.pid())
	began := time.Now()
	g.open()
	err = w.wait()
	return []float64{in(time.Since(began))}, err
}

// asleep returns when a process has not been scheduled for 30 ms, which is taken for
// its being in the wait that it was started for; a process that wakes again and again
// is given up on after a second.
func asleep(ctx context.Context, pid int) {
	before := -1.0
	until(ctx, "sleep", time.Second, 30*time.Millisecond, func() bool {
		now := switches(pid)
		same := now == before && now > 0
		before = now
		return same
	})
}
