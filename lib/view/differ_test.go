package view

import (
	"fmt"
	"testing"
	"time"

	"bgtasks/lib/record"
	"bgtasks/test/testhome"
)

func TestDifferences(t *testing.T) {
	have := record.Spec{
		ID: "web", Run: 2, Command: "sh", Args: []string{"-c", "x"}, EnvNames: []string{"A", "B"}, Tags: []string{"a", "b"},
		Metadata: []byte(`{"a":1,"b":[2]}`), SessionID: "S", CreatedAt: testhome.Time,
		Schedule: &record.Schedule{Queue: "q", Sequence: 7, After: []record.Dependency{
			{When: record.AfterOK, ID: "x", Run: 3}, {When: record.AfterGone, ID: "old", Run: 1}}},
	}
	for _, tt := range []struct {
		name   string
		change func(*record.Spec)
		want   string
	}{
		{"nothing", func(*record.Spec) {}, ""},
		{"no id", func(s *record.Spec) { s.ID = "" }, ""},
		{"who asks, and when", func(s *record.Spec) { s.SessionID, s.Notify, s.CreatedAt, s.Run = "T", true, time.Time{}, 0 }, ""},
		{"order", func(s *record.Spec) {
			s.Tags, s.EnvNames, s.Metadata = []string{"b", "a"}, []string{"B", "A"}, []byte(`{"b":[2],"a":1}`)
		}, ""},
		{"what follows from the place", func(s *record.Spec) {
			s.Schedule = &record.Schedule{Queue: "q", After: []record.Dependency{{When: record.AfterOK, ID: "x"}}}
		}, ""},
		{"backoff without retries", func(s *record.Spec) { s.Retry = record.Retry{MaxAttempts: 1, Backoff: record.DefaultBackoff} }, ""},
		{"args", func(s *record.Spec) { s.Args = nil }, "[{args [] [-c x]}]"},
		{"env", func(s *record.Spec) { s.EnvNames = []string{"A"} }, "[{env [A] [A B]}]"},
		{"metadata", func(s *record.Spec) { s.Metadata = nil }, "[{metadata <nil> map[a:1 b:[2]]}]"},
		{"queue", func(s *record.Spec) { s.Schedule = nil }, "[{queue  q} {after [] [afterok:x]}]"},
		{"id", func(s *record.Spec) { s.ID = "other" }, "[{id other web}]"},
		{"retries", func(s *record.Spec) { s.Retry = record.Retry{MaxAttempts: 2, Backoff: record.DefaultBackoff} },
			"[{maxAttempts 2 1} {backoff {1000 60000 2 0.1} <nil>}]"},
	} {
		want := have
		tt.change(&want)
		got := ""
		if list := Differences(&want, &have); list != nil {
			got = fmt.Sprint(list)
		}
		if got != tt.want {
			t.Errorf("Differences, %s = %s, want %s", tt.name, got, tt.want)
		}
	}
}
