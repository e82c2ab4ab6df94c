package cli

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"bgtasks/lib/fault"
)

func TestOptions(t *testing.T) {
	seconds := func(n int) Options {
		o := defaultOptions()
		o.Timeout = time.Duration(n) * time.Second
		return o
	}
	waiting := defaultOptions()
	waiting.Wait = true
	for _, tt := range []struct {
		line  string
		want  Options
		words string
	}{
		{"", defaultOptions(), ""},
		{"{} --wait", waiting, "{}"},
		{"--wait {}", waiting, "{}"},
		{"--wait true {}", waiting, "{}"},
		{"--wait=yes {}", waiting, "{}"},
		{"--wait=false {}", defaultOptions(), "{}"},
		{"--timeout 5 {}", seconds(5), "{}"},
		{"{} --timeout=0", seconds(0), "{}"},
		{"{} --bogus", defaultOptions(), "{} --bogus"},
		{"--wait --wait {}", waiting, "--wait {}"},
		{"-- --wait", defaultOptions(), "--wait"},
	} {
		o := defaultOptions()
		words, err := o.parse(strings.Fields(tt.line), AllOptions)
		o.Timed = false
		if err != nil || o != tt.want || strings.Join(words, " ") != tt.words {
			t.Errorf("parse(%q) = %+v, %q, %v, want %+v, %q", tt.line, o, words, err, tt.want, tt.words)
		}
	}
}

func TestOptionsFaults(t *testing.T) {
	for line, want := range map[string]string{
		"--output bad":      "Expected one of the following cases: auto, inline, artifact",
		"--timeout abc":     "'abc' is not a integer",
		"--timeout 1.5":     "'1.5' is not a integer",
		"--timeout":         "'' is not a integer",
		"--timeout -1":      "Expected a number of seconds, 0 or more, received: '-1'",
		"--concurrency 0":   "concurrency must be a positive integer",
		"--concurrency=-2":  "concurrency must be a positive integer",
		"--wait=maybe {}":   "Expected a boolean, received: 'maybe'",
		"--concurrency 1e3": "'1e3' is not a integer",
	} {
		o := defaultOptions()
		_, err := o.parse(strings.Fields(line), AllOptions)
		if f := (*fault.Failure)(nil); !errors.As(err, &f) || f.Message != want || f.Type != "CommandInputError" {
			t.Errorf("parse(%q) = %v, want CommandInputError %q", line, err, want)
		}
	}
}

func TestOptionsOfOtherVerbsAreWords(t *testing.T) {
	o := defaultOptions()
	words, err := o.parse([]string{"--wait"}, []string{OptOutput})
	if err != nil || !slices.Equal(words, []string{"--wait"}) {
		t.Errorf("parse(--wait) = %q, %v, want it among the words", words, err)
	}
}
