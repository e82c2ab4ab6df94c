package view

import (
	"errors"
	"strings"
	"testing"
)

func TestResolve(t *testing.T) {
	h := zoo(t)
	for words, want := range map[string]string{
		"d1":                    "d1",
		"web":                   "d1", // the only open one of two
		"build":                 "b3",
		"c":                     "c2",
		"b3 build b":            "", // b may be b3, bg_1 and bg_2
		"b3 build c a4":         "b3 c2 a4",
		"bg_1":                  "bg_1",
		"monitor web d1 d":      "a4 d1",
		"bg_":                   "",
		"twin":                  "",
		"nope":                  "",
		"../" + "tasks" + "/d1": "",
	} {
		got, err := Resolve(h, strings.Fields(words))
		if ids := strings.Join(got, " "); ids != want || (err != nil) != (want == "") {
			t.Errorf("Resolve(%s) = %q, %v, want %q", words, ids, err, want)
		}
	}
	if got, err := Resolve(h, nil); err != nil || len(got) != 0 {
		t.Errorf("Resolve() = %v, %v, want nothing", got, err)
	}
}

func TestResolveErrors(t *testing.T) {
	h := zoo(t)
	for word, want := range map[string]string{"twin": "bg_1 bg_2", "bg_": "bg_1 bg_2", "b": "b3 bg_1 bg_2"} {
		_, err := Resolve(h, []string{word})
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
		_, err := Resolve(h, []string{word})
		var missing *NotFoundError
		if !errors.As(err, &missing) || missing.ID != word || strings.Join(missing.Close, " ") != want {
			t.Errorf("Resolve(%q) = %#v, want no such task, close %q", word, err, want)
		}
	}
}

func TestEditDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"web", "web", 0}, {"web", "wab", 1}, {"web", "we", 1}, {"web", "webs", 1},
		{"web", "wbe", 2}, {"", "ab", 2}, {"web", "xyz", 3}, {"web", "monitor", 3}, {"abcd", "wxyz", 3},
	} {
		if got := editDistance(c.a, c.b); got != c.want {
			t.Errorf("editDistance(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
		if got := editDistance(c.b, c.a); got != c.want {
			t.Errorf("editDistance(%q, %q) = %d, want %d", c.b, c.a, got, c.want)
		}
	}
}
