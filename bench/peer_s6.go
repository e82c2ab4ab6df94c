package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// s6 is a scanner with a supervisor for each service and for its logger.
var s6 = tool{
	name:    "s6",
	needs:   []string{"s6-svscan", "s6-svc", "s6-log", "s6-svwait"},
	version: []string{"dpkg-query", "-W", "-f", "${Version}", "s6"},
	note:    "s6-svc -wu -o, of a service that s6-svscan has been told of before",
	all:     "a loop of the shell over s6-svc -o, of services that s6-svscan has been told of before",
	open:    openS6,
}

func openS6(ctx context.Context, l *lab, dir string) (*session, error) {
	scan := filepath.Join(dir, "scan")
	service := func(name string) string { return filepath.Join(scan, name) }
	if err := os.Mkdir(scan, 0o700); err != nil {
		return nil, err
	}
	s := &session{l: l, dir: dir}
	s.know = func(ctx context.Context, j job) error { return s.serve(ctx, scan, j) }
	s.start = func(j job) []string { return []string{"s6-svc", "-wu", "-o", service(j.name)} }
	s.startup = func(jobs []job) ([]string, error) {
		return []string{"sh", "-c", "for dir in " + scan + "/*; do s6-svc -o $dir; done"}, s.serve(ctx, scan, jobs...)
	}
	s.wait = func(id string) []string { return []string{"s6-svwait", "-d", service(id)} }
	s.stop = func(id string) []string { return []string{"s6-svc", "-wd", "-d", service(id)} }
	s.status = func(id string) []string { return []string{"s6-svstat", service(id)} }
	s.log = func(j job, _ string) string { return filepath.Join(dir, "logs", j.name) }
	scanner, err := l.launch(context.WithoutCancel(ctx), dir, s.command([]string{"s6-svscan", "-c", strconv.Itoa(2 * manySlots), scan}))
	if err != nil {
		return nil, err
	}
	s.end = func() { scanner.end(10 * time.Second) }
	return s, daemonReady(ctx, s, scanner, []string{"s6-svscanctl", "-z", scan})
}

// serve writes a service directory for each new job, with s6-log as its logger, and
// waits until the scanner has put supervisors there, which are to stay.
func (s *session) serve(ctx context.Context, scan string, jobs ...job) error {
	for _, j := range jobs {
		dir := filepath.Join(scan, j.name)
		if _, err := os.Stat(dir); err == nil {
			continue
		}
		if err := s.describe(dir, j); err != nil {
			return fmt.Errorf("describe a service: %w", err)
		}
	}
	if err := s.l.do(ctx, s.command([]string{"s6-svscanctl", "-a", scan})); err != nil {
		return err
	}
	loggers := []string{"s6-svwait", "-a", "-u", "-t", "30000"}
	for _, j := range jobs {
		for _, dir := range []string{j.name, j.name + "/log"} {
			if err := supervised(ctx, filepath.Join(scan, dir)); err != nil {
				return err
			}
		}
		loggers = append(loggers, filepath.Join(scan, j.name, "log"))
	}
	if err := s.l.do(ctx, s.command(loggers)); err != nil {
		return err
	}
	s.l.accept()
	return nil
}

// supervised waits for a supervisor as s6-svok looks for one, which reads a FIFO, and
// for its first status, without which s6-svwait gives up.
func supervised(ctx context.Context, service string) error {
	return until(ctx, "s6-supervise", 30*time.Second, 2*time.Millisecond, func() bool {
		control, err := os.OpenFile(filepath.Join(service, "supervise", "control"), os.O_WRONLY|syscall.O_NONBLOCK, 0)
		if err != nil {
			return false
		}
		control.Close()
		_, err = os.Stat(filepath.Join(service, "supervise", "status"))
		return err == nil
	})
}

// describe makes the directory elsewhere and renames it, because the scanner must
// not see half of one.
func (s *session) describe(dir string, j job) error {
	half := filepath.Join(s.dir, "half-"+j.name)
	if err := script(filepath.Join(half, "run"), "exec 2>&1\nexec "+quoted(j.argv)); err != nil {
		return err
	}
	logs := filepath.Join(s.dir, "logs", j.name)
	if err := script(filepath.Join(half, "log", "run"), "exec s6-log n20 s16777216 "+logs); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(logs), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(half, "down"), nil, 0o600); err != nil {
		return err
	}
	return os.Rename(half, dir)
}
