package store

import (
	"os"
	"path/filepath"
	"testing"

	"bgtasks/lib/record"
)

// The line of an older version has no namespaces.
func TestHolder(t *testing.T) {
	const boot = "4f1c9a52-6d1e-4c0b-9a37-2f0f5b1f4e10"
	full := &record.Process{BootID: boot, PID: 4106, StartTicks: 88214, PIDNS: 4026531836, TimeNS: 4026531834}
	older := &record.Process{BootID: boot, PID: 4106, StartTicks: 88214}
	for _, c := range []struct {
		line string
		want *record.Process
	}{
		{boot + " 4106 88214 4026531836 4026531834\n", full},
		{boot + " 4106 88214 0 0\n", older},
		{boot + " 4106 88214\n", older},
		{boot + " 4106 88214", nil},
		{boot + " 4106 88214 4026531836\n", nil},
		{boot + " 4106 -1\n", nil},
		{boot + " x 88214\n", nil},
		{"\n", nil},
		{"", nil},
	} {
		got := parseHolder(c.line)
		if (got == nil) != (c.want == nil) || got != nil && *got != *c.want {
			t.Errorf("parseHolder(%q) = %+v, want %+v", c.line, got, c.want)
		}
	}
	f, err := os.Create(filepath.Join(t.TempDir(), LockFile))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := WriteHolder(f, *full); err != nil {
		t.Fatal(err)
	}
	if got := readHolder(f); got == nil || *got != *full {
		t.Errorf("readHolder after WriteHolder(%+v) = %+v", full, got)
	}
}
