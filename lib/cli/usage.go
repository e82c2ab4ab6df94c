package cli

import (
	"regexp"
	"strings"

	"bgtasks/lib/fault"
)

// The parser's complaints that are made of its own words, and ours for them.
var parserWords = []struct{ theirs, ours string }{
	{`expected \S+ value but got "EOL".*`, `a value is missing`},
	{`missing value, expecting .*`, `a value is missing`},
	{`expected \S+ value but got ("(?:[^"\\]|\\.)*") \(.*`, `expected a value, got the flag $1`},
	{`^(?:\[?<)?([a-z-]+)(?:>\]?)? must be one of (.*) but got`, `$1: expected one of $2, got`},
}

// plainWords says what the parser complains about.
func plainWords(complaint string) string {
	for _, w := range parserWords {
		complaint = regexp.MustCompile(w.theirs).ReplaceAllString(complaint, w.ours)
	}
	if head, list, found := strings.Cut(complaint, ": expected one of "); found {
		list, tail, _ := strings.Cut(list, ", got")
		complaint = head + ": expected one of " + strings.ReplaceAll(strings.ReplaceAll(list, `"`, ""), ",", ", ") + ", got" + tail
	}
	return fault.LowerFirst(complaint)
}
