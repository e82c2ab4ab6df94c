package view

import (
	"cmp"
	"slices"
	"strings"

	"bgtasks/lib/codec"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// AmbiguousError says that a word means several tasks.
type AmbiguousError struct {
	Word       string
	Candidates []string // their ids, oldest first
}

func (e *AmbiguousError) Error() string {
	return "\"" + e.Word + "\" may mean " + strings.Join(e.Candidates, ", ")
}

// Resolve finds the tasks that people mean by words, and gives their ids in
// that order, each once. A word is, in this order,
//
//   - an id;
//   - a name; if several tasks have it, the only open one among them is meant;
//   - the beginning of one id alone.
//
// The error is *AmbiguousError or *NotFoundError, about the first such word.
func Resolve(h *store.Home, words []string) ([]string, error) {
	res := NewResolver(h)
	var ids []string
	for _, word := range words {
		id, err := res.Resolve(word)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// Resolver finds the tasks that words mean, one after the other. It reads the names
// only when a word is no id, and then once.
type Resolver struct {
	home   *store.Home
	labels []label
}

// label is what a task is called. An unreadable one has no name.
type label struct{ id, name string }

// readLabels reads what all tasks are called, in no order, and nothing else of
// them: a word among a hundred thousand names shall not cost their records.
func readLabels(h *store.Home) ([]label, error) {
	ids, err := h.IDs()
	list := make([]label, len(ids))
	eachOf(h, len(ids), func(r *reader, i int) { list[i] = label{ids[i], r.name(ids[i])} })
	return list, err
}

func (r *reader) name(id string) string {
	if r.folder == nil && r.inside(id) != nil {
		return ""
	}
	text, err := r.file(id, store.SpecFile)
	if err != nil {
		return ""
	}
	return codec.NameIn(text)
}

// NewResolver gives one for the home.
func NewResolver(h *store.Home) *Resolver { return &Resolver{home: h} }

// Resolve finds what one word means; see the function of that name.
func (r *Resolver) Resolve(word string) (string, error) {
	if record.ValidID(word) && exists(r.home.TaskDir(word)) {
		return word, nil
	}
	if r.labels == nil {
		labels, err := readLabels(r.home)
		if err != nil {
			return "", err
		}
		r.labels = labels
	}
	meant := r.all(func(l label) bool { return l.name == word && word != "" })
	if len(meant) == 0 && word != "" {
		meant = r.all(func(l label) bool { return strings.HasPrefix(l.id, word) })
	}
	switch len(meant) {
	case 0:
		return "", notFound(word, r.labels)
	case 1:
		return meant[0], nil
	}
	return r.among(word, meant)
}

// among finds the only open one of the tasks that have a name.
func (r *Resolver) among(word string, ids []string) (string, error) {
	tasks, err := LoadAll(r.home, Filter{IDs: ids, Brief: true})
	if err != nil {
		return "", err
	}
	running := slices.DeleteFunc(slices.Clone(tasks), func(t *Task) bool { return t.Name != word || !t.Open() })
	if len(running) == 1 {
		return running[0].ID, nil
	}
	return "", &AmbiguousError{word, idsOf(tasks)}
}

func (r *Resolver) all(match func(label) bool) (ids []string) {
	for _, l := range r.labels {
		if match(l) {
			ids = append(ids, l.id)
		}
	}
	return ids
}

func idsOf(tasks []*Task) (ids []string) {
	for _, t := range tasks {
		ids = append(ids, t.ID)
	}
	return ids
}

// suggest looks for what may have been meant by an id that is not there. It is
// for a hint, so its own failure is none.
func (e *NotFoundError) suggest(h *store.Home) {
	if labels, err := readLabels(h); err == nil {
		*e = *notFound(e.ID, labels)
	}
}

func notFound(word string, labels []label) *NotFoundError {
	e := &NotFoundError{ID: word}
	for _, g := range closest(word, labels) {
		if !slices.Contains(e.Close, g.word) {
			e.Close = append(e.Close, g.word)
		}
		e.CloseIDs = append(e.CloseIDs, g.id)
	}
	for _, l := range labels {
		if l.name == word && word != "" {
			e.Named = append(e.Named, l.id)
		}
	}
	slices.Sort(e.Named)
	return e
}

const (
	maxClose    = 3 // words in a hint
	maxDistance = 2 // edits apart
	minShared   = 3 // bytes that a beginning must share to count as close
)

// guess is a task that a word may have meant, and the word for it that is next.
// It is sorted by pointer: one sorter then does for it and for tasks.
type guess struct {
	id, word string
	distance int
}

// closest gives the tasks whose names or ids are within two edits of word,
// nearest first, and after them those whose names begin alike. Every generated
// id begins alike, so ids count by distance only.
func closest(word string, labels []label) []*guess {
	var list []*guess
	for _, l := range labels {
		byID, byName := editDistance(word, l.id), editDistance(word, l.name)
		switch {
		case near(byID, word, l.id) && (byID <= byName || !near(byName, word, l.name)):
			list = append(list, &guess{l.id, l.id, byID})
		case near(byName, word, l.name):
			list = append(list, &guess{l.id, l.name, byName})
		case alike(word, l.name):
			list = append(list, &guess{l.id, l.name, maxDistance + 1})
		}
	}
	slices.SortFunc(list, func(a, b *guess) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(a.word, b.word), cmp.Compare(a.id, b.id))
	})
	return list[:min(len(list), maxClose)]
}

// near leaves out words that share nothing but their shortness.
func near(distance int, a, b string) bool {
	return distance <= maxDistance && distance < min(len(a), len(b))
}

// alike tells whether one word begins with the other, or both with the same
// few bytes.
func alike(a, b string) bool {
	n := min(len(a), len(b), minShared)
	return n > 0 && a[:n] == b[:n] && (n == minShared || n == len(a) || n == len(b))
}

// editDistance is how many bytes must be inserted, removed or replaced to make
// b of a; anything above maxDistance is given as maxDistance+1.
func editDistance(a, b string) int {
	if len(a)-len(b) > maxDistance || len(b)-len(a) > maxDistance {
		return maxDistance + 1
	}
	above := make([]int, len(b)+1)
	for j := range above {
		above[j] = j
	}
	row := make([]int, len(b)+1)
	for i := range len(a) {
		row[0] = i + 1
		for j := range len(b) {
			same := above[j]
			if a[i] != b[j] {
				same++
			}
			row[j+1] = min(same, above[j+1]+1, row[j]+1)
		}
		above, row = row, above
	}
	return min(above[len(b)], maxDistance+1)
}
