package find

import (
	"slices"
	"strings"

	"bgtasks/lib/fsys"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
)

// AmbiguousError says that a word means several tasks.
type AmbiguousError struct {
	Word       string
	Candidates []string // their ids, oldest first
}

func (e *AmbiguousError) Error() string {
	return "\"" + e.Word + "\" may mean " + strings.Join(e.Candidates, ", ")
}

// Resolver finds the tasks that words mean, one after the other. It reads the names
// only when a word is no id, and then once.
type Resolver struct {
	home   *store.Home
	labels []view.Label
}

// NewResolver gives one for the home.
func NewResolver(h *store.Home) *Resolver { return &Resolver{home: h} }

// Resolve finds the task that people mean by a word, and gives its id. The word is, in
// this order,
//
//   - an id;
//   - a name; if several tasks have it, the only open one among them is meant;
//   - the beginning of one id alone.
//
// The error is *AmbiguousError or *view.NotFoundError.
func (r *Resolver) Resolve(word string) (string, error) {
	if record.ValidID(word) && fsys.Exists(r.home.TaskDir(word)) {
		return word, nil
	}
	if r.labels == nil {
		labels, err := view.Labels(r.home)
		if err != nil {
			return "", err
		}
		r.labels = labels
	}
	meant := r.all(func(l view.Label) bool { return l.Name == word && word != "" })
	if len(meant) == 0 && word != "" {
		meant = r.all(func(l view.Label) bool { return strings.HasPrefix(l.ID, word) })
	}
	switch len(meant) {
	case 0:
		return "", view.NotAmong(r.labels, word)
	case 1:
		return meant[0], nil
	}
	return r.among(word, meant)
}

// among finds the only open one of the tasks that have a name.
func (r *Resolver) among(word string, ids []string) (string, error) {
	tasks, err := All(r.home, Filter{IDs: ids, Brief: true})
	if err != nil {
		return "", err
	}
	running := slices.DeleteFunc(slices.Clone(tasks), func(t *view.Task) bool { return t.Name != word || !t.Open() })
	if len(running) == 1 {
		return running[0].ID, nil
	}
	return "", &AmbiguousError{word, idsOf(tasks)}
}

func (r *Resolver) all(match func(view.Label) bool) (ids []string) {
	for _, l := range r.labels {
		if match(l) {
			ids = append(ids, l.ID)
		}
	}
	return ids
}

func idsOf(tasks []*view.Task) (ids []string) {
	for _, t := range tasks {
		ids = append(ids, t.ID)
	}
	return ids
}
