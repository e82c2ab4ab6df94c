package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// A task that waits has its records and its environment, and no FIFOs.
func TestWaitingDraft(t *testing.T) {
	for _, sync := range []bool{false, true} {
		h := newHome(t)
		env := []string{"A=b", "EMPTY=", "LINES=a\nb", "BYTES=\xff="}
		d, err := h.WaitingDraft("web", &Waiting{Spec: []byte("{}\n"), State: []byte("[]\n"), Env: env}, sync)
		if err != nil {
			t.Fatal(err)
		}
		if held, err := LockHeld(d.Dir()); !held || err != nil {
			t.Errorf("LockHeld = %v, %v, want a held lock", held, err)
		}
		if got, err := ReadEnv(d.Dir()); !slices.Equal(got, env) || err != nil {
			t.Errorf("ReadEnv = %q, %v, want %q", got, err, env)
		}
		info, err := os.Stat(filepath.Join(d.Dir(), EnvFile))
		if err != nil || info.Mode() != 0o600 {
			t.Errorf("env: %v, %v, want mode 0600", info.Mode(), err)
		}
		if _, err := os.Lstat(filepath.Join(d.Dir(), OutFIFO)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("out.fifo: %v, want none", err)
		}
		if err := errors.Join(RemoveEnv(d.Dir()), RemoveEnv(d.Dir())); err != nil {
			t.Error(err)
		}
		if _, err := ReadEnv(d.Dir()); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("ReadEnv of none = %v", err)
		}
		if err := d.Discard(); err != nil {
			t.Error(err)
		}
	}
}

// A line that a crash cut short costs no other.
func TestAppendAttempt(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, AttemptsFile)
	for _, c := range []struct{ there, want string }{
		{"", "new\n"}, {"old\n", "old\nnew\n"}, {"old\nto", "old\nto\nnew\n"},
	} {
		if err := os.WriteFile(path, []byte(c.there), 0o600); err != nil {
			t.Fatal(err)
		}
		err := AppendAttempt(dir, []byte("new\n"))
		if got, _ := os.ReadFile(path); string(got) != c.want || err != nil {
			t.Errorf("AppendAttempt after %q = %q, %v, want %q", c.there, got, err, c.want)
		}
	}
}
