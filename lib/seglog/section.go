package seglog

import (
	"math"
	"slices"
)

// section is the part of a log that a Reader was limited to.
type section struct{ from, to int64 }

// whole is a log of any length.
var whole = section{0, math.MaxInt64}

// Limit restricts the reader to the bytes [from, to) of the stream, for good. They keep
// their offsets, and lines, gaps and times are those of that section alone. A negative to
// means the end of the log.
func (r *Reader) Limit(from, to int64) {
	if to < 0 {
		to = math.MaxInt64
	}
	r.only = section{max(from, 0), max(to, from, 0)}
}

// Cut ends a line before an offset, for example where another run of a task begins. Reads
// stop there.
func (r *Reader) Cut(off int64) {
	if i, there := slices.BinarySearch(r.cuts, off); !there {
		r.cuts = slices.Insert(r.cuts, i, off)
	}
}

// IsCut reports whether Cut ended a line before an offset.
func (r *Reader) IsCut(off int64) bool {
	_, there := slices.BinarySearch(r.cuts, off)
	return there
}

// uncut is how many of the bytes from off on come before the next cut.
func (r *Reader) uncut(off int64) int64 {
	i, there := slices.BinarySearch(r.cuts, off)
	if there {
		i++
	}
	if i == len(r.cuts) {
		return math.MaxInt64
	}
	return r.cuts[i] - off
}

// Start is the first offset of the section that the reader is limited to, 0 if
// it is not.
func (r *Reader) Start() int64 { return r.only.from }

// clip keeps of the gaps what lies in the section.
func (s section) clip(gaps []Gap) []Gap {
	var inside []Gap
	for _, g := range gaps {
		g.Start, g.End = s.within(g.Start), s.within(g.End)
		if g.Start < g.End {
			inside = append(inside, g)
		}
	}
	return inside
}

// within moves an offset into the section.
func (s section) within(off int64) int64 { return min(max(off, s.from), s.to) }
