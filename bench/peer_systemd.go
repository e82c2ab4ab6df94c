package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// systemd is a user manager of the benchmark's own, which needs no system manager.
var systemd = tool{
	name:    "systemd-run --user",
	needs:   []string{userManager, "systemd-run", "systemctl"},
	version: []string{"systemctl", "--version"},
	note:    "Type=simple, the default: returns after the fork",
	slow:    true,
	open: func(ctx context.Context, l *lab, dir string) (*session, error) {
		return openSystemd(ctx, l, dir, "simple")
	},
}

// systemdExec waits as bg-start does, until the program was executed.
var systemdExec = tool{
	name:  "systemd-run --user, exec",
	needs: systemd.needs,
	note:  "Type=exec: returns once the program was executed, as bg-start does",
	slow:  true,
	open: func(ctx context.Context, l *lab, dir string) (*session, error) {
		return openSystemd(ctx, l, dir, "exec")
	},
}

const userManager = "/lib/systemd/systemd"

// openSystemd starts a user manager in control groups of its own.
func openSystemd(ctx context.Context, l *lab, dir, kind string) (*session, error) {
	undo, err := systemdIsHere()
	if err != nil {
		return nil, err
	}
	groups, err := makeGroups("bgtasks-bench-" + filepath.Base(l.dir) + "-" + filepath.Base(dir))
	if err != nil {
		undo()
		return nil, err
	}
	s := systemdSession(dir, kind)
	s.l = l
	argv := append([]string{l.self, "work", "enter"}, groups...)
	argv = append(argv, "--", userManager, "--user", "--log-target=console", "--log-level=err")
	manager, err := l.launch(context.WithoutCancel(ctx), dir, s.command(argv))
	if err != nil {
		removeGroups(groups)
		undo()
		return nil, err
	}
	s.end = func() {
		manager.end(10 * time.Second)
		removeGroups(groups)
		undo()
	}
	if err := daemonReady(ctx, s, manager, []string{"systemctl", "--user", "show-environment"}); err != nil {
		return nil, err
	}
	// The first to wait makes the manager start a message bus, if there is one.
	l.do(ctx, s.command([]string{"systemd-run", "--user", "--quiet", "--wait", "true"}))
	return s, nil
}

// systemdSession says how the manager is spoken to. Its runtime directory is the
// session's, so that no other manager is met.
func systemdSession(dir, kind string) *session {
	s := &session{dir: dir, unnamed: true, env: []string{"XDG_RUNTIME_DIR=" + dir, "DBUS_SESSION_BUS_ADDRESS=unix:path=" + dir + "/bus"}}
	unit := func(name string) string { return name + ".service" }
	log := func(j job) string { return filepath.Join(dir, j.name+".log") }
	run := func(j job, more ...string) []string {
		argv := append([]string{"systemd-run", "--user", "--quiet", "--service-type=" + kind,
			"--property=StandardOutput=append:" + log(j)}, more...)
		return append(append(argv, "--"), j.argv...)
	}
	s.start = func(j job) []string {
		if j.name == "" {
			return append([]string{"systemd-run", "--user", "--quiet", "--service-type=" + kind, "--"}, j.argv...)
		}
		return run(j, "--unit="+unit(j.name))
	}
	s.id = func(j job, _ string) string { return unit(j.name) }
	s.stop = func(id string) []string { return []string{"systemctl", "--user", "stop", id} }
	s.status = func(id string) []string { return []string{"systemctl", "--user", "--no-pager", "status", id} }
	s.list = []string{"systemctl", "--user", "--no-pager", "list-units", "--all", "--type=service"}
	s.running = []string{"systemctl", "--user", "--no-pager", "list-units", "--type=service", "--state=running"}
	s.log = func(j job, _ string) string { return log(j) }
	s.finish = func(ctx context.Context, jobs []job) error {
		for _, j := range jobs {
			if err := s.l.do(ctx, s.command(run(j, "--unit="+unit(j.name), "--remain-after-exit"))); err != nil {
				return err
			}
		}
		return nil
	}
	return s
}

// systemdIsHere makes the directory by which systemd's programs tell that it is
// there (sd_booted(3)), if there is none; undo removes it again.
func systemdIsHere() (undo func(), err error) {
	const sign = "/run/systemd/system"
	if _, err := os.Stat(sign); err == nil {
		return func() {}, nil
	}
	if err := os.Mkdir(sign, 0o755); err != nil {
		return nil, fmt.Errorf("%w: %s is not there and can't be made", errUnavailable, sign)
	}
	return func() { os.Remove(sign) }, nil
}

// errNoGroup is why no manager is started in the control group that we are in: it
// would move all processes of it, foreign ones too, into one of its own.
var errNoGroup = fmt.Errorf("%w: no control group can be made for it here", errUnavailable)

// removeGroups removes control groups with all below. One whose last process has
// only just ended may be busy for a moment.
func removeGroups(groups []string) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	until(ctx, "control groups", 5*time.Second, 10*time.Millisecond, func() bool {
		empty := true
		for _, group := range groups {
			empty = removeGroup(group) && empty
		}
		return empty
	})
}

// removeGroup removes a control group, its children first.
func removeGroup(group string) bool {
	entries, _ := os.ReadDir(group)
	for _, e := range entries {
		if e.IsDir() {
			removeGroup(filepath.Join(group, e.Name()))
		}
	}
	err := os.Remove(group) // rmdir(2) on a directory
	return err == nil || errors.Is(err, os.ErrNotExist)
}
