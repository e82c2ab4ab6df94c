package main

import (
	"context"
	"path/filepath"
)

// setsid is the least that a shell can do: no record, no log but by redirection.
var setsid = tool{
	name:    "setsid -f",
	needs:   []string{"setsid"},
	version: []string{"setsid", "--version"},
	note:    "forks and returns; nobody looks after the task",
	open:    openSetsid,
}

func openSetsid(context.Context, *lab, string) (*session, error) {
	return &session{
		start: func(j job) []string { return append([]string{"setsid", "-f"}, j.argv...) },
	}, nil
}

// nohup is what people type.
var nohup = tool{
	name:  "nohup … &",
	needs: []string{"sh", "nohup"},
	note:  "a shell that starts it and exits; nobody looks after the task",
	open:  openNohup,
}

func openNohup(_ context.Context, _ *lab, dir string) (*session, error) {
	out := filepath.Join(dir, "out")
	return &session{
		start: func(j job) []string {
			return []string{"sh", "-c", "nohup " + quoted(j.argv) + " >" + out + " 2>&1 </dev/null &"}
		},
		log: func(job, string) string { return out },
	}, nil
}

// daemonize is the program of this name.
var daemonize = tool{
	name:    "daemonize",
	needs:   []string{"daemonize"},
	version: []string{"dpkg-query", "-W", "-f", "${Version}", "daemonize"},
	note:    "forks and returns; nobody looks after the task",
	open:    openDaemonize,
}

func openDaemonize(_ context.Context, l *lab, dir string) (*session, error) {
	out := filepath.Join(dir, "out")
	return &session{
		start: func(j job) []string {
			return append([]string{"daemonize", "-a", "-o", out, "-e", out, lookup(j.argv[0])}, j.argv[1:]...)
		},
		log: func(job, string) string { return out },
	}, nil
}

// nq queues by locks on files; each queued task is a process that waits.
var nq = tool{
	name:    "nq",
	needs:   []string{"nq"},
	version: []string{"dpkg-query", "-W", "-f", "${Version}", "nq"},
	note:    "into its queue, which runs one at a time",
	open:    openNq,
}

func openNq(_ context.Context, _ *lab, dir string) (*session, error) {
	jobs := filepath.Join(dir, "jobs")
	s := &session{env: []string{"NQDIR=" + jobs}}
	s.start = func(j job) []string { return append([]string{"nq"}, j.argv...) }
	s.id = said
	s.wait = func(id string) []string { return []string{"nq", "-w", id} }
	s.status = func(id string) []string { return []string{"nq", "-t", id} }
	s.log = func(_ job, id string) string { return filepath.Join(jobs, id) }
	s.enqueue = s.start
	s.slots = func(_ context.Context, n int) error { return onlyOne(n) }
	return s, nil
}
