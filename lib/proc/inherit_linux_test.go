package proc

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// A child inherits what was told, as far as this process may hand it on; and this process keeps what it has.
func TestInheriting(t *testing.T) {
	before := Inherited()
	for text, want := range map[string]string{
		"":     "",
		before: "",
		"nice=19 core=0 fsize=4096 stack=1048576": "19 0 8 1024",
		"nice=19": "19 unlimited unlimited unlimited",
	} {
		if got := inherits(t, text); !strings.HasPrefix(got, want) {
			t.Errorf("with %q a child has %q, want %q", text, got, want)
		}
		if after := Inherited(); after != before {
			t.Errorf("with %q this process has %q afterwards, want %q", text, after, before)
		}
	}
}

// inherits lets a child tell its nice value and some limits.
func inherits(t *testing.T, text string) string {
	t.Helper()
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	pid, err := Inheriting(text, func() (int, error) {
		script := "echo $(nice; for l in c f s; do ulimit -S$l; done)"
		return Spawn(SpawnSpec{Path: "/bin/sh", Argv: []string{"sh", "-c", script}, Env: os.Environ(), Files: []uintptr{0, out.Fd(), 2}, Umask: -1})
	})
	if err == nil {
		_, err = unix.Wait4(pid, nil, 0, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	told, err := os.ReadFile(out.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(told)
}
