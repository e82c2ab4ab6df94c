package seglog

import (
	"os"
	"path/filepath"
	"testing"
)

// What is due comes before the line, in one write, and is due no more. What can't be read keeps the line from nothing.
func TestAppendWith(t *testing.T) {
	dir := t.TempDir()
	due := filepath.Join(dir, "due")
	for _, c := range []struct{ due, line, want string }{
		{"one\n", "two\n", "one\ntwo\n"},
		{"one\nto", "two\n", "one\ntwo\n"},
		{"", "two\n", "two\n"},
		{"one\n", "", "one\n"},
		{"", "", ""},
	} {
		events := filepath.Join(t.TempDir(), "events")
		if err := os.Mkdir(events, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(due, []byte(c.due), 0o600); err != nil {
			t.Fatal(err)
		}
		j := OpenJournal(events, func() (func(), error) { return func() {}, nil })
		after, err := j.AppendWith(due, []byte(c.line))
		if err != nil || after != int64(len(c.want)) {
			t.Errorf("AppendWith(%q, %q) = %d, %v, want %d", c.due, c.line, after, err, len(c.want))
		}
		j.Close()
		if _, err := os.Stat(due); !os.IsNotExist(err) {
			t.Errorf("AppendWith(%q, %q) leaves the file: %v", c.due, c.line, err)
		}
	}
	if err := os.Mkdir(due, 0o700); err != nil {
		t.Fatal(err)
	}
	j := OpenJournal(dir, func() (func(), error) { return func() {}, nil })
	defer j.Close()
	if after, err := j.AppendWith(due, []byte("two\n")); err != nil || after != 4 {
		t.Errorf("AppendWith(a directory) = %d, %v, want the line alone", after, err)
	}
}
