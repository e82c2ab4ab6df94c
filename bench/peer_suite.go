package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// suite is bgtasks itself.
var suite = tool{
	name:    ours,
	needs:   []string{"bg-start", "bg-shim"},
	version: []string{"bg-start", "--version"},
	open:    openSuite,
}

// benchQueue is the queue that tasks wait in.
const benchQueue = "bench"

// openSuite makes a session; the home is in it. There is no daemon.
func openSuite(_ context.Context, l *lab, dir string) (*session, error) {
	s := &session{env: []string{"BACKGROUND_TASKS_HOME=" + filepath.Join(dir, "home")}}
	s.start = func(j job) []string { return append([]string{"bg-start", "--"}, j.argv...) }
	s.id = said
	s.startup = func(jobs []job) ([]string, error) { return batch(dir, jobs, "") }
	s.wait = func(id string) []string { return []string{"bg-wait", "-q", id} }
	s.stop = func(id string) []string { return []string{"bg-stop", id} }
	s.status = func(id string) []string { return []string{"bg-status", id} }
	s.list = []string{"bg-list"}
	s.running = []string{"bg-list", "--status", "running"}
	s.log = func(_ job, id string) string { return filepath.Join(dir, "home", "tasks", id) }
	s.slots = func(ctx context.Context, n int) error {
		return l.do(ctx, s.command([]string{"bg-queue", "set", benchQueue, "--slots", strconv.Itoa(n)}))
	}
	s.enqueue = func(j job) []string {
		return append([]string{"bg-start", "--queue", benchQueue, "--"}, j.argv...)
	}
	s.fill = func(jobs []job) ([]string, error) { return batch(dir, jobs, benchQueue) }
	s.finish = func(ctx context.Context, jobs []job) error { return s.cloneFinished(ctx, len(jobs)) }
	return s, nil
}

// payload is what bg-start takes in JSON mode.
type payload struct {
	Command string   `json:"command"`
	Args    []string `json:"args"`
	Queue   string   `json:"queue,omitempty"`
}

// batch writes jobs as one payload to a file, and returns the command that starts them.
func batch(dir string, jobs []job, queue string) ([]string, error) {
	list := make([]payload, 0, len(jobs))
	for _, j := range jobs {
		list = append(list, payload{j.argv[0], j.argv[1:], queue})
	}
	data, err := json.Marshal(list)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "batch.json")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		return nil, fmt.Errorf("write a batch: %w", err)
	}
	return []string{"bg-start", "@" + path}, nil
}
