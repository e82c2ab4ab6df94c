package store

import (
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
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

const (
	configFile = "config.json"

	// MaxConfig is the longest config.json that counts: more than anyone writes by
	// hand.
	MaxConfig = 64 << 10

	// MaxSetting is the largest value in config.json. It keeps every value, and
	// milliseconds as a time.Duration, in range: about 285 years.
	MaxSetting = 9_000_000_000_000
)

// JournalRetention is for whoever appends, the shim among them, so it reads
// config.json without a parser for all of JSON. What package config refuses to
// read, and a name that is written with escapes, leaves the defaults.
func (h *Home) JournalRetention() seglog.Retention {
	r := seglog.Retention{Bytes: JournalMaxBytes, Age: JournalMaxAge, Time: record.EventTime}
	text, err := readConfig(filepath.Join(h.path, configFile))
	if err != nil {
		return r
	}
	s := settings{rest: text}
	if !s.read() {
		return r
	}
	if n, given := s.value("journal.maxBytes"); given {
		r.Bytes = n
	}
	if n, given := s.value("journal.maxAgeMs"); given {
		r.Age = time.Duration(n) * time.Millisecond
	}
	return r
}

func readConfig(path string) (string, error) {
	f, err := fsys.Open(path, os.O_RDONLY, 0)
	if err != nil {
		return "", err
	}
	defer f.Close()
	if st, err := fsys.Stat(f); err != nil || st.Mode&syscall.S_IFMT != syscall.S_IFREG || st.Size > MaxConfig {
		return "", os.ErrInvalid
	}
	text, err := io.ReadAll(f)
	return string(text), err
}

// settingNames are the members of config.json. Those of a section come with its
// name and a point before theirs.
var settingNames = [...]string{
	"v", "retention", "journal", "journal.maxBytes", "journal.maxAgeMs",
	"retention.successTtlMs", "retention.failedTtlMs", "retention.cancelledTtlMs",
	"retention.keepLatestSuccessesPerKind", "retention.keepLatestFailuresPerKind",
	"retention.maxFinishedTasks", "retention.maxBytes", "retention.stepLimitPerTask",
}

// settings is a config.json that is being read: an object of integers and of
// objects of integers, each known and there once.
type settings struct {
	rest   string
	given  [len(settingNames)]bool
	values [len(settingNames)]int64
}

// read reads the whole file, and tells whether it is as it has to be.
func (s *settings) read() bool { return s.object("") && s.next() == 0 && s.rest == "" }

func (s *settings) value(name string) (n int64, given bool) {
	i := settingIndex(name)
	return s.values[i], s.given[i]
}

func settingIndex(name string) int {
	for i, known := range settingNames {
		if known == name {
			return i
		}
	}
	return -1
}

// next is the next byte that is no space; 0 at the end.
func (s *settings) next() byte {
	s.rest = strings.TrimLeft(s.rest, " \t\r\n")
	if s.rest == "" {
		return 0
	}
	return s.rest[0]
}

func (s *settings) skip(c byte) bool {
	found := s.next() == c
	if found {
		s.rest = s.rest[1:]
	}
	return found
}

func (s *settings) object(section string) bool {
	if !s.skip('{') {
		return false
	}
	for first := true; !s.skip('}'); first = false {
		if !first && !s.skip(',') || !s.member(section) {
			return false
		}
	}
	return true
}

func (s *settings) member(section string) bool {
	if !s.skip('"') {
		return false
	}
	word, rest, _ := strings.Cut(s.rest, `"`)
	s.rest = rest
	name := section + word
	i := settingIndex(name)
	if i < 0 || strings.Contains(word, ".") || s.given[i] || !s.skip(':') {
		return false
	}
	s.given[i] = true
	if name == "retention" || name == "journal" {
		return s.object(name + ".")
	}
	return s.integer(&s.values[i]) && (name != "v" || s.values[i] == 1)
}

func (s *settings) integer(into *int64) bool {
	if s.next() == '-' && strings.HasPrefix(s.rest, "-0") {
		s.rest = s.rest[1:] // JSON has that 0, too
	}
	digits := s.rest[:len(s.rest)-len(strings.TrimLeft(s.rest, "0123456789"))]
	s.rest = s.rest[len(digits):]
	n, err := strconv.ParseInt(digits, 10, 64)
	*into = n
	return err == nil && n <= MaxSetting && (digits == "0" || digits[0] != '0')
}
