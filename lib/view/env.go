package view

import (
	"path/filepath"
	"strings"

	"bgtasks/lib/proc"
	"bgtasks/lib/store"
)

// ShowEnv puts the values of the task's environment variables in the place of
// the redaction, for those who asked for them. They are in no record (P11): a task
// that was started so has them in a file, and else only the living leader has them,
// as it was executed with them. The error wraps proc.ErrGone when it has ended,
// proc.ErrUnsupported where a process can't be asked.
func ShowEnv(t *Task) error {
	if len(t.Env) == 0 {
		return nil
	}
	if t.Spec.KeepEnv {
		env, err := store.KeptEnv(filepath.Dir(t.LogPath))
		for _, kv := range env {
			name, value, _ := strings.Cut(kv, "=")
			t.Env[name] = value
		}
		return err
	}
	if t.Current == nil || t.Current.Leader == nil {
		return proc.ErrGone
	}
	values, err := proc.ReadEnviron(proc.Identity(*t.Current.Leader), t.Spec.EnvNames)
	if err != nil {
		return err
	}
	for name, value := range values {
		t.Env[name] = value
	}
	return nil
}
