package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// supervisor is Supervisor, a daemon in Python.
var supervisor = tool{
	name:    "supervisor",
	needs:   []string{"supervisord", "supervisorctl"},
	version: []string{"supervisord", "--version"},
	note:    "supervisorctl start, of a program that supervisord has been told of before",
	all:     "supervisorctl start all, of programs that supervisord has been told of before",
	slow:    true,
	open:    openSupervisor,
}

const supervisorConfig = `[supervisord]
nodaemon=true
directory=DIR
logfile=DIR/supervisord.log
pidfile=DIR/supervisord.pid
childlogdir=DIR
minfds=8192
user=USER
[unix_http_server]
file=DIR/sock
[supervisorctl]
serverurl=unix://DIR/sock
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[include]
files=DIR/*.program
`

// Exit codes of supervisorctl that are no failures here: status shows some that don't
// run, and a task that was started had ended when it was looked at.
const (
	notAllRun    = 3
	endedAlready = 7
)

// openSupervisor starts the daemon with no programs.
func openSupervisor(ctx context.Context, l *lab, dir string) (*session, error) {
	config := filepath.Join(dir, "conf")
	text := strings.NewReplacer("DIR", dir, "user=USER", asRoot()).Replace(supervisorConfig)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, err
	}
	control := func(words ...string) []string { return append([]string{"supervisorctl", "-c", config}, words...) }
	s := &session{l: l, dir: dir, fine: []int{notAllRun, endedAlready}}
	s.know = func(ctx context.Context, j job) error { return s.tell(ctx, control("update"), j) }
	s.start = func(j job) []string { return control("start", j.name) }
	s.startup = func(jobs []job) ([]string, error) {
		return control("start", "all"), s.tell(ctx, control("update"), jobs...)
	}
	s.stop = func(id string) []string { return control("stop", id) }
	s.status = func(id string) []string { return control("status", id) }
	s.list = control("status")
	s.log = func(j job, _ string) string { return filepath.Join(dir, j.name+".log") }
	daemon, err := l.launch(context.WithoutCancel(ctx), dir, s.command([]string{"supervisord", "-c", config}))
	if err != nil {
		return nil, err
	}
	s.end = func() { daemon.end(15 * time.Second) }
	return s, daemonReady(ctx, s, daemon, control("pid"))
}

// asRoot spares the daemon a warning about running as root.
func asRoot() string {
	if os.Getuid() == 0 {
		return "user=root"
	}
	return ""
}

// daemonReady waits until a daemon answers a command of its own.
func daemonReady(ctx context.Context, s *session, daemon *background, ask []string) error {
	err := until(ctx, base(daemon.cmd.Path), 20*time.Second, 20*time.Millisecond, func() bool {
		return s.l.do(ctx, s.command(ask)) == nil
	})
	if err != nil {
		s.end()
	}
	return err
}

// tell writes a file about each new program, and lets the daemon read them.
func (s *session) tell(ctx context.Context, update []string, jobs ...job) error {
	news := false
	for _, j := range jobs {
		path := filepath.Join(s.dir, j.name+".program")
		if _, err := os.Stat(path); err == nil {
			continue
		}
		news = true
		if err := os.WriteFile(path, []byte(programSection(s.dir, j)), 0o600); err != nil {
			return fmt.Errorf("describe a program: %w", err)
		}
	}
	if !news {
		return nil
	}
	return s.l.do(ctx, s.command(update))
}

// programSection describes a job; percent signs are supervisor's own.
func programSection(dir string, j job) string {
	line := strings.ReplaceAll(quoted(j.argv), "%", "%%")
	return fmt.Sprintf("[program:%s]\ncommand=%s\nautostart=false\nautorestart=false\nstartsecs=0\nstopasgroup=true\nkillasgroup=true\n"+
		"redirect_stderr=true\nstdout_logfile=%s\n", j.name, line, filepath.Join(dir, j.name+".log"))
}
