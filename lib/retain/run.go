package retain

import (
	"errors"
	"io/fs"
	"time"

	"bgtasks/lib/config"
	"bgtasks/lib/find"
	"bgtasks/lib/report"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
)

// Options say what is removed.
type Options struct {
	Filter find.Filter      // among which tasks
	Rules  config.Retention // of which StepLimit is about open tasks too
	All    bool             // every finished task of these, without rules
	Named  bool             // of these each was named: one that must stay is told of
	Most   int              // at most so many tasks; 0 for all
	DryRun bool             // look only
	Now    time.Time
}

// Removed is a task that was removed, or would be.
type Removed struct {
	ID    string `json:"id"`
	State string `json:"state"`
	Kind  string `json:"kind"`
	Why   Why    `json:"why"`
	Bytes int64  `json:"bytes"`
	Run   int    `json:"run"`
}

// Kept is a task that could not be removed, or whose steps could not.
type Kept struct {
	ID  string
	Err error
}

// Result is what was done.
type Result struct {
	Tasks     []Removed
	Bytes     int64 // of their files
	Steps     int   // removed from tasks that are kept
	Compacted int   // tasks that these were of
	Kept      []Kept
	More      bool // Most was reached
}

// Run removes what the options pick. What can't be removed hinders nothing else.
func Run(h *store.Home, o Options) (*Result, error) {
	if !o.DryRun {
		_ = h.SweepFirst() // what another one was about when it was killed
	}
	o.Filter.Brief = true
	tasks, err := find.All(h, o.Filter)
	if err != nil {
		return nil, err
	}
	r := &Result{}
	picks := r.picks(h, &o, tasks)
	if o.Most > 0 && len(picks) > o.Most {
		picks, r.More = picks[:o.Most], true
	}
	gone := map[string]bool{}
	for _, p := range picks {
		switch err := r.apply(h, o, p); {
		case err == nil:
			gone[p.id] = true
		case !errors.Is(err, errGone):
			r.Kept = append(r.Kept, Kept{p.id, err})
		}
	}
	if o.Rules.StepLimit > 0 {
		r.trim(h, o, tasks, gone)
	}
	return r, nil
}

// picks are the tasks that go, the oldest first.
func (r *Result) picks(h *store.Home, o *Options, tasks []*view.Task) (picks []pick) {
	var list []*finished
	for _, t := range tasks {
		if err := removable(t); err != nil {
			if o.Named {
				r.Kept = append(r.Kept, Kept{t.ID, err})
			}
			continue
		}
		f := &finished{id: t.ID, kind: t.Kind, state: t.State, run: t.Run, ended: endOf(t)}
		if o.Rules.MaxBytes > 0 {
			f.bytes = sizeOf(h.TaskDir(t.ID))
		}
		list = append(list, f)
	}
	if !o.All {
		return choose(list, o.Rules, o.Now)
	}
	for _, f := range list {
		picks = append(picks, pick{f, Asked})
	}
	return picks
}

// endOf is when the task ended, or if nobody saw that, when it was recorded.
func endOf(t *view.Task) time.Time {
	text := t.ExitedAt
	if text == "" {
		text = t.UpdatedAt
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Now() // never of a record that could be read: it stays
	}
	return at
}

func (r *Result) apply(h *store.Home, o Options, p pick) error {
	freed, err := p.bytes, error(nil)
	if !o.DryRun {
		freed, err = remove(h, p)
	} else if freed == 0 {
		freed = sizeOf(h.TaskDir(p.id))
	}
	if untold := (*store.UntoldError)(nil); err != nil && !errors.As(err, &untold) {
		return err
	}
	r.Bytes += freed
	r.Tasks = append(r.Tasks, Removed{p.id, string(p.state), p.kind, p.why, freed, p.run})
	return err
}

// trim shortens the steps of the tasks that are kept.
func (r *Result) trim(h *store.Home, o Options, tasks []*view.Task, gone map[string]bool) {
	for _, t := range tasks {
		if gone[t.ID] || t.Unreadable != nil {
			continue
		}
		n, err := o.trim(h, t.ID)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			r.Kept = append(r.Kept, Kept{t.ID, err})
		}
		if r.Steps += n; n > 0 {
			r.Compacted++
		}
	}
}

func (o *Options) trim(h *store.Home, id string) (int, error) {
	if !o.DryRun {
		return report.TrimSteps(h, id, o.Rules.StepLimit)
	}
	n, err := report.CountSteps(h, id)
	return max(n-o.Rules.StepLimit, 0), err
}
