package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"bgtasks/lib/fault"
	"bgtasks/lib/payload"
)

// grammar is a verb that tells what it was given.
type grammar struct {
	Common
	Num   int      `short:"n"`
	Words []string `arg:"" optional:"" passthrough:"partial"`
}

func (g *grammar) Run(c *Call) error {
	words := CommandWords(g.Words)
	if slices.Contains(words, "fail") {
		return errors.New("told to fail")
	}
	if c.JSON {
		return c.Succeed(words)
	}
	return c.Print(strings.Join(words, " "))
}

func do(args ...string) (code int, out, errs string) {
	var o, e bytes.Buffer
	v := &Verb{Name: "try", Help: "Try it.", Flags: &grammar{}, Options: AllOptions,
		JSON: Plain(func(*Call) (any, error) { return "plain", nil })}
	code = v.Do(args, Streams{strings.NewReader(""), &o, &e}, 0o022)
	return code, o.String(), e.String()
}

// Flags end at the command, and one "--" before it is dropped.
func TestCommandsKeepTheirFlags(t *testing.T) {
	for line, want := range map[string]string{
		"sleep -n 5":       "sleep -n 5",
		"-n 5 sleep -n 6":  "sleep -n 6",
		"-- sleep --json":  "sleep --json",
		"-n 1 -- -x":       "-x",
		"-- -- x":          "-- x",
		"git -- log":       "git -- log",
		"x --help":         "x --help",
		"x --version -n 2": "x --version -n 2",
	} {
		if code, out, errs := do(strings.Fields(line)...); code != 0 || out != want+"\n" {
			t.Errorf("bg-try %s = %d, %q, %q, want %q", line, code, out, errs, want)
		}
	}
}

func TestUsageErrors(t *testing.T) {
	for _, line := range []string{"--bogus x", "-n x", "-z"} {
		code, out, errs := do(strings.Fields(line)...)
		if code != fault.CodeUsage || out != "" || !strings.HasPrefix(errs, "bg-try: error: ") || strings.Count(errs, "\n") != 2 {
			t.Errorf("bg-try %s = %d, %q, %q, want 2 and an error with a hint", line, code, out, errs)
		}
	}
	code, out, errs := do("--json", "--bogus", "x")
	if code != 1 || out != "" || !strings.Contains(errs, `"type": "CommandInputError"`) {
		t.Errorf("bg-try --json --bogus = %d, %q, %q, want an envelope and 1", code, out, errs)
	}
}

func TestHelpAndVersion(t *testing.T) {
	if code, out, errs := do("--version"); code != 0 || out != "bg-try "+Version+"\n" || errs != "" {
		t.Errorf("--version = %d, %q, %q", code, out, errs)
	}
	if code, out, errs := do("--help"); code != 0 || !strings.HasPrefix(out, "Usage: bg-try") || errs != "" {
		t.Errorf("--help = %d, %q, %q", code, out, errs)
	}
	var envelope struct {
		Command string
		Data    struct {
			Help, Version string
			Next          []string `json:"next_steps"`
		}
	}
	_, out, _ := do(strictFlag, "{}", "--help")
	if err := json.Unmarshal([]byte(out), &envelope); err != nil || envelope.Command != "help" ||
		!strings.HasPrefix(envelope.Data.Help, "Usage: background-tasks try") || len(envelope.Data.Next) != 3 {
		t.Errorf("strict --help = %s (%v), want the help in an envelope", out, err)
	}
	_, out, _ = do(strictFlag, "--version")
	if err := json.Unmarshal([]byte(out), &envelope); err != nil || envelope.Command != "version" || envelope.Data.Version != Version {
		t.Errorf("strict --version = %s (%v), want the version in an envelope", out, err)
	}
}

func TestErrorsGetTheirExitCode(t *testing.T) {
	if code, out, errs := do("fail"); code != fault.CodeTool || out != "" || errs != "bg-try: error: told to fail\n" {
		t.Errorf("bg-try fail = %d, %q, %q, want 125 and one line", code, out, errs)
	}
	if code, _, errs := do("--json", "fail"); code != 1 || !strings.Contains(errs, `"message": "told to fail"`) {
		t.Errorf("bg-try --json fail = %d, %q, want 1 and an envelope", code, errs)
	}
}

func TestStrictLineTakesNoWords(t *testing.T) {
	if code, out, _ := do(strictFlag); code != 0 || !strings.Contains(out, `"data": "plain"`) {
		t.Errorf("strict line = %d, %q, want the envelope", code, out)
	}
	if code, out, errs := do(strictFlag, "x", "-"); code != 1 || out != "" || !strings.Contains(errs, "unknown arguments received") {
		t.Errorf("strict line with words = %d, %q, %q, want a refusal", code, out, errs)
	}
}

func TestListOrShow(t *testing.T) {
	handler := ListOrShow(func() any { return "all" }, func(verb string) (any, error) {
		if verb != "start" {
			return nil, payload.UnknownTarget("schema", verb)
		}
		return verb, nil
	})
	for _, tt := range []struct {
		words, verb, fault string
	}{
		{"list", "try list", ""},
		{"show start", "try show", ""},
		{"", "try", "try requires list or show"},
		{"bogus", "try bogus", "Invalid subcommand"},
		{"show", "try show", "unknown schema target"},
		{"show nope", "try show", "unknown schema target"},
		{"list x", "try list", "unknown arguments received"},
		{"show start x", "try show", "unknown arguments received"},
	} {
		c, _ := testCall("")
		c.Verb = "try"
		err := handler(c, strings.Fields(tt.words))
		if c.Verb != tt.verb || (err == nil) != (tt.fault == "") || err != nil && !strings.Contains(failureOf(err).Message, tt.fault) {
			t.Errorf("%q: command %q, %v, want command %q, fault %q", tt.words, c.Verb, err, tt.verb, tt.fault)
		}
	}
}
