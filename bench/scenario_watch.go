package main

import (
	"context"
	"time"
)

func paceScenario() scenario {
	return scenario{
		name:  "output-paced",
		title: "1,000 lines a second for 30 s: cost of the supervisor",
		measures: "Processor time and voluntary context switches of all processes that a tool keeps beside the task, a daemon included, while the task writes; " +
			"all tools at the same time, so that they see the same machine. Those that redirect into a file have no process there, or an idle one.",
		faster:  "s6's logger is a small C program; tsp, systemd-run and pueue redirect into a file, which keeps no time of arrival and has no cap.",
		metrics: []metric{{"wake-ups in 30 s", number}, {"processor time in 30 s", seconds}},
		runs:    2, smoke: 1, limit: 100 * time.Second, together: true,
		contestants: func(l *lab) []contestant {
			length := pick(l.smoke, 500*time.Millisecond, 30*time.Second)
			return l.watched(observation{
				task: func(gate string) []string {
					return []string{l.self, "work", "pace", "1000", length.String(), gate}
				},
				call: "go\n", length: length,
			}, ours, "tsp", "conmon", "supervisor", "s6", "systemd-run --user", "pm2", "pueue")
		},
	}
}

func wakeupScenario() scenario {
	return scenario{
		name:  scenarioWakeups,
		title: "Wake-ups of an idle supervisor",
		measures: "Voluntary context switches and processor time of all processes that the tool keeps beside one task that does nothing, in 10 s; " +
			"all tools at the same time.",
		metrics: []metric{{metricWakeups, number}, {"processor time in 10 s", seconds}},
		runs:    3, smoke: 1, limit: 100 * time.Second, together: true,
		contestants: func(l *lab) []contestant {
			return l.watched(observation{
				task:   func(gate string) []string { return []string{lookup("cat"), gate} },
				length: pick(l.smoke, 500*time.Millisecond, 10*time.Second),
			}, idlers...)
		},
	}
}

// observation is a look at a tool's processes while a task does something.
type observation struct {
	task   func(gate string) []string // waits at the gate
	call   string                     // sent through the gate when a look begins
	length time.Duration
}

// watched makes contestants that are looked at.
func (l *lab) watched(o observation, names ...string) (list []contestant) {
	for _, t := range tools() {
		if l.takesPart(t, names) {
			list = append(list, contestant{name: t.name, open: func(ctx context.Context) (*entry, error) {
				return l.watch(ctx, t, o)
			}})
		}
	}
	return list
}

// watch starts the task. Contestants are opened one after another, so that the
// processes that came with it are this tool's.
func (l *lab) watch(ctx context.Context, t tool, o observation) (*entry, error) {
	s, err := l.session(ctx, t)
	if err != nil {
		return nil, err
	}
	g, err := newGate(s.dir)
	if err != nil {
		s.close()
		return nil, err
	}
	leave := func() { g.open(); s.close() }
	argv := o.task(g.path)
	if _, err = s.begin(ctx, job{"watched", argv}); err == nil {
		err = g.reached(ctx)
	}
	if err != nil {
		leave()
		return nil, err
	}
	_, keepers := s.census(base(argv[0]))
	return &entry{once: func(ctx context.Context) ([]float64, error) { return o.look(ctx, g, keepers) }, close: leave}, nil
}

// look lets the task go on and adds up what the keepers used meanwhile: context
// switches and processor time.
func (o observation) look(ctx context.Context, g *gate, keepers []process) ([]float64, error) {
	before := usages(keepers)
	if o.call != "" {
		if _, err := g.file.WriteString(o.call); err != nil {
			return nil, err
		}
	}
	select {
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-time.After(o.length):
	}
	var woken, busy float64
	for p, after := range usages(keepers) {
		woken += after.switches - before[p].switches
		busy += after.time - before[p].time
	}
	return []float64{woken, busy}, nil
}

// usage is what a process has used since it was started.
type usage struct{ switches, time float64 }

// usages asks for those that are alive: some tools have helpers that end at once.
func usages(keepers []process) map[process]usage {
	all := map[process]usage{}
	for _, p := range keepers {
		used := usage{switches(p.pid), processorTime(p.pid)}
		if now, ok := readProcess(p.pid); ok && now.start == p.start && !now.zombie {
			all[p] = used
		}
	}
	return all
}
