package store

import (
	"errors"
	"io/fs"
	"path/filepath"

	"bgtasks/lib/fail"
)

// KeptEnvFile holds the values of a task's own variables, for its later runs. Only
// a task that was started so has one. It goes with the task.
const KeptEnvFile = "env.kept"

// KeepEnv replaces what is kept for the task in taskDir by env, K=V; nil removes it.
func KeepEnv(taskDir string, env []string) error {
	if err := fail.Point("keep-env"); err != nil {
		return err
	}
	path := filepath.Join(taskDir, KeptEnvFile)
	if env == nil {
		return removeIfThere(path)
	}
	return Replace(path, encodeEnv(env))
}

// KeptEnv gives what is kept for the task in taskDir, nil if nothing is.
func KeptEnv(taskDir string) ([]string, error) {
	env, err := readEnv(filepath.Join(taskDir, KeptEnvFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return env, err
}
