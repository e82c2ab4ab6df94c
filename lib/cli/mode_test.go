package cli

import (
	"strings"
	"testing"
)

// Which of the two command lines a line is.
func TestJSONLine(t *testing.T) {
	for _, tt := range []struct {
		verb, stdin string
		args        []string
		json        bool
	}{
		{"start", "", []string{`{"command":"x"}`}, true},
		{"start", "", []string{"--wait", "--timeout", "2", `{"command":"x"}`}, true},
		{"start", "", []string{`[{}]`, "--concurrency", "2"}, true},
		{"start", "", []string{"@file"}, true},
		{"start", "", []string{"-"}, true},
		{"start", "", []string{"--json", `{"command":"x"}`}, true},
		{"start", "", []string{"--json=payload", "sleep"}, true},
		{"start", "", []string{"[", "-f", "x", "]"}, false},
		{"start", "", []string{"{}", "more"}, false},
		{"start", "", []string{`{"command":"x"}`, "-t", "a"}, true},
		{"start", "", []string{"--id", "a", `{"command":"x"}`}, false},
		{"list", "", []string{`{"status":"running"}`, "--tag", "a"}, true},
		{"list", "", []string{"--output", "{{.ID}}"}, false},
		{"list", "", []string{"-o", "{{.ID}}", "web"}, false},
		{"status", "", []string{`{"id":"a"}`, "-o", "json"}, true},
		{"start", "", []string{"--json", "sleep", "5"}, false},
		{"start", "", []string{"sleep", "{}"}, false},
		{"start", "", []string{"-t", "x", "--", "{}"}, false},
		{"stop", "", []string{`{"id":"x"}`}, true},
		{"stop", ` [{"id":"x"}]`, []string{"-"}, true},
		{"stop", "a b", []string{"-"}, false},
		{"stop", "", []string{"-"}, false},
		{"stop", "", []string{"web"}, false},
		{"stop", "", []string{}, false},
		{"list", "", []string{"--json"}, false},
		{"wait", "", []string{"--timeout", "1h", "web"}, false},
		{"wait", "", []string{"--timeout", "x", `{"id":"a"}`}, true},
	} {
		c := &Call{In: strings.NewReader(tt.stdin)}
		line, _, err := c.jsonLine(&Verb{Name: tt.verb, Options: AllOptions}, tt.args)
		if err != nil || (line != nil) != tt.json {
			t.Errorf("bg-%s %q: JSON = %v, %v, want %v", tt.verb, tt.args, line != nil, err, tt.json)
		}
	}
}

// What was read to decide is there for whoever reads next.
func TestStdinIsReadOnce(t *testing.T) {
	c := &Call{In: strings.NewReader("a b")}
	for range 2 {
		if data, err := c.readStdin(); err != nil || string(data) != "a b" {
			t.Errorf("readStdin() = %q, %v, want a b", data, err)
		}
	}
}
