package view

import (
	"cmp"
	"slices"

	"bgtasks/lib/codec"
	"bgtasks/lib/store"
)

// NotFoundError says that no task has this id or name.
type NotFoundError struct {
	ID       string
	Close    []string // up to three names or ids that the word may have meant
	CloseIDs []string // the ids of those tasks
	Named    []string // the ids of the tasks that have the word as their name
}

func (e *NotFoundError) Error() string { return "no task \"" + e.ID + "\"" }

// Label is what a task is called. An unreadable one has no name.
type Label struct{ ID, Name string }

// Labels reads what all tasks are called, in no order, and nothing else of
// them: a word among a hundred thousand names shall not cost their records.
func Labels(h *store.Home) ([]Label, error) {
	ids, err := h.IDs()
	list := make([]Label, len(ids))
	Each(h, len(ids), func(r *Reader, i int) { list[i] = Label{ids[i], r.name(ids[i])} })
	return list, err
}

func (r *Reader) name(id string) string {
	text, err := r.SpecText(id)
	if err != nil {
		return ""
	}
	return codec.NameIn(text)
}

// NotFound says that no task has an id, and what may have been meant. That is a hint,
// so it is no error if it can't be found out.
func NotFound(h *store.Home, id string) *NotFoundError {
	labels, err := Labels(h)
	if err != nil {
		return &NotFoundError{ID: id}
	}
	return NotAmong(labels, id)
}

// NotAmong says that a word means none of all tasks, and which may have been meant.
func NotAmong(labels []Label, word string) *NotFoundError {
	e := &NotFoundError{ID: word}
	for _, g := range closest(word, labels) {
		if !slices.Contains(e.Close, g.word) {
			e.Close = append(e.Close, g.word)
		}
		e.CloseIDs = append(e.CloseIDs, g.id)
	}
	for _, l := range labels {
		if l.Name == word && word != "" {
			e.Named = append(e.Named, l.ID)
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
func closest(word string, labels []Label) []*guess {
	var list []*guess
	for _, l := range labels {
		byID, byName := editDistance(word, l.ID), editDistance(word, l.Name)
		switch {
		case near(byID, word, l.ID) && (byID <= byName || !near(byName, word, l.Name)):
			list = append(list, &guess{l.ID, l.ID, byID})
		case near(byName, word, l.Name):
			list = append(list, &guess{l.ID, l.Name, byName})
		case alike(word, l.Name):
			list = append(list, &guess{l.ID, l.Name, maxDistance + 1})
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
