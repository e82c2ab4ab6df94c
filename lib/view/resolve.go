package view

import (
	"cmp"
	"slices"
	"strings"

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
	res := resolver{home: h}
	var ids []string
	for _, word := range words {
		id, err := res.resolve(word)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// resolver reads the tasks only when a word is no id, and then once.
type resolver struct {
	home  *store.Home
	tasks []*Task
}

func (r *resolver) resolve(word string) (string, error) {
	if record.ValidID(word) && exists(r.home.TaskDir(word)) {
		return word, nil
	}
	if r.tasks == nil {
		tasks, err := LoadAll(r.home, Filter{})
		if err != nil {
			return "", err
		}
		r.tasks = tasks
	}
	named := r.all(func(t *Task) bool { return t.Name == word })
	if len(named) > 1 {
		if running := slices.DeleteFunc(slices.Clone(named), func(t *Task) bool { return !t.Open() }); len(running) == 1 {
			named = running
		}
	}
	if len(named) == 0 && word != "" {
		named = r.all(func(t *Task) bool { return strings.HasPrefix(t.ID, word) })
	}
	switch len(named) {
	case 0:
		return "", notFound(word, r.tasks)
	case 1:
		return named[0].ID, nil
	}
	return "", &AmbiguousError{word, idsOf(named)}
}

func (r *resolver) all(match func(*Task) bool) (list []*Task) {
	for _, t := range r.tasks {
		if match(t) {
			list = append(list, t)
		}
	}
	return list
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
	if tasks, err := LoadAll(h, Filter{}); err == nil {
		*e = *notFound(e.ID, tasks)
	}
}

func notFound(word string, tasks []*Task) *NotFoundError {
	e := &NotFoundError{ID: word}
	for _, g := range closest(word, tasks) {
		if !slices.Contains(e.Close, g.word) {
			e.Close = append(e.Close, g.word)
		}
		e.CloseIDs = append(e.CloseIDs, g.id)
	}
	for _, t := range tasks {
		if t.Name == word && word != "" {
			e.Named = append(e.Named, t.ID)
		}
	}
	return e
}

const (
	maxClose    = 3 // words in a hint
	maxDistance = 2 // edits apart
	minShared   = 3 // bytes that a beginning must share to count as close
)

// guess is a task that a word may have meant, and the word for it that is next.
type guess struct {
	id, word string
	distance int
}

// closest gives the tasks whose names or ids are within two edits of word,
// nearest first, and after them those whose names begin alike. Every generated
// id begins alike, so ids count by distance only.
func closest(word string, tasks []*Task) []guess {
	var list []guess
	for _, t := range tasks {
		byID, byName := editDistance(word, t.ID), editDistance(word, t.Name)
		switch {
		case near(byID, word, t.ID) && (byID <= byName || !near(byName, word, t.Name)):
			list = append(list, guess{t.ID, t.ID, byID})
		case near(byName, word, t.Name):
			list = append(list, guess{t.ID, t.Name, byName})
		case alike(word, t.Name):
			list = append(list, guess{t.ID, t.Name, maxDistance + 1})
		}
	}
	slices.SortFunc(list, func(a, b guess) int {
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
