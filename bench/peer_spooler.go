package main

import (
	"context"
	"path/filepath"
	"strconv"
	"time"
)

// spooler is task-spooler, which Debian calls tsp.
var spooler = tool{
	name:    "tsp",
	needs:   []string{"tsp"},
	version: []string{"tsp", "-V"},
	note:    "into its queue; the server is up already",
	open:    openSpooler,
}

// manySlots lets all tasks of a session run at once.
const manySlots = 2000

func openSpooler(ctx context.Context, l *lab, dir string) (*session, error) {
	s := &session{env: []string{
		"TS_SOCKET=" + filepath.Join(dir, "socket"), "TMPDIR=" + dir, "TS_MAXFINISHED=100000", "TS_MAXCONN=15000",
	}}
	s.dir = dir
	// -B makes a full queue an error; it is full at some 990 tasks.
	s.start = func(j job) []string { return append([]string{"tsp", "-B"}, j.argv...) }
	s.full = "queue full"
	s.id = said
	s.wait = func(id string) []string { return []string{"tsp", "-w", id} }
	s.stop = func(id string) []string { return []string{"tsp", "-k", id} }
	s.status = func(id string) []string { return []string{"tsp", "-i", id} }
	s.list = []string{"tsp", "-l"}
	s.log = func(job, string) string { return dir }
	s.enqueue = s.start
	s.slots = func(ctx context.Context, n int) error {
		return l.do(ctx, s.command([]string{"tsp", "-S", strconv.Itoa(n)}))
	}
	s.end = func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		l.do(ctx, s.command([]string{"tsp", "-K"}))
	}
	return s, s.slots(ctx, manySlots) // which starts the server
}
