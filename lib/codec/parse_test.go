package codec

import (
	"bytes"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"bgtasks/lib/record"
	"bgtasks/test/testhome"
)

func TestParseSpecRoundTrip(t *testing.T) {
	spec := testhome.Spec(t, "web")
	spec.EnvNames, spec.Tags = []string{"A", "B"}, []string{"x", "é\"\n"}
	spec.SessionID, spec.Notify, spec.Metadata = "s-1", true, []byte(`{"a":[1,{"b":null}]}`)
	spec.Stdin, spec.Split, spec.Tees, spec.LogMax = "/in", true, []string{"/t"}, 1<<40
	spec.TimeLimitMs, spec.SuccessExitCodes = 5, []int{3, 200}
	spec.RunToken, spec.StartedBy.PIDNS, spec.StartedBy.TimeNS = "00112233445566778899aabbccddeeff", 4026531836, 4026531834
	data := spec.AppendJSON(nil)
	got, err := ParseSpec(data)
	if err != nil || !reflect.DeepEqual(got, spec) {
		t.Errorf("ParseSpec(%s) = %+v, %v, want %+v", data, got, err, spec)
	}
}

func TestParseStateRoundTrip(t *testing.T) {
	code, signal := 200, "KILL"
	p := &record.Process{BootID: "b", PID: 7, StartTicks: 1<<64 - 1, PIDNS: 4026531836, TimeNS: 4026531834}
	state := &record.State{Run: 2, Attempt: 3, State: record.Failed, Reason: record.BySignal, ExitCode: &code,
		Signal: &signal, Leader: p, Shim: p, Containment: "cgroup", Cgroup: "/sys/fs/cgroup/bgtask-x", Leftovers: 4, TeeMissed: 5,
		StartedAt: testhome.Time, ExitedAt: testhome.Time, UpdatedAt: testhome.Time,
		Usage: &record.Usage{UserMs: 1, SystemMs: 2, MaxRSSKB: 3},
		Stop: &record.Stop{RequestedAt: testhome.Time, By: "bg-stop", Signal: "TERM", GraceMs: 9, Reason: "why",
			Cause: record.Stopped}}
	data := state.AppendJSON(nil)
	got, err := ParseState(data)
	if err != nil || !reflect.DeepEqual(got, state) {
		t.Errorf("ParseState(%s) = %+v, %v, want %+v", data, got, err, state)
	}
	data = state.Stop.AppendJSON(nil)
	if stop, err := ParseStop(data); err != nil || !reflect.DeepEqual(stop, state.Stop) {
		t.Errorf("ParseStop(%s) = %+v, %v, want %+v", data, stop, err, state.Stop)
	}
}

// An unknown code must not become zero (P3).
func TestParseStateKeepsUnknown(t *testing.T) {
	got, err := ParseState(testhome.State(record.Failed).AppendJSON(nil))
	if err != nil || got.ExitCode != nil || got.Signal != nil || !got.ExitedAt.IsZero() {
		t.Errorf("ParseState = %+v, %v, want no code, no signal, no time of exit", got, err)
	}
}

func TestParseEvent(t *testing.T) {
	state, spec := testhome.State(record.Cancelled), testhome.Spec(t, "web")
	state.Leader, state.Reason = testhome.Gone(t), record.Stopped
	spec.Tags, spec.SessionID = []string{"x"}, "s"
	line := (&record.Event{Name: record.EventCancelled, Time: testhome.Time, TaskID: "web",
		Labels: spec.EventLabels(), State: state}).AppendJSON(nil)
	want := &Event{Name: record.EventCancelled, Time: testhome.Time, TaskID: "web", Kind: spec.Kind, Tags: spec.Tags,
		SessionID: "s", CreatedAt: spec.CreatedAt, PID: state.Leader.PID,
		State: record.State{Run: 1, Attempt: 1, State: record.Cancelled, Reason: record.Stopped}}
	if got, err := ParseEvent(line); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("ParseEvent(%s) = %+v, %v, want %+v", line, got, err, want)
	}
}

func TestParseIgnoresUnknownMembers(t *testing.T) {
	data := `{"later":{"deep":[]},` + string(testhome.State(record.Running).AppendJSON(nil)[1:])
	if got, err := ParseState([]byte(data)); err != nil || got.State != record.Running {
		t.Errorf("ParseState(%s) = %+v, %v, want running", data, got, err)
	}
}

func TestParseRefuses(t *testing.T) {
	whole := string(testhome.State(record.Running).AppendJSON(nil))
	replaced := func(old, new string) string {
		if !strings.Contains(whole, old) {
			t.Fatalf("%s does not contain %s", whole, old)
		}
		return strings.Replace(whole, old, new, 1)
	}
	for name, data := range map[string]string{
		"nothing":          "",
		"garbage":          "\x00\xff\x00",
		"truncated":        whole[:len(whole)-1],
		"two records":      whole + whole,
		"a list":           "[" + whole + "]",
		"a string":         `"state"`,
		"null":             "null",
		"no members":       "{}",
		"no version":       replaced(`"v":1,`, ""),
		"newer version":    replaced(`"v":1,`, `"v":2,`),
		"fractional run":   replaced(`"run":1`, `"run":1.5`),
		"run in words":     replaced(`"run":1`, `"run":"1"`),
		"huge run":         replaced(`"run":1`, `"run":1e99`),
		"no run":           replaced(`"run":1,`, ""),
		"unknown state":    replaced(`"running"`, `"dancing"`),
		"state of no type": replaced(`"running"`, "7"),
		"no state":         replaced(`"state":"running",`, ""),
		"code in words":    replaced(`"exitCode":null`, `"exitCode":"0"`),
		"leader of list":   replaced(`"exitCode"`, `"leader":[],"exitCode"`),
		"negative ticks":   replaced(`"exitCode"`, `"leader":{"startTicks":-1},"exitCode"`),
		"no time":          replaced(`"2026-`, `"yesterday-`),
		"deep":             strings.Repeat("[", 1<<20),
		"deep in strings":  `{"v":1,"x":"\"` + strings.Repeat("[", 1<<20) + `"}`,
	} {
		if got, err := ParseState([]byte(data)); err == nil {
			t.Errorf("ParseState of %s = %+v, want an error", name, got)
		}
	}
}

// FuzzParseState: what was decoded is encoded to the same bytes again and
// again, and nothing panics.
func FuzzParseState(f *testing.F) {
	f.Add(testhome.State(record.Running).AppendJSON(nil))
	f.Add([]byte(`{"v":1,"run":1,"state":"failed","exitCode":null,"updatedAt":"2026-03-01T12:00:00Z","stop":{}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := ParseState(data)
		if err != nil {
			return
		}
		first := s.AppendJSON(nil)
		again, err := ParseState(first)
		if err != nil {
			if inRange(s.UpdatedAt, s.StartedAt, s.ExitedAt) {
				t.Fatalf("ParseState(%s) = %v", first, err)
			}
			return
		}
		if second := again.AppendJSON(nil); !bytes.Equal(first, second) {
			t.Errorf("encoded %s, then %s", first, second)
		}
	})
}

// FuzzParseSpec: as FuzzParseState.
func FuzzParseSpec(f *testing.F) {
	f.Add(testhome.Spec(f, "web").AppendJSON(nil))
	f.Add([]byte(`{"v":1,"id":"a","run":1,"command":"x","metadata":{"a":1},"createdAt":"2026-03-01T12:00:00Z"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := ParseSpec(data)
		if err != nil {
			return
		}
		first := s.AppendJSON(nil)
		again, err := ParseSpec(first)
		if err != nil {
			if inRange(s.CreatedAt) {
				t.Fatalf("ParseSpec(%s) = %v", first, err)
			}
			return
		}
		if second := again.AppendJSON(nil); !bytes.Equal(first, second) {
			t.Errorf("encoded %s, then %s", first, second)
		}
	})
}

// inRange tells whether RFC 3339 can write these times: a zone can carry the
// first and the last hours of its years out of them.
func inRange(times ...time.Time) bool {
	for _, at := range times {
		if y := at.UTC().Year(); !at.IsZero() && (y < 0 || y > 9999) {
			return false
		}
	}
	return true
}

// What is no UTF-8 comes back from a spec byte for byte.
func TestSpecKeepsBytes(t *testing.T) {
	want := testhome.Spec(t, "web")
	want.Command, want.Workdir, want.Stdin = "/bin/\xff", "/src/\xfe", "in\x80"
	want.Args, want.Tees = []string{"\xff", "", "é"}, []string{"/t\xc3"}
	got, err := ParseSpec(want.AppendJSON(nil))
	if err != nil {
		t.Fatal(err)
	}
	if got.Command != want.Command || got.Workdir != want.Workdir || got.Stdin != want.Stdin ||
		!slices.Equal(got.Args, want.Args) || !slices.Equal(got.Tees, want.Tees) {
		t.Errorf("ParseSpec of what is no UTF-8 = %+v, want %+v", got, want)
	}
}
