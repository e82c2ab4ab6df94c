package launch

import (
	"path/filepath"
	"slices"
	"strings"

	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// claimant writes into the held lock who we are. As long as no supervisor has
// written itself there, nothing was started.
func claimant(held *store.Lock) (*record.Process, error) {
	self, err := starter()
	if err != nil {
		return nil, err
	}
	return &self, store.WriteHolder(held.File(), self)
}

// keepAttempt writes down what is known of the last attempt, before the next one
// takes its place in state.json. One that never began leaves nothing to know.
func keepAttempt(dir string, last *record.State) error {
	if last == nil || last.StartedAt.IsZero() && last.Leader == nil {
		return nil
	}
	return store.AppendAttempt(dir, last.AppendAttempt(nil))
}

func replaceState(dir string, s *record.State, replace func(string, []byte) error) error {
	return replace(filepath.Join(dir, store.StateFile), append(s.AppendJSON(nil), '\n'))
}

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
