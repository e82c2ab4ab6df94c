package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// tool is a program that starts others in the background: the suite or a peer.
type tool struct {
	name    string
	needs   []string // programs, by name or by path
	version []string // the command that prints it
	note    string   // what its start is, where that is not obvious
	all     string   // what its start of many in one call is
	slow    bool     // it has a daemon, and is left out of smoke runs
	open    func(ctx context.Context, l *lab, dir string) (*session, error)
}

// job is what a tool is asked to run.
type job struct {
	name string // unique among the jobs of a session that are not alike
	argv []string
}

// session is a tool at work in a directory of its own, with its daemon if it has
// one. What a tool cannot do is nil.
//
// Words that name a started task come from id and are passed to wait, stop and
// status.
type session struct {
	l       *lab
	dir     string
	env     []string
	before  map[int]process // what ran before the tool was opened
	unnamed bool            // a job without a name is started with less ado
	full    string          // what the tool says when it takes no more tasks; "" if it always does
	fine    []int           // exit codes beside 0 that are no failures

	know    func(ctx context.Context, j job) error      // for tools that start only what they have been told of
	start   func(j job) []string                        // returns once the task was started, as the tool sees it
	id      func(j job, said string) string             // said is the output of start
	startup func(jobs []job) ([]string, error)          // many with one command
	wait    func(id string) []string                    // returns when the task has ended
	stop    func(id string) []string                    // returns when the tool calls it stopped
	status  func(id string) []string                    // tells how one task stands
	list    []string                                    // lists all
	running []string                                    // lists those that run
	log     func(j job, id string) string               // the file or directory that the output goes to
	slots   func(ctx context.Context, n int) error      // lets n tasks of the queue run at once
	enqueue func(j job) []string                        // puts a task into the queue
	fill    func(jobs []job) ([]string, error)          // puts many into the queue with one command
	finish  func(ctx context.Context, jobs []job) error // makes finished tasks, by a faster way than starting each
	end     func()                                      // ends the daemon
}

// errFull is a tool's that takes no more tasks.
var errFull = fmt.Errorf("%w: it takes no more tasks", errUnavailable)

// tools are the suite and all peers.
func tools() []tool {
	return []tool{suite, setsid, nohup, nq, spooler, daemonize, conmon, supervisor, s6, systemd, systemdExec, pm2, pueue}
}

// have says which program of a tool isn't there; "" if all are.
func (t tool) lacks() string {
	for _, program := range t.needs {
		if _, err := exec.LookPath(program); err != nil {
			return program
		}
	}
	return ""
}

// session opens a tool in a new directory.
func (l *lab) session(ctx context.Context, t tool) (*session, error) {
	if t.lacks() != "" {
		return nil, absentError(t.lacks())
	}
	dir, err := l.folder()
	if err != nil {
		return nil, err
	}
	before := descendants()
	s, err := t.open(ctx, l, dir)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", t.name, err)
	}
	s.l, s.dir, s.before = l, dir, before
	return s, nil
}

// close ends the daemon. Tasks may be left: the runner ends them. The directory stays
// until the lab is closed: ext4 without a journal passes over inodes that were freed in
// the last minutes, one by one, so the next contestant would pay for the removal.
func (s *session) close() {
	if s.end != nil {
		s.end()
	}
}

// command gives an argument list the environment of the session.
func (s *session) command(argv []string) command {
	return command{argv: argv, env: s.env, dir: s.dir, fine: s.fine}
}

// learn tells the tool of a job, if it needs that.
func (s *session) learn(ctx context.Context, j job) error {
	if s.know == nil {
		return nil
	}
	return s.know(ctx, j)
}

// took tells a full queue from other errors.
func (s *session) took(err error) error {
	if err != nil && s.full != "" && strings.Contains(err.Error(), s.full) {
		return errFull
	}
	return err
}

// begin starts a job and returns its id.
func (s *session) begin(ctx context.Context, j job) (string, error) {
	if err := s.learn(ctx, j); err != nil {
		return "", err
	}
	_, said, err := s.l.timed(ctx, s.command(s.start(j)))
	if err != nil {
		return "", s.took(err)
	}
	return s.name(j, said), nil
}

// beginAll starts many jobs by the fastest way that the tool has.
func (s *session) beginAll(ctx context.Context, jobs []job) error {
	if s.startup != nil && len(jobs) > 1 {
		argv, err := s.startup(jobs)
		if err != nil {
			return err
		}
		return s.l.do(ctx, s.command(argv))
	}
	for _, j := range jobs {
		if _, err := s.begin(ctx, j); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) name(j job, said string) string {
	if s.id == nil {
		return j.name
	}
	return s.id(j, said)
}

// said is the id of tools whose start prints it.
func said(_ job, output string) string { return output }

// alike makes n jobs that run the same and have names of their own.
func alike(n int, name string, argv ...string) []job {
	jobs := make([]job, n)
	for i := range jobs {
		jobs[i] = job{fmt.Sprintf("%s-%d", name, i), argv}
	}
	return jobs
}

// takesPart tells whether a tool is among those that are named, and is quick enough
// for the occasion.
func (l *lab) takesPart(t tool, names []string) bool {
	return slices.Contains(names, t.name) && !(l.smoke && t.slow)
}

// toolNamed finds a tool; one of that name that needs nothing if there is none.
func toolNamed(name string) tool {
	for _, t := range tools() {
		if t.name == name {
			return t
		}
	}
	return tool{name: name}
}

// remarked gives contestants their tools' remarks.
func remarked(list []contestant, remark func(t tool) string) []contestant {
	for i := range list {
		list[i].note = remark(toolNamed(list[i].name))
	}
	return list
}

// onStart is the remark about a tool's start.
func onStart(t tool) string { return t.note }

// entrants makes contestants of those tools that are named, each with a session of
// its own for as long as the scenario lasts.
func (l *lab) entrants(once func(ctx context.Context, s *session) ([]float64, error), names ...string) (list []contestant) {
	for _, t := range tools() {
		if l.takesPart(t, names) {
			list = append(list, l.entrant(t, once))
		}
	}
	return list
}

func (l *lab) entrant(t tool, once func(ctx context.Context, s *session) ([]float64, error)) contestant {
	return contestant{name: t.name, open: func(ctx context.Context) (*entry, error) {
		s, err := l.session(ctx, t)
		if err != nil {
			return nil, err
		}
		return &entry{once: func(ctx context.Context) ([]float64, error) { return once(ctx, s) }, close: s.close}, nil
	}}
}

// fresh makes contestants that get a new session for each run. What it leaves
// running is ended after it.
func (l *lab) fresh(once func(ctx context.Context, s *session) ([]float64, error), names ...string) (list []contestant) {
	for _, t := range tools() {
		if !l.takesPart(t, names) {
			continue
		}
		list = append(list, contestant{name: t.name, open: func(context.Context) (*entry, error) {
			if t.lacks() != "" {
				return nil, absentError(t.lacks())
			}
			return &entry{once: func(ctx context.Context) ([]float64, error) {
				s, err := l.session(ctx, t)
				if err != nil {
					return nil, err
				}
				defer l.clear(s.before)
				defer s.close()
				return once(ctx, s)
			}}, nil
		}})
	}
	return list
}

// programs lists the versions of all tools, and which are absent.
func (l *lab) programs(ctx context.Context) (list []program) {
	for _, t := range tools() {
		if t.version == nil {
			continue
		}
		if t.lacks() != "" {
			list = append(list, program{Name: t.name, Absent: true})
			continue
		}
		stdout, stderr := l.both(ctx, t.version)
		list = append(list, program{Name: t.name, Version: firstLine(stdout + "\n" + stderr)})
	}
	return list
}

// both returns all that a command says, however it exits.
func (l *lab) both(ctx context.Context, argv []string) (stdout, stderr string) {
	var out, errs strings.Builder
	cmd := l.prepare(ctx, command{argv: argv})
	cmd.Stdout, cmd.Stderr = &out, &errs
	cmd.Run()
	return out.String(), errs.String()
}

// script writes an executable file for sh and returns its path.
func script(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, []byte("#!/bin/sh\n"+text+"\n"), 0o700)
}

// quoted joins an argument list into a line for sh.
func quoted(argv []string) string {
	words := make([]string, len(argv))
	for i, word := range argv {
		words[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	return strings.Join(words, " ")
}
