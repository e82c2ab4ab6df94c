package cli

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"bgtasks/lib/control"
	"bgtasks/lib/fault"
	"bgtasks/lib/find"
	"bgtasks/lib/launch"
	"bgtasks/lib/record"
	"bgtasks/lib/seglog"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
)

// Each error of the rooms below has its name, exit code and words.
func TestFailures(t *testing.T) {
	exec := func(errno syscall.Errno) error {
		return &launch.SpawnError{Stage: record.StageExec, Command: "x", Errno: errno}
	}
	for _, tt := range []struct {
		err  error
		kind string
		code int
		text string
	}{
		{&view.NotFoundError{ID: "web"}, "TaskNotFound", 3, `no task "web"`},
		{&find.AmbiguousError{Word: "w", Candidates: []string{"a", "b"}}, "TaskAmbiguous", 4, `"w" could mean several tasks`},
		{&launch.ExistsError{ID: "web"}, "TaskAlreadyRunning", 1, `task "web" is already running`},
		{exec(syscall.ENOENT), "SpawnFailed", 127, `command "x" not found`},
		{exec(syscall.EACCES), "SpawnFailed", 126, `cannot execute "x": permission denied`},
		{&launch.SpawnError{Stage: record.StageDir, Command: "x", Path: "/d", Errno: syscall.ENOENT}, "SpawnFailed", 126, `working directory "/d"`},
		{&control.StopError{ID: "web", Why: "it won't"}, "StopFailed", 1, `task "web" was not stopped: it won't`},
		{&control.EnvUnknownError{ID: "web", Names: []string{"A"}}, "CommandInputError", 1, "A, which are kept in no record"},
		{&HomeError{Op: "initialize", Err: store.ErrNoHome}, "CliStoreError", 5, "no home"},
		{&HomeError{Op: "initialize", Path: "/h", Err: &store.LayoutError{Path: "/h", Found: "9"}}, "CliStoreError", 5, `has layout "9"`},
		{&seglog.BadCursorError{Cursor: 7}, "CommandInputError", 2, "cursor 7"},
		{timedOut("web", defaultOptions()), "TaskWaitTimedOut", 124, `task "web" has not ended in time`},
		{fault.Usage("no %s", "sense"), "CommandInputError", 2, "no sense"},
		{errors.New("odd"), "UnexpectedCliError", 125, "odd"},
	} {
		for _, err := range []error{tt.err, fmt.Errorf("wrapped: %w", tt.err)} {
			f := failureOf(err)
			if f.Type != tt.kind || f.Code != tt.code || !strings.Contains(f.Error(), tt.text) {
				t.Errorf("failureOf(%v) = %s, exit %d, %q, want %s, exit %d, %q", err, f.Type, f.Code, f.Error(), tt.kind, tt.code, tt.text)
			}
		}
	}
}

func TestFailureEnvelope(t *testing.T) {
	var out, errs bytes.Buffer
	c := &Call{Verb: "status", JSON: true, Err: &errs}
	code := c.conclude(&view.NotFoundError{ID: "bg_<missing>"})
	want := `{
  "ok": false,
  "command": "status",
  "error": {
    "type": "TaskNotFound",
    "message": "task not found: bg_<missing>",
    "details": {
      "id": "bg_<missing>",
      "hint": "Run list to discover known task ids.",
      "retryable": false
    }
  }
}
`
	if code != 1 || errs.String() != want || out.Len() > 0 {
		t.Errorf("conclude = %d with\n%s\nwant 1 with\n%s", code, errs.String(), want)
	}
}

func TestComplaint(t *testing.T) {
	var errs bytes.Buffer
	c := &Call{Verb: "stop", Err: &errs}
	code := c.conclude(&view.NotFoundError{ID: "wev", Close: []string{"web"}})
	want := "bg-stop: error: no task \"wev\"\nbg-stop: hint: did you mean web?\n"
	if code != 3 || errs.String() != want {
		t.Errorf("conclude = %d with %q, want 3 with %q", code, errs.String(), want)
	}
}

// A reader that has gone is nothing to complain about.
func TestClosedStdoutIsQuiet(t *testing.T) {
	var errs bytes.Buffer
	c := &Call{Verb: "logs", Err: &errs}
	if code := c.conclude(fmt.Errorf("write: %w", syscall.EPIPE)); code != 141 || errs.Len() > 0 {
		t.Errorf("conclude(EPIPE) = %d with %q, want 141 with nothing", code, errs.String())
	}
}

func TestTally(t *testing.T) {
	missing, odd := &view.NotFoundError{ID: "x"}, errors.New("odd")
	for _, tt := range []struct {
		outcomes []error
		want     int
	}{
		{nil, 0}, {[]error{nil, nil}, 0}, {[]error{missing}, 3}, {[]error{missing, missing}, 3},
		{[]error{nil, missing}, 1}, {[]error{missing, odd}, 1},
	} {
		c, tl := &Call{Err: &bytes.Buffer{}}, tally{}
		for _, err := range tt.outcomes {
			tl.add(c, err)
		}
		if got := tl.code(); got != tt.want {
			t.Errorf("exit code of %v = %d, want %d", tt.outcomes, got, tt.want)
		}
	}
}
