package store

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"bgtasks/lib/fail"
	"bgtasks/lib/fsys"
)

// Names within the directory of a task that waited to be started, or was started
// more than once.
const (
	EnvFile      = "env"
	AttemptsFile = "attempts.ndjson"
)

// Waiting are the contents of the files of a task that waits to be started.
type Waiting struct {
	Spec, State []byte
	Env         []string // K=V
	Like        *Alike   // files with the same contents, to be linked rather than written; nil for none
}

// Alike are files in tmp/ for many tasks that wait and have the same contents in
// theirs. They share them by hard links: a file of these kinds is replaced or
// removed, never written to. Making a link is a small part of the work of making a
// file, which is what enqueueing a hundred thousand tasks consists of.
type Alike struct {
	dir   string
	env   string // "" if the environments differ
	state string
}

// NewAlike writes the files. A crash leaves them to Sweep.
func (h *Home) NewAlike(env []string, state []byte) (*Alike, error) {
	dir := h.tmpName("alike")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	a := &Alike{dir: dir, env: filepath.Join(dir, EnvFile), state: filepath.Join(dir, StateFile)}
	err := errors.Join(writeNew(a.env, encodeEnv(env), true), writeNew(a.state, state, true))
	if err != nil {
		return nil, errors.Join(err, a.Remove())
	}
	return a, nil
}

// OtherEnv is what a task with another environment has in common with these.
func (a *Alike) OtherEnv() *Alike {
	other := *a
	other.env = ""
	return &other
}

// Remove removes the files when the drafts are published. What was linked stays.
func (a *Alike) Remove() error { return fsys.RemoveAll(a.dir) }

// put makes the file at path by a link to like, or writes it where there is none, or
// has as many as the file system allows.
func put(like, path string, data []byte, sync bool) error {
	if like != "" && unix.Link(like, path) == nil {
		return nil
	}
	return writeNew(path, data, sync)
}

// WaitingDraft begins a task as Draft does, but one that is not started yet: it
// has a state and its environment, and no FIFOs. With sync its files are on the
// disk when this returns; without, that is left to the caller, who publishes it
// only then.
func (h *Home) WaitingDraft(id string, w *Waiting, sync bool) (*Draft, error) {
	d, err := h.Begin(id)
	if err != nil {
		return nil, err
	}
	like := w.Like
	if like == nil {
		like = &Alike{}
	}
	for _, f := range []struct {
		name, like string
		data       []byte
	}{{SpecFile, "", w.Spec}, {StateFile, like.state, w.State}, {EnvFile, like.env, encodeEnv(w.Env)}} {
		if err == nil {
			err = fail.Point("draft-waiting")
		}
		if err == nil {
			err = put(f.like, filepath.Join(d.dir, f.name), f.data, sync)
		}
	}
	if err != nil {
		return nil, errors.Join(err, d.Discard())
	}
	return d, nil
}

// encodeEnv makes the contents of an env file: each variable ends with a NUL
// byte, which no variable can have in it (environ(7)).
func encodeEnv(env []string) []byte {
	var b []byte
	for _, kv := range env {
		b = append(append(b, kv...), 0)
	}
	return b
}

// WriteEnv keeps the environment for a task that waits.
func WriteEnv(taskDir string, env []string) error {
	return Replace(filepath.Join(taskDir, EnvFile), encodeEnv(env))
}

// ReadEnv gives the environment that is kept for a task. The error wraps
// fs.ErrNotExist if none is.
func ReadEnv(taskDir string) ([]string, error) { return readEnv(filepath.Join(taskDir, EnvFile)) }

func readEnv(path string) ([]string, error) {
	data, err := fsys.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var env []string
	for kv := range bytes.SplitSeq(bytes.TrimSuffix(data, []byte{0}), []byte{0}) {
		if len(kv) > 0 {
			env = append(env, string(kv))
		}
	}
	return env, nil
}

// RemoveEnv forgets it: when nothing is to be started any more.
func RemoveEnv(taskDir string) error {
	if err := fail.Point("remove-env"); err != nil {
		return err
	}
	return removeIfThere(filepath.Join(taskDir, EnvFile))
}

// AppendAttempt adds a line to the list of a task's attempts, and syncs it. The
// caller holds the task's run.lock. What a crash left of an earlier line is ended
// first, so that a reader loses that one alone.
func AppendAttempt(taskDir string, line []byte) error {
	err := fail.Point("attempts-append")
	if err != nil {
		return err
	}
	f, err := fsys.Open(filepath.Join(taskDir, AttemptsFile), os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if torn(f) {
		line = append([]byte{'\n'}, line...)
	}
	_, err = f.Write(line)
	return errors.Join(err, f.Sync(), f.Close())
}

// torn tells whether a file of lines does not end with a whole one.
func torn(f *os.File) bool {
	st, err := fsys.Stat(f)
	if err != nil || st.Size == 0 {
		return false
	}
	var last [1]byte
	_, err = f.ReadAt(last[:], st.Size-1)
	return err == nil && last[0] != '\n'
}
