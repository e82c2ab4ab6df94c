package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

func queueScenarios() []scenario {
	list := []scenario{enqueueScenario(), throughputScenario()}
	for _, waiting := range []int{10, 100, 1000, 10_000, 100_000} {
		list = append(list, dispatchScenario(waiting))
	}
	return list
}

// queuers are the tools that have a queue.
var queuers = []string{ours, "nq", "tsp", "pueue"}

func enqueueScenario() scenario {
	return scenario{
		name:  scenarioEnqueue,
		title: "Enqueue of 10,000 tasks behind one that runs",
		measures: "Tasks divided by the time it takes to put them into a queue whose only slot is taken. bgtasks takes them in one call; the others have only one task a call, " +
			"and are stopped after 12 s or when they take no more; the second table says how far they came, the third how many processes there were for each task that waited.",
		faster:  fasterQueue,
		metrics: []metric{{metricRate, perSecond}, {"tasks enqueued", achieved}, {metricProcesses, number}},
		runs:    30, smoke: 1, limit: 8 * time.Second,
		contestants: func(l *lab) []contestant {
			n := pick(l.smoke, 20, 10_000)
			return l.fresh(func(ctx context.Context, s *session) ([]float64, error) { return l.enqueueMany(ctx, s, n) }, queuers...)
		},
	}
}

// enqueueMany takes the only slot, and fills the queue behind it.
func (l *lab) enqueueMany(ctx context.Context, s *session, n int) ([]float64, error) {
	head, err := l.takeSlots(ctx, s, 1)
	if err != nil {
		return nil, err
	}
	// Ended before the gate opens, or the queue would begin to run.
	defer func() { l.clear(s.before); head[0].open() }()
	before := len(newcomers(s.before))
	made, took, err := l.enqueue(ctx, s, n)
	if err != nil {
		return nil, err
	}
	processes := float64(len(newcomers(s.before))-before) / float64(made)
	return []float64{float64(made) / in(took), float64(made), processes}, nil
}

// enqueue puts up to n tasks into the queue, by the fastest way that the tool has.
func (l *lab) enqueue(ctx context.Context, s *session, n int) (made int, took time.Duration, err error) {
	if s.fill == nil {
		return l.repeat(ctx, s, s.enqueue, n)
	}
	argv, err := s.fill(alike(n, "true", lookup("true")))
	if err != nil {
		return 0, 0, err
	}
	took, _, err = l.timed(ctx, s.command(argv))
	return n, took, err
}

// takeSlots sets the number of slots and puts a task into each that lasts until its
// gate is opened.
func (l *lab) takeSlots(ctx context.Context, s *session, n int) (gates []*gate, err error) {
	if err := s.slots(ctx, n); err != nil {
		return nil, err
	}
	for range n {
		g, err := newGate(s.dir)
		if err != nil {
			return nil, err
		}
		_, _, err = l.timed(ctx, s.command(s.enqueue(job{base(g.path), []string{lookup("cat"), g.path}})))
		if err == nil {
			err = g.reached(ctx)
		}
		if err != nil {
			return nil, err
		}
		gates = append(gates, g)
	}
	return gates, nil
}

// onlyOne is the error of queues that have one slot.
func onlyOne(slots int) error {
	if slots != 1 {
		return fmt.Errorf("%w: its queue runs one at a time", errUnavailable)
	}
	return nil
}

func throughputScenario() scenario {
	return scenario{
		name:  "queue-throughput",
		title: "A queue of `true` with 2 slots",
		measures: "200 tasks wait while both slots are taken; time runs from the release of the two until the task after the 200 runs, " +
			"and 200 is divided by it.",
		faster:  fasterQueue,
		metrics: []metric{{"tasks a second", perSecond}},
		runs:    30, smoke: 1, limit: 10 * time.Second,
		contestants: func(l *lab) []contestant {
			n := pick(l.smoke, 10, 200)
			return l.fresh(func(ctx context.Context, s *session) ([]float64, error) { return l.drain(ctx, s, n) }, queuers...)
		},
	}
}

// drain fills a queue, lets it run, and times until its last task does.
func (l *lab) drain(ctx context.Context, s *session, n int) ([]float64, error) {
	gates, err := l.takeSlots(ctx, s, 2)
	if err != nil {
		return nil, err
	}
	if _, _, err := l.enqueue(ctx, s, n); err != nil {
		return nil, err
	}
	last, err := newRelay(s.dir)
	if err != nil {
		return nil, err
	}
	defer last.close()
	if err := l.do(ctx, s.command(s.enqueue(last.job()))); err != nil {
		return nil, err
	}
	began := time.Now()
	for _, g := range gates {
		g.open()
	}
	if err := last.started(ctx); err != nil {
		return nil, err
	}
	took := time.Since(began)
	return []float64{float64(n) / in(took)}, last.letGo()
}

// relay is a pair of FIFOs through which tasks say that they run, and are told that
// they may end. The benchmark has both open in both directions, so that nobody
// blocks in open(2).
type relay struct {
	dir     string
	up, off *os.File
	lines   *bufio.Reader
}

func newRelay(parent string) (*relay, error) {
	dir, err := os.MkdirTemp(parent, "relay-")
	if err != nil {
		return nil, err
	}
	r := &relay{dir: dir}
	for name, file := range map[string]**os.File{"up": &r.up, "off": &r.off} {
		path := filepath.Join(dir, name)
		if err := mkfifo(path); err != nil {
			return nil, err
		}
		if *file, err = os.OpenFile(path, os.O_RDWR|syscall.O_NONBLOCK, 0); err != nil {
			return nil, err
		}
	}
	r.lines = bufio.NewReader(r.up)
	return r, nil
}

func (r *relay) close() {
	r.up.Close()
	r.off.Close()
}

// job is a task that takes part. All are alike.
func (r *relay) job() job {
	return job{"relay", []string{lookup("sh"), "-c", `echo up >"$0/up"; read -r word <"$0/off"`, r.dir}}
}

// started returns once a task runs.
func (r *relay) started(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { r.up.SetReadDeadline(time.Now()) })
	defer stop()
	_, err := r.lines.ReadString('\n')
	if ctx.Err() != nil {
		return fmt.Errorf("wait for the next task: %w", context.Cause(ctx))
	}
	return err
}

// letGo lets one running task end.
func (r *relay) letGo() error {
	_, err := r.off.WriteString("off\n")
	return err
}

func dispatchName(waiting int) string { return fmt.Sprintf("dispatch-%d", waiting) }

// dispatchScenario measures one dispatch with so many tasks waiting.
func dispatchScenario(waiting int) scenario {
	const runs = 30
	return scenario{
		name:  dispatchName(waiting),
		title: fmt.Sprintf("One dispatch with %s waiting", thousands(float64(waiting))),
		measures: "From telling the task in the only slot that it may end until the next one runs, with so many behind it: its exit, " +
			"the record of its end and the start of the next are in it. Tools that take one task a call, and did not take so many in 12 s, are left out.",
		faster:  fasterQueue,
		metrics: []metric{{metricDispatch, seconds}},
		runs:    runs, smoke: pick(waiting == 10, 1, 0), limit: 8 * time.Second, size: waiting,
		contestants: func(l *lab) []contestant {
			n := waiting
			names := queuers
			if waiting > 1000 {
				names = []string{ours}
			}
			return l.chains(n, max(runs, l.runs)+2, names...)
		},
	}
}

// chains makes contestants whose queue holds tasks of a relay, and n others behind.
func (l *lab) chains(n, length int, names ...string) []contestant {
	list := l.entrants(nil, names...)
	for i := range list {
		name := list[i].name
		list[i].open = func(ctx context.Context) (*entry, error) { return l.chain(ctx, toolNamed(name), n, length) }
	}
	return list
}

// errTooMany is a tool's that could not enqueue as many as the scenario needs.
var errTooMany = fmt.Errorf("%w: its queue did not take so many in 12 s", errUnavailable)

// chain fills the queue: the tasks of the relay first, the first of which runs at
// once, and n behind them.
func (l *lab) chain(ctx context.Context, t tool, n, length int) (*entry, error) {
	s, err := l.session(ctx, t)
	if err != nil {
		return nil, err
	}
	r, err := newRelay(s.dir)
	if err != nil {
		s.close()
		return nil, err
	}
	e := &entry{lasting: true, close: func() { r.close(); s.close() }}
	e.once = func(ctx context.Context) ([]float64, error) {
		began := time.Now()
		if err := r.letGo(); err != nil {
			return nil, err
		}
		err := r.started(ctx)
		return []float64{in(time.Since(began))}, err
	}
	if err := l.fillChain(ctx, s, r, n, length); err != nil {
		e.close()
		return nil, err
	}
	return e, nil
}

func (l *lab) fillChain(ctx context.Context, s *session, r *relay, n, length int) error {
	if err := s.slots(ctx, 1); err != nil {
		return err
	}
	for range length {
		if err := l.do(ctx, s.command(s.enqueue(r.job()))); err != nil {
			return err
		}
	}
	made, _, err := l.enqueue(ctx, s, n)
	switch {
	case err != nil:
		return err
	case made < n:
		return errTooMany
	}
	return r.started(ctx)
}
