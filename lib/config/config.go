package config

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"bgtasks/lib/fsys"
)

// File is the name of the file in the home.
const File = "config.json"

// Largest is the largest value of a member. It keeps every value, and milliseconds as a
// time.Duration, in range: about 285 years.
const Largest = 9_000_000_000_000

// longest is how many bytes the file may have: more than anyone writes by hand.
const longest = 64 << 10

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

// Journal says how much of the journal is kept. Zero bounds nothing. Readers that were
// away need it, and healers, which ask whether an event was written: where the journal no
// longer tells, they write an end again rather than not at all.
type Journal struct {
	MaxBytes int64
	MaxAge   time.Duration
}

// Default is what holds for what config.json does not say.
func Default() *Config {
	const fortnight = 14 * 24 * time.Hour
	return &Config{
		Retention: Retention{SuccessTTL: fortnight, FailedTTL: fortnight, CancelledTTL: fortnight, MaxFinished: 10_000},
		Journal:   Journal{MaxBytes: 64 << 20, MaxAge: 30 * 24 * time.Hour},
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

// Load reads config.json of the home at a path; without one it gives the defaults. The
// error is an *Error.
func Load(home string) (*Config, error) {
	path := filepath.Join(home, File)
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

func read(path string) (string, error) {
	f, err := fsys.Open(path, os.O_RDONLY, 0)
	if err != nil {
		return "", err
	}
	defer f.Close()
	if st, err := fsys.Stat(f); err != nil || st.Mode&syscall.S_IFMT != syscall.S_IFREG {
		return "", errors.Join(err, errors.New("not a regular file"))
	}
	text, err := io.ReadAll(io.LimitReader(f, longest+1))
	if len(text) > longest {
		return "", errors.New("longer than " + strconv.Itoa(longest) + " bytes")
	}
	return string(text), err
}
