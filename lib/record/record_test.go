package record

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
)

var (
	day     = time.Date(2026, 11, 20, 10, 43, 55, 123e6, time.UTC)
	process = Process{BootID: "32fc3b22-bd15-45ab-8f51-3e25bb2cb7a0", PID: 4711, StartTicks: 1<<63 + 5, PIDNS: 4026531836, TimeNS: 4026531834}
)

func ptr[T any](v T) *T { return &v }

// fields decodes one JSON object, and fails on anything after it.
func fields(t *testing.T, b []byte) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatalf("%s: %v", b, err)
	}
	return m
}

func TestStateIsWholeJSON(t *testing.T) {
	full := State{
		Run: 2, Attempt: 1, State: Cancelled, Reason: Stopped, ExitCode: ptr(7), Leader: &process, Shim: &process,
		Containment: "subreaper", Leftovers: 3, TeeMissed: 9, StartedAt: day, ExitedAt: day, UpdatedAt: day,
		Usage: &Usage{UserMs: 1, SystemMs: 2, MaxRSSKB: 3},
		Stop:  &Stop{RequestedAt: day, By: "bg-stop", Signal: "TERM", GraceMs: 5000, Reason: "a \"reason\"\n", Cause: Stopped},
	}
	got := fields(t, full.AppendJSON(nil))
	want := map[string]any{
		"v": 1.0, "run": 2.0, "attempt": 1.0, "state": "cancelled", "reason": "stop", "exitCode": 7.0, "signal": nil,
		"containment": "subreaper", "leftovers": 3.0, "teeMissedBytes": 9.0, "startedAt": "2026-11-20T10:43:55.123Z",
	}
	for key, value := range want {
		if !reflect.DeepEqual(got[key], value) {
			t.Errorf("state.json %q = %v, want %v", key, got[key], value)
		}
	}
	if stop := got["stop"].(map[string]any); stop["reason"] != "a \"reason\"\n" || stop["graceMs"] != 5000.0 {
		t.Errorf("state.json stop = %v, want the stop as it was asked for", stop)
	}
}

// An unknown end is null, never a zero (P3).
func TestUnknownIsNull(t *testing.T) {
	s := State{Run: 1, Attempt: 1, State: Failed, Reason: Lost, UpdatedAt: day}
	got := fields(t, s.AppendJSON(nil))
	for _, key := range []string{"exitCode", "signal"} {
		if v, there := got[key]; !there || v != nil {
			t.Errorf("state.json of a lost run: %q = %v, there %v, want null", key, v, there)
		}
	}
	for _, key := range []string{"startedAt", "exitedAt", "leader", "usage", "stop"} {
		if v, there := got[key]; there {
			t.Errorf("state.json of a lost run: %q = %v, want it left out", key, v)
		}
	}
}

func FuzzSpecIsWholeJSON(f *testing.F) {
	f.Add("web", "server", "a b\x00", "tag\xff", "HOME", "é")
	f.Fuzz(func(t *testing.T, id, command, arg, tag, env, session string) {
		s := Spec{
			ID: id, Run: 1, Name: command, Command: command, Args: []string{arg, ""}, EnvNames: []string{env},
			Tags: []string{tag}, Kind: DefaultKind, SessionID: session, Notify: true, Metadata: []byte(`{"a":1}`),
			LogMax: DefaultLogMax, Leftovers: LeftoversKeep, SuccessExitCodes: []int{3, 0},
			CreatedAt: day, StartedBy: process,
		}
		got := fields(t, s.AppendJSON(nil))
		if args := got["args"].([]any); args[0] != strings.ToValidUTF8(arg, "\ufffd") && !hasInvalid(arg) {
			t.Errorf("spec.json args[0] = %q, want %q", args[0], arg)
		}
		event := Event{Name: EventStarted, Time: day, TaskID: id, Labels: s.EventLabels(), State: &State{Run: 1, State: Running}}
		line := event.AppendJSON(nil)
		if n := strings.Count(string(line), "\n"); n != 1 || line[len(line)-1] != '\n' {
			t.Errorf("journal line %q has %d newlines, want one at its end", line, n)
		}
		fields(t, line)
	})
}

func hasInvalid(s string) bool { return strings.ToValidUTF8(s, "") != s }

func FuzzValidID(f *testing.F) {
	for _, id := range []string{"a", "bg_0", "A.b-c_9", "", ".", "..", "-x", "_x", "a/b", "a\x00", "é", strings.Repeat("x", 64), strings.Repeat("x", 65)} {
		f.Add(id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		want := id != "" && len(id) <= MaxIDLength && strings.Trim(id, idBytes) == "" && !strings.ContainsRune("._-", rune(id[0]))
		if got := ValidID(id); got != want {
			t.Errorf("ValidID(%q) = %v, want %v", id, got, want)
		}
	})
}

const idBytes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

func TestStatusOf(t *testing.T) {
	for _, c := range []struct {
		state LifeState
		why   Reason
		want  Status
	}{
		{Queued, "", StatusQueued}, {Claimed, "", StatusStarting}, {Running, "", StatusRunning},
		{Retrying, "", StatusQueued}, {Stale, "", StatusRunning}, {Succeeded, SelfExit, StatusExited},
		{Failed, SelfExit, StatusExited}, {Failed, BySignal, StatusExited}, {Failed, SpawnError, StatusFailed},
		{Failed, Lost, StatusFailed}, {Failed, LostReboot, StatusFailed}, {Failed, DependencyFailed, StatusFailed},
		{Cancelled, Stopped, StatusKilled}, {Cancelled, Superseded, StatusKilled}, {TimedOut, TimeLimit, StatusKilled},
	} {
		if got := StatusOf(c.state, c.why); got != c.want {
			t.Errorf("StatusOf(%s, %q) = %s, want %s", c.state, c.why, got, c.want)
		}
	}
}

func FuzzAppendTime(f *testing.F) {
	for _, ms := range []int64{0, -1, day.UnixMilli(), 951782400000, 951868799999, 4107542400000, 253402300799999, -62135596800000} {
		f.Add(ms)
	}
	f.Fuzz(func(t *testing.T, ms int64) {
		at := time.UnixMilli(ms % 253402300800000)
		if at.UTC().Year() < 0 || at.UTC().Year() > 9999 {
			return
		}
		if got, want := string(AppendTime(nil, at)), at.UTC().Format(TimeFormat); got != want {
			t.Errorf("AppendTime(%d ms) = %s, want %s", ms, got, want)
		}
	})
}

func TestLaunchBlockRoundTrip(t *testing.T) {
	launch := Launch{
		ID: "web", Run: 3, Attempt: 1, RunToken: "00112233445566778899aabbccddeeff", TaskDir: "/h/tasks/web", Home: "/h", Path: "/bin/sh",
		Argv: []string{"sh", "-c", "", "a=b\nc"}, Dir: "/tmp", Split: true, Tees: []string{"/t"}, LogMax: 5,
		Leftovers: LeftoversWait, Signal: 15, SignalName: "TERM", GraceMs: 1, TimeLimitMs: 2, Successes: []int{3, 4},
		Umask: 0o22, RestoreEnv: []string{"GOGC=50"}, Labels: []byte(`"tags":[]`), Replaced: []byte("{}\n"),
		Adopt: Adoption{Leader: process, StartedMs: 5, Guessed: true, Over: true, StopMs: 6, StopNumber: 2, TeeMissed: 7, GraceLeftMs: 8, LogStart: 9, ErrorsStart: 10, Cause: Watchdog,
			Stop: Stop{By: "bg-stop", Signal: "INT", GraceMs: 7, Reason: "r\ns", Cause: Stopped}},
	}
	block := launch.AppendBlock(nil)
	got, err := ParseLaunch(block)
	if err != nil || !reflect.DeepEqual(*got, launch) {
		t.Errorf("ParseLaunch(AppendBlock(%+v)) = %+v, %v", launch, got, err)
	}
	for n := range block {
		if _, err := ParseLaunch(block[:n]); err == nil {
			t.Fatalf("ParseLaunch of the first %d of %d bytes succeeded, want an error", n, len(block))
		}
	}
}

func FuzzParseLaunch(f *testing.F) {
	f.Add((&Launch{ID: "x"}).AppendBlock(nil))
	f.Add([]byte("id=x\x00bogus=1\x00end\x00"))
	f.Fuzz(func(t *testing.T, block []byte) {
		l, err := ParseLaunch(block)
		if err != nil {
			return
		}
		again, err := ParseLaunch(l.AppendBlock(nil))
		if err != nil || !reflect.DeepEqual(l, again) {
			t.Errorf("ParseLaunch(%q) = %+v; encoded and parsed again: %+v, %v", block, l, again, err)
		}
	})
}

func TestReportRoundTrip(t *testing.T) {
	for _, want := range []Report{{PID: 12}, {Stage: StageExec, Errno: 2, Detail: "/no/such"}} {
		got, err := ParseReport(want.AppendReport(nil))
		if err != nil || *got != want {
			t.Errorf("ParseReport(AppendReport(%+v)) = %+v, %v", want, got, err)
		}
	}
	for _, cut := range []string{"", "12", "12\x00\x000\x00"} {
		if _, err := ParseReport([]byte(cut)); err == nil {
			t.Errorf("ParseReport(%q) succeeded, want an error", cut)
		}
	}
}

func TestStopMessage(t *testing.T) {
	want := Stop{RequestedAt: day, By: "bg-stop", Signal: "TERM", GraceMs: 5000, Reason: "two\nlines", Cause: Stopped}
	message := want.AppendMessage(nil, 15)
	if n := len(message); n > MaxMessage {
		t.Errorf("stop message has %d bytes, want at most %d", n, MaxMessage)
	}
	got, number, ok := ParseStop(strings.TrimSuffix(string(message), "\n"))
	want.Reason = "two lines" // a newline ends a message
	want.RequestedAt = got.RequestedAt
	if *got != want {
		t.Errorf("ParseStop(%q) = %+v, want %+v", message, *got, want)
	}
	if !ok || number != 15 || !got.RequestedAt.Equal(day) {
		t.Errorf("ParseStop(%q) = %+v, %d, %v, want the time %v, 15, true", message, got, number, ok, day)
	}
	for _, bad := range []string{"", "stop", "listen", "stop\x00x\x00by\x00TERM\x0015\x005\x00stop\x00"} {
		if _, _, ok := ParseStop(bad); ok {
			t.Errorf("ParseStop(%q) is ok, want it refused", bad)
		}
	}
}

func TestReadStop(t *testing.T) {
	want := Stop{RequestedAt: day, By: "bg-stop", Signal: "TERM", GraceMs: 5000, Reason: "\"é\"\t\\ \x01\u2028,}\nend", Cause: Stopped}
	text := string(want.AppendJSON(nil)) + "\n"
	for _, text := range []string{text, strings.Replace(text, `"by"`, `"later":1,"more":"x","by"`, 1)} {
		if got, ok := ReadStop(text); !ok || !got.Same(&want) || got.Reason != want.Reason {
			t.Errorf("ReadStop(%q) = %+v, %t, want %+v, true", text, got, ok, want)
		}
	}
	for end := range text {
		if got, ok := ReadStop(text[:end]); ok {
			t.Errorf("ReadStop(%q) = %+v, true, want false", text[:end], got)
		}
	}
}
