package proc

import (
	"os"
	"path/filepath"
	"testing"
)

func TestOOMKilled(t *testing.T) {
	for text, want := range map[string]bool{
		"": false,
		"low 0\nhigh 0\nmax 12\noom 0\noom_kill 0\noom_group_kill 0\n":  false,
		"low 0\nhigh 0\nmax 12\noom 3\noom_kill 1\noom_group_kill 0\n":  true,
		"low 0\nhigh 0\nmax 12\noom 3\noom_kill 10\noom_group_kill 1\n": true,
	} {
		c := &Cgroup{path: t.TempDir()}
		if err := os.WriteFile(filepath.Join(c.path, "memory.events"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := c.OOMKilled(); got != want {
			t.Errorf("OOMKilled() with %q = %v, want %v", text, got, want)
		}
	}
	if (&Cgroup{path: t.TempDir()}).OOMKilled() {
		t.Error("OOMKilled() without memory.events = true, want false")
	}
}
