package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestMain lets the test program play the roles that the benchmark's own does.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "work" {
		os.Exit(work(os.Args[2], os.Args[3:]))
	}
	os.Exit(m.Run())
}

func TestParse(t *testing.T) {
	var said bytes.Buffer
	opts, err := parse([]string{"-bin", "b", "-run", "^st", "-n", "3", "-out", "o"}, &said)
	if err != nil || opts.bin != "b" || opts.out != "o" || opts.runs != 3 || opts.smoke {
		t.Errorf("parse = %+v, %v", opts, err)
	}
	for _, s := range opts.choose(scenarios()) {
		if !strings.HasPrefix(s.name, "st") {
			t.Errorf("-run ^st chooses %q", s.name)
		}
	}
	for _, args := range [][]string{{"-run", "("}, {"word"}, {"-n", "-1"}, {"-n", "x"}, {"-unknown"}} {
		if _, err := parse(args, &said); err == nil {
			t.Errorf("parse(%q) = nil, want an error", args)
		}
	}
}

func TestList(t *testing.T) {
	var out, errs bytes.Buffer
	if code := run([]string{"-list"}, &out, &errs); code != 0 || !strings.Contains(out.String(), scenarioStart+"\n") {
		t.Errorf("run(-list) = %d, %q", code, out.String())
	}
	all := strings.Count(out.String(), "\n")
	out.Reset()
	run([]string{"-list", "-smoke"}, &out, &errs)
	if some := strings.Count(out.String(), "\n"); some == 0 || some >= all {
		t.Errorf("a smoke run has %d scenarios of %d, want some of them", some, all)
	}
	if code := run([]string{"word"}, &out, &errs); code != 2 {
		t.Errorf("run(word) = %d, want 2", code)
	}
}

// TestScenariosAreSound: each says what it measures, and has names of its own.
func TestScenariosAreSound(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range scenarios() {
		if seen[s.name] {
			t.Errorf("two scenarios are called %q", s.name)
		}
		seen[s.name] = true
		if s.title == "" || !strings.HasSuffix(strings.TrimSpace(s.measures), ".") || len(s.metrics) == 0 || s.runs < 1 || s.limit <= 0 {
			t.Errorf("%s lacks a title, a sentence, metrics, runs or a limit", s.name)
		}
		contestants := s.contestants(&lab{})
		if len(contestants) == 0 || contestants[0].name != ours {
			t.Errorf("the first contestant of %s is not %s", s.name, ours)
		}
	}
}

func TestExitError(t *testing.T) {
	for _, c := range []struct {
		err         exitError
		unavailable bool
	}{
		{exitError{"bg-start", 2, "unknown flag --queue"}, true},
		{exitError{"bg-start", 1, "queue: unknown field"}, true},
		{exitError{"bg-start", 125, "disk full"}, false},
		{exitError{"nq", 2, "something"}, false},
	} {
		if got := errors.Is(&c.err, errUnavailable); got != c.unavailable {
			t.Errorf("%v: unavailable = %v, want %v", &c.err, got, c.unavailable)
		}
	}
}

func TestHolds(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "below", "log")
	if err := errors.Join(os.Mkdir(filepath.Dir(path), 0o700), os.WriteFile(path, []byte("a word\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path, text string
		want       bool
	}{{dir, "word", true}, {path, "word\n", true}, {dir, "other", false}, {filepath.Join(dir, "none"), "word", false}} {
		if got := holds(c.path, c.text); got != c.want {
			t.Errorf("holds(%q, %q) = %v, want %v", c.path, c.text, got, c.want)
		}
	}
}

func TestQuoted(t *testing.T) {
	if got, want := quoted([]string{"a b", "it's"}), `'a b' 'it'\''s'`; got != want {
		t.Errorf("quoted = %s, want %s", got, want)
	}
}

func TestProgramSection(t *testing.T) {
	got := programSection("/d", job{"n", []string{"date", "+%s"}})
	for _, want := range []string{"[program:n]\n", "command='date' '+%%s'\n", "stdout_logfile=/d/n.log\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("programSection lacks %q:\n%s", want, got)
		}
	}
}

func TestPattern(t *testing.T) {
	tasks := t.TempDir()
	const old, young = "bg_0001", "bg_0002"
	dir := filepath.Join(tasks, old)
	if err := errors.Join(os.Mkdir(dir, 0o700), os.WriteFile(filepath.Join(dir, "spec.json"), []byte(`{"id":"bg_0001"}`), 0o600)); err != nil {
		t.Fatal(err)
	}
	p, err := readPattern(dir)
	if err == nil {
		err = p.copyTo(tasks, young)
	}
	if err != nil {
		t.Fatal(err)
	}
	if got, want := content(filepath.Join(tasks, young, "spec.json")), `{"id":"bg_0002"}`; got != want {
		t.Errorf("the copy holds %s, want %s", got, want)
	}
	if err := p.copyTo(tasks, young); err == nil {
		t.Errorf("a copy over another one = nil, want an error")
	}
	if got, want := numbered("bg_abcdefghijk", 42), "bg_abcd0000042"; got != want {
		t.Errorf("numbered = %q, want %q", got, want)
	}
}

func TestUntil(t *testing.T) {
	asked := 0
	err := until(context.Background(), "the third time", time.Minute, time.Microsecond, func() bool { asked++; return asked == 3 })
	if err != nil || asked != 3 {
		t.Errorf("until = %v after %d questions, want nil after 3", err, asked)
	}
	err = until(context.Background(), "never", time.Millisecond, time.Microsecond, func() bool { return false })
	if err == nil || !strings.Contains(err.Error(), "never") {
		t.Errorf("until = %v, want an error that names what was waited for", err)
	}
}
