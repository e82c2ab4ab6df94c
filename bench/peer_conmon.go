package main

import (
	"context"
	"path/filepath"
	"strings"
)

// conmon supervises containers. The benchmark gives it a runtime that makes none:
// a script that runs the command as a plain process.
var conmon = tool{
	name:    "conmon",
	needs:   []string{"conmon"},
	version: []string{"conmon", "--version"},
	note:    "with a script as its runtime and no container; returns before the program runs",
	open:    openConmon,
}

// conmonRuntime does what conmon needs of "create": it starts the process with
// the output that conmon gave it, and says its pid.
const conmonRuntime = `for word; do
	case $before in --bundle) bundle=$word ;; --pid-file) pidfile=$word ;; esac
	before=$word
done
"$bundle/run" </dev/null &
printf %s $! >"$pidfile"`

func openConmon(_ context.Context, _ *lab, dir string) (*session, error) {
	runtime := filepath.Join(dir, "runtime")
	in := func(id string) string { return filepath.Join(dir, id) }
	s := &session{}
	s.know = func(_ context.Context, j job) error {
		return script(filepath.Join(in(j.name), "run"), "exec "+quoted(j.argv))
	}
	s.start = func(j job) []string {
		return strings.Fields("conmon -c ID -u ID -n ID --full-attach" +
			" -r " + runtime + " -b " + in(j.name) + " -p " + in(j.name) + "/pid" +
			" -l k8s-file:" + in(j.name) + "/log --exit-dir " + in(j.name) + " --socket-dir-path " + dir)
	}
	s.log = func(j job, _ string) string { return filepath.Join(in(j.name), "log") }
	return s, script(runtime, conmonRuntime)
}
