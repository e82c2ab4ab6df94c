package payload

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"bgtasks/lib/record"
)

func TestSchedulePayloadFaults(t *testing.T) {
	for _, tt := range []struct{ members, want string }{
		{`"queue":"a/b"`, `["queue"] Expected a queue's name of `},
		{`"queue":""`, `["queue"] `},
		{`"priority":1001`, `["priority"] Expected a number not above 1000`},
		{`"priority":-1001`, `["priority"] Expected a number not below -1000`},
		{`"priority":0.5`, `["priority"] Expected an integer`},
		{`"concurrencyKey":""`, `["concurrencyKey"] `},
		{`"dedupeKey":" "`, `["dedupeKey"] Expected a string that is not blank`},
		{`"supersedeKey":"a\nb"`, `["supersedeKey"] Expected a string of UTF-8 without NUL and newline`},
		{`"dedupeKey":"` + strings.Repeat("x", 513) + `"`, `["dedupeKey"] Expected at most 512 bytes, actual 513`},
		{`"channels":["a","` + strings.Repeat("é", 257) + `"]`, `["channels",1] Expected at most 512 bytes, actual 514`},
		{`"delayMs":-1`, `["delayMs"] Expected a number not below 0`},
		{`"delayMs":1e15`, `["delayMs"] Expected at most 3153600000000 (a hundred years), actual 1000000000000000`},
		{`"scheduledAt":1000`, `["scheduledAt"] Expected a time to come`},
		{`"scheduledAt":"2020-01-01"`, `["scheduledAt"] Expected a time to come`},
		{`"scheduledAt":"2222-02-30"`, `["scheduledAt"] Expected a time such as `},
		{`"scheduledAt":"soon"`, `["scheduledAt"] Expected a time such as `},
		{`"scheduledAt":"9999-01-01"`, `["scheduledAt"] Expected a time within a hundred years`},
		{`"scheduledAt":"2099-01-01","delayMs":1`, `["scheduledAt"] Expected no delayMs beside it`},
		{`"after":"afterok:a"`, `["after"] Expected array`},
		{`"after":["a"]`, `["after",0] Expected afterok:ID, afterany:ID or afternotok:ID`},
		{`"after":["afterok:a:b"]`, `["after",0] Expected afterok:ID`},
		{`"after":[{"when":"afterok"}]`, `["after",0,"id"] is missing`},
		{`"after":[{"when":"before","id":"a"}]`, `["after",0,"when"] Expected "afterok" | "afterany" | "afternotok"`},
		{`"after":[{"when":"afterok","id":"a","x":1}]`, `["after",0,"x"] is unexpected`},
		{`"id":"me","after":["afterok:a","afterany:b:me"]`, `["after",1] Expected afterok:ID`},
		{`"id":"me","after":["afterok:a","afterany:me"]`, `["after",1] Expected another task, actual the task itself`},
		{`"maxAttempts":0`, `["maxAttempts"] Expected a positive number`},
		{`"maxAttempts":1000001`, `["maxAttempts"] Expected a number not above 1000000`},
		{`"backoff":{"factor":0.9}`, `["backoff","factor"] Expected a number not below 1`},
		{`"backoff":{"jitter":1.1}`, `["backoff","jitter"] Expected a number not above 1`},
		{`"backoff":{"factor":2}`, `["backoff"] Expected a maxAttempts beside it`},
		{`"noRetryExitCodes":[2]`, `["noRetryExitCodes"] Expected a maxAttempts beside it`},
		{`"maxAttempts":2,"backoff":{"minDelayMs":2,"maxDelayMs":1}`, `["backoff","minDelayMs"] Expected at most maxDelayMs, which is 1, actual 2`},
		{`"backoff":{"delay":1}`, `["backoff","delay"] is unexpected`},
		{`"noRetryExitCodes":[256]`, `["noRetryExitCodes",0] Expected a number not above 255`},
		{`"watchdogMs":0`, `["watchdogMs"] Expected a positive number`},
		{`"watchdogAction":"mark"`, `["watchdogAction"] Expected a watchdogMs beside it`},
		{`"watchdogMs":1,"watchdogAction":"bark"`, `["watchdogAction"] Expected "mark" | "stop" | "retry"`},
		{`"watchdogMs":1,"watchdogAction":"retry"`, `["maxAttempts"] Expected another attempt, more than 1 in all, beside the watchdogAction retry`},
		{`"priority":7`, `["priority"] Expected a queue, a concurrencyKey or a kind beside it`},
		{`"priority":-7,"delayMs":5`, `["priority"] Expected a queue, a concurrencyKey or a kind beside it`},
		{`"supersedeExisting":true`, `["supersedeExisting"] Expected a supersedeKey beside it`},
		{`"supersedeExisting":false,"dedupeKey":"k"`, `["supersedeExisting"] Expected a supersedeKey beside it`},
		{`"channels":["topic:x","task:other"]`, `["channels",1] Expected a channel that does not begin with "task:"`},
		{`"channels":["supersede:k"]`, `["channels",0] Expected a channel that does not begin with "supersede:"`},
		{`"ensure":true`, `["ensure"] Expected an id or a dedupeKey beside it`},
	} {
		_, _, err := Decode[Start]([]byte(`{"command":"x",`+tt.members+`}`), "start", true)
		if got := issuesOf(t, err); len(got) != 1 || !strings.Contains(got[0], " "+tt.want) {
			t.Errorf("decodePayload(%s) = %q, want one issue with %q", tt.members, got, tt.want)
		}
	}
}

func TestSchedulePayloadDecodes(t *testing.T) {
	p, _, err := Decode[Start]([]byte(`{"command":"x","queue":"build","priority":-5,"delayMs":1e3,
		"after":[{"when":"afterok","id":" a "},"afternotok:b","afterok:a"],"maxAttempts":3,"backoff":{"factor":1.5,"jitter":0},
		"noRetryExitCodes":[2],"supersedeKey":"k","watchdogMs":5,"channels":["topic:x"]}`), "start", true)
	if err != nil {
		t.Fatalf("decodePayload = %v, want no fault", err)
	}
	got := p[0]
	after := []record.Dependency{{When: "afterok", ID: "a"}, {When: "afternotok", ID: "b"}}
	if got.Queue != "build" || got.Priority != -5 || got.Delay != 1000 || got.MaxAttempts != 3 || got.Watchdog != 5 ||
		!slices.Equal(got.Dependencies(), after) || !slices.Equal(got.NoRetry, []ExitCode{2}) || !slices.Equal(got.Channels, []Text{"topic:x"}) {
		t.Errorf("decodePayload = %+v, want the values given", got)
	}
	if b, want := got.Backoff.Backoff(), (record.Backoff{MinDelayMs: 1000, MaxDelayMs: 60_000, FactorMilli: 1500}); b != want {
		t.Errorf("Backoff() = %+v, want %+v", b, want)
	}
}

// A bound that was not given gives way to one that was.
func TestBackoffDefaults(t *testing.T) {
	for text, want := range map[string]record.Backoff{
		`{}`:                        record.DefaultBackoff,
		`{"minDelayMs":90000}`:      {MinDelayMs: 90_000, MaxDelayMs: 90_000, FactorMilli: 2000, JitterMilli: 100},
		`{"maxDelayMs":500}`:        {MinDelayMs: 500, MaxDelayMs: 500, FactorMilli: 2000, JitterMilli: 100},
		`{"jitter":1,"factor":1.1}`: {MinDelayMs: 1000, MaxDelayMs: 60_000, FactorMilli: 1100, JitterMilli: 1000},
	} {
		p := &Backoff{}
		if err := json.Unmarshal([]byte(text), p); err != nil {
			t.Fatal(err)
		}
		if got := p.Backoff(); got != want {
			t.Errorf("%s.Backoff() = %+v, want %+v", text, got, want)
		}
	}
	if got := (*Backoff)(nil).Backoff(); got != record.DefaultBackoff {
		t.Errorf("Backoff() of none = %+v, want %+v", got, record.DefaultBackoff)
	}
}

func TestKeepsOthers(t *testing.T) {
	for text, want := range map[string]bool{
		`{}`: false, `{"supersedeKey":"k"}`: false,
		`{"supersedeKey":"k","supersedeExisting":true}`: false, `{"supersedeKey":"k","supersedeExisting":false}`: true,
	} {
		p := &SchedulePayload{}
		if err := json.Unmarshal([]byte(text), p); err != nil {
			t.Fatal(err)
		}
		if got := p.KeepsOthers(); got != want {
			t.Errorf("%s.KeepsOthers() = %v, want %v", text, got, want)
		}
	}
}

func TestInstant(t *testing.T) {
	local := func(h, m, s, ms int) time.Time { return time.Date(2030, 11, 21, h, m, s, ms*1e6, time.Local) }
	for text, want := range map[string]time.Time{
		`"2030-11-21T08:00:00Z"`:      time.Date(2030, 11, 21, 8, 0, 0, 0, time.UTC),
		`"2030-11-21T08:00:00.250Z"`:  time.Date(2030, 11, 21, 8, 0, 0, 250e6, time.UTC),
		`"2030-11-21T08:00:00+02:00"`: time.Date(2030, 11, 21, 6, 0, 0, 0, time.UTC),
		`"2030-11-21 08:00"`:          local(8, 0, 0, 0),
		`"2030-11-21 08:00:01"`:       local(8, 0, 1, 0),
		`"2030-11-21T08:00"`:          local(8, 0, 0, 0),
		`" 2030-11-21 "`:              local(0, 0, 0, 0),
		`1921305600000`:               time.UnixMilli(1921305600000),
		`1.9213056e12`:                time.UnixMilli(1921305600000),
	} {
		p, _, err := Decode[Start]([]byte(`{"command":"x","scheduledAt":`+text+`}`), "start", false)
		if err != nil {
			t.Errorf("decodePayload(scheduledAt %s) = %v, want no fault", text, err)
			continue
		}
		if got, err := p[0].At.Time(); err != nil || !got.Equal(want) {
			t.Errorf("Time(%s) = %v, %v, want %v", text, got, err, want)
		}
	}
}

func TestScheduleFlagValues(t *testing.T) {
	for _, tt := range []struct {
		flag interface{ UnmarshalText([]byte) error }
		text string
		want string // "" for a fault
	}{
		{new(Span), "1s..60s", "1000..60000"},
		{new(Span), "90", "90000..90000"},
		{new(Span), "5s..1s", ""},
		{new(Span), "..1s", ""},
		{new(Span), "1s..", ""},
		{new(Span), "1s..2s..3s", ""},
		{new(Count), "3", "3"},
		{new(Count), "-1", ""},
		{new(Count), "many", ""},
		{new(Factor), "1.5", "1.5"},
		{new(Factor), "0.99", ""},
		{new(Factor), "NaN", ""},
		{new(Factor), "Inf", ""},
		{new(Share), "0", "0"},
		{new(Share), "1.01", ""},
	} {
		err := tt.flag.UnmarshalText([]byte(tt.text))
		if got := flagValue(tt.flag); err == nil && got != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("UnmarshalText(%T, %q) = %s, %v, want %q", tt.flag, tt.text, got, err, tt.want)
		}
	}
}

func flagValue(flag any) string {
	switch v := flag.(type) {
	case *Span:
		return fmt.Sprintf("%d..%d", v.Min.Milliseconds(), v.Max.Milliseconds())
	case *Count:
		return fmt.Sprint(*v)
	case *Factor:
		return fmt.Sprint(*v)
	case *Share:
		return fmt.Sprint(*v)
	}
	return ""
}

func TestParseAfter(t *testing.T) {
	got, err := ParseAfter("--after", []string{"afterok:a:b", "afterany:c"})
	want := []AfterEntry{{"afterok", "a"}, {"afterok", "b"}, {"afterany", "c"}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("ParseAfter = %v, %v, want %v", got, err, want)
	}
	for _, word := range []string{"", "a", "afterok", "afterok:", "afterok:a:", "before:a"} {
		if _, err := ParseAfter("--after", []string{word}); err == nil || !strings.HasPrefix(err.Error(), "--after: expected ") {
			t.Errorf("ParseAfter(%q) = %v, want a fault of --after", word, err)
		}
	}
}
