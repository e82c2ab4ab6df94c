package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"bgtasks/lib/fsys"
	"bgtasks/lib/store"
)

// File is the name of the file in the home.
const File = "config.json"

// Config is all of config.json.
type Config struct {
	Retention Retention
	Journal   Journal
}

// Retention says which finished tasks are kept. In each, zero bounds nothing.
type Retention struct {
	SuccessTTL, FailedTTL, CancelledTTL time.Duration // since the end; a time-out is a failure
	KeepSuccesses, KeepFailures         int           // at most so many of each kind, the newest
	MaxFinished                         int           // at most so many finished tasks, the newest
	MaxBytes                            int64         // what the files of finished tasks may hold together
	StepLimit                           int           // at most so many steps of each task, the newest
}

// Off tells that nothing is to be removed.
func (r Retention) Off() bool { return r == Retention{} }

// Journal says how much of the journal is kept. Zero bounds nothing.
type Journal struct {
	MaxBytes int64
	MaxAge   time.Duration
}

// Default is what holds for what config.json does not say.
func Default() *Config {
	const fortnight = 14 * 24 * time.Hour
	return &Config{
		Retention: Retention{SuccessTTL: fortnight, FailedTTL: fortnight, CancelledTTL: fortnight, MaxFinished: 10_000},
		Journal:   Journal{MaxBytes: store.JournalMaxBytes, MaxAge: store.JournalMaxAge},
	}
}

// sections are the members of the file: each an object of integers.
func (c *Config) sections() map[string]map[string]any {
	r, j := &c.Retention, &c.Journal
	return map[string]map[string]any{
		"retention": {
			"successTtlMs": &r.SuccessTTL, "failedTtlMs": &r.FailedTTL, "cancelledTtlMs": &r.CancelledTTL,
			"keepLatestSuccessesPerKind": &r.KeepSuccesses, "keepLatestFailuresPerKind": &r.KeepFailures,
			"maxFinishedTasks": &r.MaxFinished, "maxBytes": &r.MaxBytes, "stepLimitPerTask": &r.StepLimit,
		},
		"journal": {"maxBytes": &j.MaxBytes, "maxAgeMs": &j.MaxAge},
	}
}

// Error is a config.json that can't be read. Field is what is at fault in it, ""
// for the whole.
type Error struct {
	Path, Field string
	Err         error
}

func (e *Error) Error() string {
	if e.Field == "" {
		return "read " + e.Path + ": " + e.Err.Error()
	}
	return "read " + e.Path + ": " + e.Field + ": " + e.Err.Error()
}

func (e *Error) Unwrap() error { return e.Err }

// Load reads config.json of a home; without one it gives the defaults. The error
// is an *Error.
func Load(h *store.Home) (*Config, error) {
	path := filepath.Join(h.Path(), File)
	text, err := read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Default(), nil
	}
	if err != nil {
		return nil, &Error{path, "", err}
	}
	c := Default()
	if field, err := c.parse(text); err != nil {
		return nil, &Error{path, field, err}
	}
	return c, nil
}

func read(path string) ([]byte, error) {
	f, err := fsys.Open(path, os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if st, err := fsys.Stat(f); err != nil || st.Mode&syscall.S_IFMT != syscall.S_IFREG {
		return nil, errors.Join(err, errors.New("not a regular file"))
	}
	text, err := io.ReadAll(io.LimitReader(f, store.MaxConfig+1))
	if len(text) > store.MaxConfig {
		return nil, fmt.Errorf("longer than %d bytes", store.MaxConfig)
	}
	return text, err
}

// parse reads the whole file. field is what an error is about.
func (c *Config) parse(text []byte) (field string, err error) {
	root, field, err := object("", text)
	if err != nil {
		return field, err
	}
	sections := c.sections()
	for _, m := range root {
		members, known := sections[m.name]
		switch {
		case m.name == "v":
			if string(m.value) != "1" {
				return "v", fmt.Errorf("expected 1, got %s", m.value)
			}
		case !known:
			return m.name, errors.New("not known; expected v, retention or journal")
		default:
			if field, err := parseSection(m.name, m.value, members); err != nil {
				return field, err
			}
		}
	}
	return "", nil
}

func parseSection(section string, text []byte, members map[string]any) (field string, err error) {
	object, field, err := object(section, text)
	if err != nil {
		return field, err
	}
	for _, m := range object {
		field := section + "." + m.name
		into, known := members[m.name]
		if !known {
			return field, errors.New("not known; see bg-state(5)")
		}
		if err := set(into, m.value); err != nil {
			return field, err
		}
	}
	return "", nil
}

// Largest is the largest value of a member.
const Largest = store.MaxSetting

func set(into any, text []byte) error {
	var n int64
	if err := json.Unmarshal(text, &n); err != nil || string(text) == "null" || n < 0 {
		return fmt.Errorf("expected an integer, 0 or more, got %s", text)
	}
	if n > Largest {
		return fmt.Errorf("expected at most %d, got %s", int64(Largest), text)
	}
	switch p := into.(type) {
	case *time.Duration:
		*p = time.Duration(n) * time.Millisecond
	case *int64:
		*p = n
	case *int:
		*p = int(min(n, 1<<31-1))
	}
	return nil
}

// member is a member of an object, its value as it was written.
type member struct {
	name  string
	value json.RawMessage
}

// object reads one object and nothing after it, with each member once.
func object(name string, text []byte) (members []member, field string, err error) {
	var whole json.RawMessage
	if err := json.Unmarshal(text, &whole); err != nil {
		return nil, name, errors.New("not JSON: " + err.Error())
	}
	d := json.NewDecoder(bytes.NewReader(text))
	if t, _ := d.Token(); t != json.Delim('{') {
		return nil, name, errors.New("expected an object")
	}
	seen := map[string]bool{}
	for d.More() {
		t, _ := d.Token()
		m := member{name: t.(string)}
		if err := d.Decode(&m.value); err != nil {
			return nil, name, err
		}
		if seen[m.name] {
			return nil, strings.TrimPrefix(name+"."+m.name, "."), errors.New("given twice")
		}
		seen[m.name] = true
		members = append(members, m)
	}
	return members, "", nil
}
