package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

func eventScenarios() []scenario {
	return []scenario{eventLatencyScenario(), eventRateScenario(), replayScenario()}
}

func eventLatencyScenario() scenario {
	return scenario{
		name:  "events-latency",
		title: "From the task's exit until a follower has the event",
		measures: "The task is `cat` of a FIFO; from the moment at which the benchmark closes that until it has read the line of the task's end from `bg-events --follow`, " +
			"which is after the end was recorded. No peer has a journal to follow.",
		metrics: []metric{{"until the event is read", seconds}},
		runs:    30, smoke: 2, limit: 15 * time.Second,
		contestants: func(l *lab) []contestant { return []contestant{l.follower()} },
	}
}

// follower keeps one bg-events --follow for all runs.
func (l *lab) follower() contestant {
	return contestant{ours, "", func(ctx context.Context) (*entry, error) {
		s, err := l.session(ctx, suite)
		if err != nil {
			return nil, err
		}
		f, err := l.follow(ctx, s)
		if err != nil {
			s.close()
			return nil, err
		}
		return &entry{
			once:  func(ctx context.Context) ([]float64, error) { return l.exitToEvent(ctx, s, f) },
			close: func() { f.end(); s.close() },
		}, nil
	}}
}

// following is a bg-events --follow that the benchmark reads.
type following struct {
	cmd   *exec.Cmd
	out   io.ReadCloser
	lines *bufio.Reader
	abort context.CancelFunc
}

// follow starts a follower of the whole journal, in a home where one task has run,
// and returns once it has printed what there is.
func (l *lab) follow(ctx context.Context, s *session) (*following, error) {
	id, err := s.begin(ctx, job{"true", []string{lookup("true")}})
	if err == nil {
		err = l.do(ctx, s.command(s.wait(id)))
	}
	if err != nil {
		return nil, err
	}
	life, abort := context.WithCancel(context.WithoutCancel(ctx))
	f := &following{cmd: l.prepare(life, s.command([]string{"bg-events", "--follow", "--cursor", "0"})), abort: abort}
	if f.out, err = f.cmd.StdoutPipe(); err == nil {
		err = f.cmd.Start()
	}
	if err != nil {
		abort()
		return nil, startError("bg-events", err)
	}
	l.mu.Lock()
	l.own[f.cmd.Process.Pid] = true
	l.mu.Unlock()
	f.lines = bufio.NewReader(f.out)
	return f, f.until(ctx, `"event":"succeeded"`, id)
}

// until reads lines until one has all these words.
func (f *following) until(ctx context.Context, words ...string) error {
	stop := context.AfterFunc(ctx, f.abort)
	defer stop()
	for {
		line, err := f.lines.ReadBytes('\n')
		if err != nil {
			return fmt.Errorf("follow the journal: %w", err)
		}
		if hasAll(line, words) {
			return nil
		}
	}
}

func hasAll(line []byte, words []string) bool {
	for _, word := range words {
		if !bytes.Contains(line, []byte(word)) {
			return false
		}
	}
	return true
}

func (f *following) end() {
	f.abort()
	f.cmd.Wait()
}

func (l *lab) exitToEvent(ctx context.Context, s *session, f *following) ([]float64, error) {
	g, err := newGate(s.dir)
	if err != nil {
		return nil, err
	}
	defer g.open()
	id, err := s.begin(ctx, job{base(g.path), []string{lookup("cat"), g.path}})
	if err == nil {
		err = g.reached(ctx)
	}
	if err != nil {
		return nil, err
	}
	if err := f.until(ctx, `"event":"started"`, id); err != nil {
		return nil, err
	}
	asleep(ctx, f.cmd.Process.Pid)
	began := time.Now()
	g.open()
	err = f.until(ctx, `"event":"succeeded"`, id)
	return []float64{in(time.Since(began))}, err
}

func eventRateScenario() scenario {
	return scenario{
		name:  "events-live",
		title: "A follower under 10,000 events",
		measures: "10,000 tasks are enqueued in one call behind one that runs: events divided by the time from before that call until a follower has printed the last of them " +
			"(bounded by the enqueueing itself), and how long after the call's return the last one came.",
		metrics: []metric{{"events a second", perSecond}, {"behind the writer", seconds}},
		runs:    30, smoke: 1, limit: 12 * time.Second,
		contestants: func(l *lab) []contestant {
			n := pick(l.smoke, 20, 10_000)
			return l.fresh(func(ctx context.Context, s *session) ([]float64, error) { return l.followBurst(ctx, s, n) }, ours)
		},
	}
}

// followBurst follows while many tasks are enqueued.
func (l *lab) followBurst(ctx context.Context, s *session, n int) ([]float64, error) {
	gates, err := l.takeSlots(ctx, s, 1)
	if err != nil {
		return nil, err
	}
	defer func() { l.clear(s.before); gates[0].open() }()
	f, err := l.follow(ctx, s)
	if err != nil {
		return nil, err
	}
	defer f.end()
	read := make(chan error, 1)
	go func() {
		var err error
		for i := 0; i < n && err == nil; i++ {
			err = f.until(ctx, `"event":"enqueued"`)
		}
		read <- err
	}()
	_, took, err := l.enqueue(ctx, s, n)
	written := time.Now()
	if err != nil {
		return nil, err
	}
	if err := <-read; err != nil {
		return nil, err
	}
	behind := max(0, time.Since(written))
	return []float64{float64(n) / in(took+behind), in(behind)}, nil
}

func replayScenario() scenario {
	return scenario{
		name:  "events-replay",
		title: "Reading 10,000 old events",
		measures: "Lines of `bg-events --cursor 0` divided by its time, from a journal whose events of a few real tasks were written over and over; " +
			"`cat` of the same files is the floor.",
		metrics: []metric{{"events a second", perSecond}},
		runs:    30, smoke: 2, limit: 15 * time.Second,
		contestants: func(l *lab) []contestant {
			n := pick(l.smoke, 100, 10_000)
			return []contestant{l.replayer(n, ours, func(string) []string { return []string{"bg-events", "--cursor", "0"} }),
				l.replayer(n, "floor: cat", func(events string) []string { return []string{"sh", "-c", `cat "$0"/*.ndjson`, events} })}
		},
	}
}

// replayer reads a journal that was made before.
func (l *lab) replayer(n int, name string, reader func(events string) []string) contestant {
	return contestant{name, "", func(ctx context.Context) (*entry, error) {
		s, err := l.session(ctx, suite)
		if err != nil {
			return nil, err
		}
		events := filepath.Join(s.dir, "home", "events")
		if err = l.manyEvents(ctx, s, events, n); err != nil {
			s.close()
			return nil, err
		}
		return &entry{close: s.close, once: func(ctx context.Context) ([]float64, error) {
			took, out, err := l.timed(ctx, s.command(reader(events)))
			if lines := strings.Count(out, "\n") + 1; err == nil && lines < n {
				err = fmt.Errorf("read %d events of %d", lines, n)
			}
			return []float64{float64(n) / in(took)}, err
		}}, nil
	}}
}

// manyEvents runs a few tasks and writes their events into the journal's only part
// again and again, as nothing else writes there now.
func (l *lab) manyEvents(ctx context.Context, s *session, events string, n int) error {
	for range patterns {
		id, err := s.begin(ctx, job{"true", []string{lookup("true")}})
		if err == nil {
			err = l.do(ctx, s.command(s.wait(id)))
		}
		if err != nil {
			return err
		}
	}
	parts, err := filepath.Glob(filepath.Join(events, "*.ndjson"))
	if err != nil || len(parts) != 1 {
		return fmt.Errorf("find the journal: %d parts", len(parts))
	}
	text, err := os.ReadFile(parts[0])
	if err != nil {
		return err
	}
	times := n/bytes.Count(text, []byte("\n")) + 1
	return os.WriteFile(parts[0], bytes.Repeat(text, times), 0o600)
}
