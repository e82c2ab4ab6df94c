package control

import (
	"os"
	"testing"
	"time"

	"bgtasks/lib/codec"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
)

// TestStopRequest is what a supervisor is asked for: what the options say, else what the
// task's spec says; and what neither says is left to the supervisor.
func TestStopRequest(t *testing.T) {
	spec := &record.Spec{Signal: "INT", KillGraceMs: 7000}
	for name, c := range map[string]struct {
		options StopOptions
		spec    *record.Spec
		signal  string
		number  int // of the signal; 0 leaves it to the supervisor
		graceMs int64
		fails   bool
	}{
		"all is the task's":            {StopOptions{Grace: -1}, spec, "INT", 2, 7000, false},
		"a signal":                     {StopOptions{Signal: "HUP", Grace: -1}, spec, "HUP", 1, 7000, false},
		"a signal in full":             {StopOptions{Signal: "SIGHUP", Grace: -1}, spec, "HUP", 1, 7000, false},
		"a signal by its number":       {StopOptions{Signal: "15", Grace: -1}, spec, "TERM", 15, 7000, false},
		"a grace":                      {StopOptions{Grace: time.Second}, spec, "INT", 2, 1000, false},
		"no grace":                     {StopOptions{Grace: 0}, spec, "INT", 2, 0, false},
		"both":                         {StopOptions{Signal: "KILL", Grace: time.Minute}, spec, "KILL", 9, 60_000, false},
		"no such signal":               {StopOptions{Signal: "NONE", Grace: -1}, spec, "", 0, 0, true},
		"no spec, and nothing is said": {StopOptions{Grace: -1}, nil, "", 0, -1, false},
		"no spec, but a signal":        {StopOptions{Signal: "SIGHUP", Grace: -1}, nil, "HUP", 1, -1, false},
		"no spec, but a grace":         {StopOptions{Grace: time.Second}, nil, "", 0, 1000, false},
		"no spec is needed":            {StopOptions{Signal: "1", Grace: time.Second}, nil, "HUP", 1, 1000, false},
		"no spec, and no such signal":  {StopOptions{Signal: "NONE", Grace: -1}, nil, "", 0, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			c.options.By, c.options.Reason, c.options.Cause = "bg-stop", "why", record.Stopped
			stop, number, err := c.options.request(c.spec)
			if (err != nil) != c.fails {
				t.Fatalf("request = %v, want an error: %v", err, c.fails)
			}
			if c.fails {
				return
			}
			if stop.Signal != c.signal || number != c.number || stop.GraceMs != c.graceMs {
				t.Errorf("request = %q (%d) with %d ms, want %q (%d) with %d ms", stop.Signal, number, stop.GraceMs, c.signal, c.number, c.graceMs)
			}
			if stop.By != "bg-stop" || stop.Reason != "why" || stop.Cause != record.Stopped || stop.RequestedAt.IsZero() {
				t.Errorf("request = %+v, want who asks, why and when in it", stop)
			}
		})
	}
}

// TestStopLeft is what a task without a supervisor finds of a stop: the first that was
// asked for waits for the next supervisor, in terms that any knows, and none waits for a
// run that is over.
func TestStopLeft(t *testing.T) {
	for name, c := range map[string]struct {
		state  record.LifeState
		asked  []record.Stop
		signal string // of stop.json; "" if there is none
		grace  int64
	}{
		"of a task that runs":       {record.Running, []record.Stop{{Signal: "INT", GraceMs: 5}}, "INT", 5},
		"the first of two":          {record.Running, []record.Stop{{Signal: "INT", GraceMs: 5}, {Signal: "HUP", GraceMs: 6}}, "INT", 5},
		"with the default terms":    {record.Running, []record.Stop{{GraceMs: -1}}, record.DefaultSignal, record.DefaultGrace.Milliseconds()},
		"of a task that is over":    {record.Succeeded, []record.Stop{{Signal: "INT", GraceMs: 5}}, "", 0},
		"of a task being restarted": {record.Claimed, []record.Stop{{Signal: "INT", GraceMs: 5}}, "INT", 5},
	} {
		t.Run(name, func(t *testing.T) {
			h := queued(t, "x")
			for _, stop := range c.asked {
				stop.RequestedAt, stop.By = time.Now(), "bg-stop"
				r := request{stop: &stop, number: 1}
				must(t, r.tell(h, &view.Task{ID: "x", State: c.state}))
				if r.heard != 0 {
					t.Errorf("process %d has heard of it, want nobody", r.heard)
				}
			}
			left := &record.Stop{}
			raw, err := os.ReadFile(h.TaskDir("x") + "/" + store.StopFile)
			if err == nil {
				left, err = codec.ParseStop(raw)
				must(t, err)
			}
			if left.Signal != c.signal || left.GraceMs != c.grace {
				t.Errorf("%s holds %q with %d ms, want %q with %d ms", store.StopFile, left.Signal, left.GraceMs, c.signal, c.grace)
			}
		})
	}
}

// TestStopErrorWords is how a stop that failed says why.
func TestStopErrorWords(t *testing.T) {
	for want, e := range map[string]error{
		`task "x" was not stopped: it is late`:                                                                           &StopError{ID: "x", Why: "it is late"},
		`task "x" was not stopped: it is late, processes left: [7 8]`:                                                    &StopError{ID: "x", Why: "it is late", Left: []int{7, 8}},
		`task "x" was not stopped: its supervisor is gone, and no other could take over`:                                 unattended(&view.Task{ID: "x"}),
		`task "x" was not stopped: its supervisor is gone, and whether it lives cannot be known from here: another host`: unattended(&view.Task{ID: "x", Unknown: "another host"}),
	} {
		if got := e.Error(); got != want {
			t.Errorf("error = %q, want %q", got, want)
		}
	}
	for want, r := range map[string]Refused{
		"7 (sh, of user root)":                 {7, "root", "sh"},
		"7 (of another user, hidden from you)": {PID: 7},
	} {
		if got := r.String(); got != want {
			t.Errorf("refused = %q, want %q", got, want)
		}
	}
}
