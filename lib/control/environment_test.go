package control

import (
	"errors"
	"slices"
	"testing"

	"bgtasks/lib/record"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
)

// TestRestartEnvironment is the environment of a task's next run: the caller's, then the
// values that the task was started with, as far as anyone keeps them, then those that
// are given anew.
func TestRestartEnvironment(t *testing.T) {
	for name, c := range map[string]struct {
		names   []string // of the variables that the task was started with
		kept    []string // what env.kept holds; nil if the task keeps nothing
		waits   []string // what a task that waits has in its file; nil if it does not wait
		caller  []string
		set     []string
		want    []string
		unknown []string // of the error, if there is one
	}{
		"none of its own":             {caller: []string{"A=1"}, want: []string{"A=1"}},
		"given anew":                  {caller: []string{"A=1"}, set: []string{"B=2"}, want: []string{"A=1", "B=2"}},
		"its own, in no record":       {names: []string{"B", "C"}, caller: []string{"A=1"}, unknown: []string{"B", "C"}},
		"its own, given anew":         {names: []string{"B"}, set: []string{"B=3"}, want: []string{"B=3"}},
		"one of two is given anew":    {names: []string{"B", "C"}, set: []string{"B=3"}, unknown: []string{"C"}},
		"the caller's does not count": {names: []string{"B"}, caller: []string{"B=1"}, unknown: []string{"B"}},
		"kept":                        {names: []string{"B"}, kept: []string{"B=2"}, caller: []string{"A=1"}, want: []string{"A=1", "B=2"}},
		"kept, but given anew":        {names: []string{"B", "C"}, kept: []string{"B=2", "C=2"}, set: []string{"C=3"}, want: []string{"B=2", "C=3"}},
		"kept in part":                {names: []string{"B", "C"}, kept: []string{"B=2"}, unknown: []string{"B", "C"}},
		"of a task that waits":        {names: []string{"B"}, waits: []string{"A=1", "B=2"}, caller: []string{"A=0"}, want: []string{"A=0", "B=2"}},
		"the marks are not its own":   {names: []string{record.MarkTask}, caller: []string{"A=1"}, want: []string{"A=1"}},
	} {
		t.Run(name, func(t *testing.T) {
			h := queued(t, "x")
			task := &view.Task{ID: "x", State: record.Failed, Spec: &record.Spec{ID: "x", EnvNames: c.names, KeepEnv: c.kept != nil}}
			if c.kept != nil {
				must(t, store.KeepEnv(h.TaskDir("x"), c.kept))
			}
			if c.waits != nil {
				task.State = record.Queued
				must(t, store.WriteEnv(h.TaskDir("x"), c.waits))
			}
			o := RestartOptions{Env: c.caller, Set: c.set}
			got, err := o.environment(h, task)
			var unknown *EnvUnknownError
			if errors.As(err, &unknown) {
				if !slices.Equal(unknown.Names, c.unknown) {
					t.Errorf("environment: %v, want %v unknown", err, c.unknown)
				}
				return
			}
			if err != nil || c.unknown != nil || !slices.Equal(got, c.want) {
				t.Errorf("environment = %v, %v, want %v, with %v unknown", got, err, c.want, c.unknown)
			}
		})
	}
}

// TestMarked tells by the environment alone whether this process is of the task's run.
func TestMarked(t *testing.T) {
	for name, c := range map[string]struct {
		env  map[string]string
		spec *record.Spec
		want bool
	}{
		"no marks":                           {nil, &record.Spec{RunToken: "a"}, false},
		"the token of the run":               {map[string]string{record.MarkToken: "a"}, &record.Spec{RunToken: "a"}, true},
		"the token of another":               {map[string]string{record.MarkToken: "b", record.MarkTask: "x", record.MarkRun: "2", record.MarkHome: "."}, &record.Spec{RunToken: "a"}, false},
		"no spec: task, run and home":        {map[string]string{record.MarkTask: "x", record.MarkRun: "2", record.MarkHome: "."}, nil, true},
		"no spec: another run":               {map[string]string{record.MarkTask: "x", record.MarkRun: "1", record.MarkHome: "."}, nil, false},
		"no spec: another task":              {map[string]string{record.MarkTask: "y", record.MarkRun: "2", record.MarkHome: "."}, nil, false},
		"no spec: another home":              {map[string]string{record.MarkTask: "x", record.MarkRun: "2", record.MarkHome: "/"}, nil, false},
		"a spec of a version without tokens": {map[string]string{record.MarkTask: "x", record.MarkRun: "2", record.MarkHome: "."}, &record.Spec{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			h, err := store.Open(t.TempDir())
			must(t, err)
			for _, name := range []string{record.MarkToken, record.MarkTask, record.MarkRun, record.MarkHome} {
				value := c.env[name]
				if value == "." {
					value = h.Path()
				}
				t.Setenv(name, value)
			}
			if got := marked(h, &view.Task{ID: "x", Run: 2, Spec: c.spec}); got != c.want {
				t.Errorf("marked = %v, want %v", got, c.want)
			}
		})
	}
}
