package seglog

import (
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"

	"bgtasks/lib/fsys"
)

// part is a closed file of a log. It holds the bytes [start, end) of the
// stream; with start == end it is a mark.
type part struct{ start, end int64 }

func (p part) name() string { return offset(p.start) + "-" + offset(p.end) }

// listing is what the names in a directory say about a log.
type listing struct {
	parts []part  // with bytes, in order, not overlapping
	marks []int64 // in order
	told  bool    // output.json knows all gaps that the writer made
}

// end is the base of the newest part; the proof is in the package comment.
func (l listing) end() int64 {
	var end int64
	if n := len(l.parts); n > 0 {
		end = l.parts[n-1].end
	}
	if n := len(l.marks); n > 0 {
		end = max(end, l.marks[n-1])
	}
	return end
}

// before drops the names that end after horizon.
func (l listing) before(horizon int64) listing {
	l.parts = slices.DeleteFunc(l.parts, func(p part) bool { return p.end > horizon })
	l.marks = slices.DeleteFunc(l.marks, func(m int64) bool { return m > horizon })
	return l
}

// list reads the names of a log's closed parts.
func list(dir, stem string) (listing, error) {
	var l listing
	names, err := fsys.Names(dir)
	for _, name := range names {
		rest, ok := strings.CutPrefix(name, stem+".log.")
		if !ok {
			continue
		}
		p, ok := parsePart(rest)
		switch {
		case ok && p.start == p.end:
			l.marks = append(l.marks, p.end)
		case ok:
			l.parts = append(l.parts, p)
		}
	}
	l.sort()
	return l, wrap("list parts", err)
}

// sort puts the names in order. Of two parts that overlap, which this package
// never makes, the later is left out, so that no byte is read twice.
func (l *listing) sort() {
	slices.Sort(l.marks)
	sort.Sort(byStart(l.parts))
	var end int64
	l.parts = slices.DeleteFunc(l.parts, func(p part) bool {
		overlaps := p.start < end
		if !overlaps {
			end = p.end
		}
		return overlaps
	})
}

// byStart puts the longer of two that begin together first. It is an interface's
// implementation because verbs have that way of sorting anyway.
type byStart []part

func (l byStart) Len() int      { return len(l) }
func (l byStart) Swap(i, j int) { l[i], l[j] = l[j], l[i] }
func (l byStart) Less(i, j int) bool {
	return l[i].start < l[j].start || l[i].start == l[j].start && l[i].end > l[j].end
}

// parsePart reads "START-END" as [part.name] writes it, and nothing else.
func parsePart(s string) (part, bool) {
	a, b, ok := strings.Cut(s, "-")
	if !ok {
		return part{}, false
	}
	start, err1 := strconv.ParseInt(a, 10, 64)
	end, err2 := strconv.ParseInt(b, 10, 64)
	p := part{start, end}
	return p, err1 == nil && err2 == nil && start >= 0 && start <= end && p.name() == s
}

// logPath is the newest part of a log; its other files are named after it.
func logPath(dir, stem string) string { return filepath.Join(dir, stem+".log") }

func metaPath(dir, stem string) string { return filepath.Join(dir, stem+".json") }

func indexPath(dir, stem string) string { return filepath.Join(dir, stem+".idx") }
