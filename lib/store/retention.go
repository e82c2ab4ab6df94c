package store

import (
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"bgtasks/lib/fsys"
	"bgtasks/lib/record"
	"bgtasks/lib/seglog"
)

// How much of the journal is kept, unless config.json says otherwise. Readers
// that were away need it, and healers, which ask whether an event was written:
// where the journal no longer tells, they write an end again rather than not at
// all.
const (
	JournalMaxBytes = 64 << 20
	JournalMaxAge   = 30 * 24 * time.Hour
)

// journalRetention is for whoever appends, the shim among them, so it reads the
// member journal of config.json without a parser for all of JSON. A file that is
// as package config demands is understood; of another one the defaults hold.
func (h *Home) journalRetention() seglog.Retention {
	r := seglog.Retention{Bytes: JournalMaxBytes, Age: JournalMaxAge, Time: record.EventTime}
	f, err := fsys.Open(filepath.Join(h.path, configFile), os.O_RDONLY, 0)
	if err != nil {
		return r
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxConfig))
	if err != nil {
		return r
	}
	for _, m := range journalMembers(string(text)) {
		name, value, _ := strings.Cut(m, ":")
		n, err := strconv.ParseInt(value, 10, 64)
		switch {
		case err != nil || n < 0:
		case name == `"maxBytes"`:
			r.Bytes = n
		case name == `"maxAgeMs"`:
			r.Age = time.Duration(min(n, maxAgeMs)) * time.Millisecond
		}
	}
	return r
}

const (
	configFile = "config.json"
	maxConfig  = 64 << 10

	// maxAgeMs is what still is a time.Duration.
	maxAgeMs = int64(1<<63-1) / int64(time.Millisecond)
)

// journalMembers gives the members of "journal", as name:value without space. The
// file has numbers and objects in it, and no strings.
func journalMembers(text string) []string {
	text = strings.Map(func(c rune) rune {
		if c == ' ' || c == '\t' || c == '\n' || c == '\r' {
			return -1
		}
		return c
	}, text)
	_, rest, found := strings.Cut(text, `"journal":{`)
	inside, _, closed := strings.Cut(rest, "}")
	if !found || !closed {
		return nil
	}
	return strings.Split(inside, ",")
}
