package config

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestLoad(t *testing.T) {
	for text, want := range map[string]func(*Config){
		"":                       func(*Config) {},
		"{}":                     func(*Config) {},
		`{"v":1,"retention":{}}`: func(*Config) {},
		` {"journal":{"maxAgeMs":0,"maxBytes":10}} ` + "\n": func(c *Config) { c.Journal = Journal{MaxBytes: 10} },
		`{"retention":{"successTtlMs":1000,"failedTtlMs":0,"keepLatestFailuresPerKind":3,"maxFinishedTasks":5,"stepLimitPerTask":7}}`: func(c *Config) {
			c.Retention = Retention{SuccessTTL: time.Second, CancelledTTL: c.Retention.CancelledTTL, KeepFailures: 3, MaxFinished: 5, StepLimit: 7}
		},
	} {
		expected := Default()
		want(expected)
		if got, err := loaded(t, text); err != nil || *got != *expected {
			t.Errorf("Load of %q = %+v, %v, want %+v", text, got, err, expected)
		}
	}
}

func TestFaultyFileNamesTheField(t *testing.T) {
	for text, want := range map[string]string{
		"{":                               "",
		"[]":                              "",
		"{} {}":                           "",
		`{"v":2}`:                         "v",
		`{"Retention":{}}`:                "Retention",
		`{"retention":[]}`:                "retention",
		`{"retention":{"succesTtlMs":1}}`: "retention.succesTtlMs",
		`{"retention":{"maxBytes":-1}}`:   "retention.maxBytes",
		`{"retention":{"maxBytes":"1"}}`:  "retention.maxBytes",
		`{"retention":{"maxBytes":1.5}}`:  "retention.maxBytes",
		`{"retention":{"maxBytes":null}}`: "retention.maxBytes",
		`{"retention":{"maxBytes":1,"maxBytes":2}}`: "retention.maxBytes",
		`{"journal":{"maxAgeMs":99999999999999}}`:   "journal.maxAgeMs",
		`{"journal":{},"journal":{}}`:               "journal",
		strings.Repeat(" ", longest) + "{}":         "",
	} {
		_, err := loaded(t, text)
		var fault *Error
		if !errors.As(err, &fault) || fault.Field != want {
			t.Errorf("Load of %.60q = %v, want an error about %q", text, err, want)
		}
	}
}

// A FIFO in its place is not waited for.
func TestLoadOfWhatIsNoFile(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, File), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(dir); err == nil {
		t.Error("Load of a directory = nil, want an error")
	}
}

// The file is read by a parser of its own: what it takes is JSON.
func TestWhatIsReadIsJSON(t *testing.T) {
	const whole = ` {"v":1,"retention":{"maxBytes":7,"successTtlMs":0} ,` + "\n\t" + `"journal":{"maxAgeMs":5000,"maxBytes":10}}`
	texts := []string{"{}}", "[]", whole, whole + " ", whole + whole, whole + "\x00", strings.Repeat(" ", longest-2) + "{}",
		`{"journal":{"maxBytes":9000000000000}}`, `{"journal":{"maxBytes":9000000000001}}`, `{"journal":{"maxBytes":99999999999999999999}}`,
		`{"journal":{"maxBytes":1,}}`, `{"journal":{,"maxBytes":1}}`,
		`{"journal.maxBytes":1}`, `{"journal":{"journal":{"maxBytes":1}}}`, `{"journal":{"v":1}}`, `{"journal":null}`, `{"journal":{"maxBytes":01}}`}
	for i := range whole {
		texts = append(texts, whole[:i]+whole[i+1:])
		for _, c := range `"{}[]:,.-+0159eE \vn` {
			texts = append(texts, whole[:i]+string(c)+whole[i:], whole[:i]+string(c)+whole[i+1:])
		}
	}
	for _, text := range texts {
		if _, err := Default().parse(text); err == nil && !json.Valid([]byte(text)) {
			t.Errorf("parse(%.120q) succeeded, want an error: it is no JSON", text)
		}
	}
}

func loaded(t *testing.T, text string) (*Config, error) {
	t.Helper()
	dir := t.TempDir()
	if text != "" {
		if err := os.WriteFile(filepath.Join(dir, File), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return Load(dir)
}
