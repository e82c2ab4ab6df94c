package launch

import (
	"slices"
	"strings"

	"bgtasks/lib/store"
)

// keepEnv writes the values of the task's own variables into dir, if they are to be
// kept for later runs. It is done before the spec that names them can be seen: a
// crash in between leaves values that no run has had, which the next start of the
// task replaces.
func (r *Request) keepEnv(dir string) error {
	if !r.Spec.KeepEnv {
		return nil
	}
	kept := []string{}
	for _, kv := range r.Env {
		if name, _, _ := strings.Cut(kv, "="); slices.Contains(r.Spec.EnvNames, name) {
			kept = append(kept, kv)
		}
	}
	return store.KeepEnv(dir, kept)
}

// former is what a restart that fails puts back.
type former struct {
	spec []byte
	env  []string // what was kept; nil for nothing
}

// formerOf reads it before anything is changed.
func formerOf(dir string, r *Request) (former, error) {
	env, err := store.KeptEnv(dir)
	return former{append(r.Spec.AppendJSON(nil), '\n'), env}, err
}
