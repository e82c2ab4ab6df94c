package show

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"bgtasks/lib/fault"
	"bgtasks/lib/record"
	"bgtasks/lib/view"
)

// Nothing that a task is called can steer the terminal.
func TestPrintable(t *testing.T) {
	for s, want := range map[string]string{
		"plain äöü 漢字":    "plain äöü 漢字",
		"\x1b[31mred":     `\x1b[31mred`,
		"a\nb\tc\r":       `a\nb\tc\r`,
		"\x7f\u009b":      `\x7f\u009b`,
		"\xff":            `\xff`,
		"\u202eevil":      `\u202eevil`,
		"real \uFFFD":     `real \ufffd`,
		"zero\u200bwidth": `zero\u200bwidth`,
	} {
		if got := fault.Printable(s); got != want {
			t.Errorf("Printable(%q) = %q, want %q", s, got, want)
		}
	}
}

func TestCommandLine(t *testing.T) {
	got := fault.CommandLine("sh", []string{"-c", "echo 'a'", "", "x=1"})
	if want := `sh -c 'echo '\''a'\''' '' x=1`; got != want {
		t.Errorf("CommandLine = %s, want %s", got, want)
	}
}

// A table stays within the terminal, whatever is in it.
func TestTableIsCut(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	code := 3
	tasks := []*view.Task{
		{ID: "bg_1", Name: strings.Repeat("n", 100), Command: "x\x1b[2J", Args: []string{strings.Repeat("ä", 500)},
			State: record.Failed, ExitCode: &code, CreatedAt: "2026-01-02T03:02:35.000Z"},
		{ID: "bg_2", Name: "b", State: record.Running, Leftovers: 2},
	}
	for _, width := range []int{20, 80, 200} {
		var b bytes.Buffer
		if err := writeTable(&b, tasks, width, now); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(b.String()) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > width || strings.Contains(line, "\x1b") {
				t.Errorf("width %d: %d columns in %q", width, n, line)
			}
		}
	}
	var b bytes.Buffer
	if err := writeTable(&b, tasks, 120, now); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"failed", " 3 ", "1m30s", `x\x1b`, "running+2", "nnn…"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("table is\n%s\nwant %q in it", b.String(), want)
		}
	}
}

func TestPrintTasks(t *testing.T) {
	tasks := []*view.Task{{ID: "a", Name: "x\ty", Tags: []string{"t"}, Command: "c"}, {ID: "b"}}
	for format, want := range map[string]string{
		"":                           "a\nb\n",
		"id":                         "a\nb\n",
		"{{.ID}}={{join .Tags `,`}}": "a=t\nb=\n",
		"tsv":                        "a\tx\\ty\t\t\t\t\t\t\tt\tc\nb\t\t\t\t\t\t\t\t\t''\n",
	} {
		p, out := testPrinter()
		if err := Tasks(p, tasks, format); err != nil || out.String() != want {
			t.Errorf("PrintTasks(%q) = %q, %v, want %q", format, out, err, want)
		}
	}
	p, out := testPrinter()
	if err := Tasks(p, nil, "json"); err != nil || out.String() != "[]\n" {
		t.Errorf("PrintTasks(nothing, json) = %q, %v, want []", out, err)
	}
	for _, format := range []string{"bogus", "{{.Nope}}", "{{"} {
		var usage *fault.Failure
		if err := Tasks(p, tasks, format); !errors.As(err, &usage) || usage.Code != fault.CodeUsage {
			t.Errorf("PrintTasks(%q) = %v, want a usage error", format, err)
		}
	}
}

func testPrinter() (*Printer, *bytes.Buffer) {
	out := &bytes.Buffer{}
	return NewPrinter(Unbuffered{out}, nil), out
}

// On a narrow terminal names and tags give way, not the state and the exit.
func TestNarrowTableKeepsTheState(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	code := 3
	tasks := []*view.Task{{ID: "bg_0123456789abcdef", Name: strings.Repeat("n", 30), Tags: []string{"deployment", "europe"},
		Command: "make", State: record.Failed, ExitCode: &code}}
	var b bytes.Buffer
	if err := writeTable(&b, tasks, 50, now); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "failed  3") {
		t.Errorf("a table of 50 columns is\n%swant the state and the exit in it", b.String())
	}
}
