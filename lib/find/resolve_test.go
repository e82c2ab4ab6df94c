package find

import (
	"errors"
	"strings"
	"testing"

	"bgtasks/lib/view"
)

func TestResolve(t *testing.T) {
	h := zoo(t)
	for word, want := range map[string]string{
		"d1":                    "d1",
		"web":                   "d1", // the only open one of two
		"build":                 "b3",
		"c":                     "c2",
		"b":                     "", // it may be b3, bg_1 and bg_2
		"bg_1":                  "bg_1",
		"bg_":                   "",
		"twin":                  "",
		"nope":                  "",
		"../" + "tasks" + "/d1": "",
	} {
		if id, err := NewResolver(h).Resolve(word); id != want || (err != nil) != (want == "") {
			t.Errorf("Resolve(%s) = %q, %v, want %q", word, id, err, want)
		}
	}
}

func TestResolveErrors(t *testing.T) {
	h := zoo(t)
	for word, want := range map[string]string{"twin": "bg_1 bg_2", "bg_": "bg_1 bg_2", "b": "b3 bg_1 bg_2"} {
		_, err := NewResolver(h).Resolve(word)
		var ambiguous *AmbiguousError
		if !errors.As(err, &ambiguous) || strings.Join(ambiguous.Candidates, " ") != want {
			t.Errorf("Resolve(%q) = %v, want the candidates %s", word, err, want)
		}
	}
	for word, want := range map[string]string{
		"":        "",
		"wbe":     "web",
		"biuld":   "build",
		"mon":     "monitor",
		"monkey":  "monitor",
		"bg_3":    "bg_1 bg_2",
		"unheard": "",
	} {
		_, err := NewResolver(h).Resolve(word)
		var missing *view.NotFoundError
		if !errors.As(err, &missing) || missing.ID != word || strings.Join(missing.Close, " ") != want {
			t.Errorf("Resolve(%q) = %#v, want no such task, close %q", word, err, want)
		}
	}
}
