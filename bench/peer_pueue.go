package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// pueue is a daemon in Rust with queues.
var pueue = tool{
	name:    "pueue",
	needs:   []string{"pueue", "pueued"},
	version: []string{"pueue", "--version"},
	note:    "into its queue; the daemon is up already",
	slow:    true,
	open:    openPueue,
}

const pueueConfig = `client: {}
daemon: {}
shared:
  pueue_directory: DIR/data
  runtime_directory: DIR
  use_unix_socket: true
  unix_socket_path: DIR/sock
`

func openPueue(ctx context.Context, l *lab, dir string) (*session, error) {
	config := filepath.Join(dir, "pueue.yml")
	if err := os.WriteFile(config, []byte(strings.ReplaceAll(pueueConfig, "DIR", dir)), 0o600); err != nil {
		return nil, fmt.Errorf("write a configuration: %w", err)
	}
	client := func(words ...string) []string { return append([]string{"pueue", "-c", config}, words...) }
	s := &session{l: l, dir: dir}
	s.start = func(j job) []string { return client("add", "--print-task-id", "--", quoted(j.argv)) }
	s.id = said
	s.wait = func(id string) []string { return client("wait", "--quiet", id) }
	s.stop = func(id string) []string { return client("kill", id) }
	s.status = func(id string) []string { return client("log", "--json", "--lines", "0", id) }
	s.list = client("status")
	s.running = client("status", "status=running")
	s.log = func(_ job, id string) string { return filepath.Join(dir, "data", "task_logs", id+".log") }
	s.enqueue = s.start
	s.slots = func(ctx context.Context, n int) error {
		return l.do(ctx, s.command(client("parallel", strconv.Itoa(n))))
	}
	daemon, err := l.launch(context.WithoutCancel(ctx), dir, s.command([]string{"pueued", "-c", config}))
	if err != nil {
		return nil, err
	}
	s.end = func() { daemon.end(10 * time.Second) }
	if err := daemonReady(ctx, s, daemon, client("status")); err != nil {
		return nil, err
	}
	return s, s.slots(ctx, manySlots)
}
