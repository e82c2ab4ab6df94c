package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"time"
)

// pm2 is a daemon in JavaScript.
var pm2 = tool{
	name:    "pm2",
	needs:   []string{"pm2"},
	version: []string{"sh", "-c", "export PM2_HOME=$(mktemp -d); pm2 --version | tail -n 1; pm2 kill >/dev/null 2>&1"},
	note:    "the daemon is up already",
	all:     "an ecosystem file",
	slow:    true,
	open:    openPM2,
}

// app is an entry of pm2's ecosystem file.
type app struct {
	Name        string   `json:"name"`
	Script      string   `json:"script"`
	Args        []string `json:"args"`
	Interpreter string   `json:"interpreter"`
	AutoRestart bool     `json:"autorestart"`
}

func openPM2(ctx context.Context, l *lab, dir string) (*session, error) {
	s := &session{l: l, dir: dir, env: []string{"PM2_HOME=" + filepath.Join(dir, "pm2"), "PM2_DISABLE_VERSION_CHECK=true"}}
	log := func(j job) string { return filepath.Join(dir, j.name+".log") }
	s.start = func(j job) []string {
		argv := []string{"pm2", "start", lookup(j.argv[0]), "--silent", "--force", "--no-autorestart",
			"--interpreter", "none", "--name", j.name, "--output", log(j), "--error", log(j)}
		if len(j.argv) == 1 {
			return argv // a "--" with nothing after it is an error
		}
		return append(append(argv, "--"), j.argv[1:]...)
	}
	s.startup = func(jobs []job) ([]string, error) { return ecosystem(dir, jobs) }
	s.stop = func(id string) []string { return []string{"pm2", "stop", "--silent", id} }
	s.status = func(id string) []string { return []string{"pm2", "describe", id} }
	s.list = []string{"pm2", "list"}
	s.log = func(j job, _ string) string { return log(j) }
	s.end = func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		l.do(ctx, s.command([]string{"pm2", "kill"}))
	}
	return s, l.do(ctx, s.command([]string{"pm2", "ping"})) // which starts the daemon
}

// ecosystem writes many jobs for one command.
func ecosystem(dir string, jobs []job) ([]string, error) {
	var file struct {
		Apps []app `json:"apps"`
	}
	for _, j := range jobs {
		file.Apps = append(file.Apps, app{j.name, lookup(j.argv[0]), j.argv[1:], "none", false})
	}
	data, err := json.Marshal(file)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "ecosystem.json")
	return []string{"pm2", "start", "--silent", path}, os.WriteFile(path, data, 0o600)
}
