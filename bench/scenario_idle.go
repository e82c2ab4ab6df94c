package main

import (
	"context"
	"fmt"
	"slices"
	"time"
)

func idleScenarios() []scenario {
	return []scenario{wakeupScenario(), idleScenario(1, 1), idleScenario(100, 0), idleScenario(1000, 0)}
}

func idleName(tasks int) string { return fmt.Sprintf("idle-%d", tasks) }

// idleScenario measures memory with so many tasks.
func idleScenario(tasks, smoke int) scenario {
	noun := "tasks"
	if tasks == 1 {
		noun = "task"
	}
	return scenario{
		name:  idleName(tasks),
		title: fmt.Sprintf("Memory of idle supervision, %s %s", thousands(float64(tasks)), noun),
		measures: "The sum over all processes that the tool keeps, a daemon included and the tasks themselves (`sleep`) not, divided by the number of tasks; " +
			"resident memory counts shared pages in each process, private memory only what no other process has at that time, of program files too (smaps_rollup). One look a run, a second after the last of them was started.",
		faster:  "one daemon serves all tasks, or the supervisor is a small C program; bgtasks has a supervisor in Go for each task and no daemon.",
		metrics: []metric{{metricRSS, byteCount}, {metricPrivate, byteCount}, {"processes, a task", number}},
		runs:    30, smoke: smoke, limit: 12 * time.Second,
		contestants: func(l *lab) []contestant {
			return l.fresh(func(ctx context.Context, s *session) ([]float64, error) { return weigh(ctx, s, tasks) },
				idlers...)
		},
	}
}

// idlers are the tools that have an idle supervisor or daemon.
var idlers = []string{ours, "tsp", "conmon", "supervisor", "s6", "systemd-run --user", "pm2", "pueue"}

// weigh starts tasks and adds up the memory of what is not a task.
func weigh(ctx context.Context, s *session, tasks int) ([]float64, error) {
	keepers, err := s.populate(ctx, tasks)
	if err != nil {
		return nil, err
	}
	select { // to come to rest
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-time.After(time.Second):
	}
	n := float64(tasks)
	var resident, private float64
	for _, p := range keepers {
		all, mine := memory(p.pid)
		resident, private = resident+all, private+mine
	}
	return []float64{resident / n, private / n, float64(len(keepers)) / n}, nil
}

// populate starts sleeping tasks and returns the processes that the tool keeps
// beside them.
func (s *session) populate(ctx context.Context, tasks int) (keepers []process, err error) {
	jobs := alike(tasks, "nap", lookup("sleep"), "900")
	if err := s.beginAll(ctx, jobs); err != nil {
		return nil, err
	}
	err = until(ctx, "all tasks", 30*time.Second, 20*time.Millisecond, func() bool {
		running := 0
		running, keepers = s.census("sleep")
		return running >= tasks
	})
	return keepers, err
}

// census counts the tasks of a session that was opened last, and lists the processes
// that the tool keeps beside them. Tasks are told by their name.
func (s *session) census(task string) (running int, keepers []process) {
	all := newcomers(s.before)
	keepers = slices.DeleteFunc(slices.Clone(all), func(p process) bool { return p.name == task })
	return len(all) - len(keepers), keepers
}
