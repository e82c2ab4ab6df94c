package seglog

import "slices"

// The kinds of a [Gap].
const (
	Rotated = "rotated" // was stored, and removed to keep the log under its cap
	Full    = "full"    // could not be stored: the disk was full, over quota or broken
	Gone    = "gone"    // was stored, and was removed or cut by others, or by a power failure
)

// Gap is a range [Start, End) of the stream whose bytes are not stored.
type Gap struct {
	Start, End int64
	Why        string // Rotated, Full or Gone
}

// maxGaps bounds the list, and with it output.json, when a disk flaps between
// full and not full.
const maxGaps = 64

// addGap puts g, which overlaps no other, into the ordered list and merges it
// with neighbours of its kind. Past maxGaps, the first two gaps that touch
// become one of kind Full: which of the two it was is forgotten, how many bytes
// are missing is not. The limit on parts keeps gaps that do not touch below it.
func addGap(gaps []Gap, g Gap) []Gap {
	i, _ := slices.BinarySearchFunc(gaps, g.Start, func(have Gap, start int64) int {
		if have.Start < start {
			return -1
		}
		return 1
	})
	gaps = slices.Insert(gaps, i, g)
	alike := func(a, b Gap) bool { return a.End == b.Start && a.Why == b.Why }
	gaps = mergeAt(mergeAt(gaps, i, alike), i-1, alike)
	for j := 0; len(gaps) > maxGaps && j+1 < len(gaps); j++ {
		if gaps[j].End == gaps[j+1].Start {
			gaps[j].Why = Full
			gaps = mergeAt(gaps, j, func(Gap, Gap) bool { return true })
			break
		}
	}
	return gaps
}

// mergeAt joins gaps i and i+1, if both exist and may be joined.
func mergeAt(gaps []Gap, i int, may func(a, b Gap) bool) []Gap {
	if i < 0 || i+1 >= len(gaps) || !may(gaps[i], gaps[i+1]) {
		return gaps
	}
	gaps[i].End = gaps[i+1].End
	return slices.Delete(gaps, i+1, i+2)
}

// holes finds the gaps below base: what no part covers, with the kinds that
// output.json knows, else by the rule in the package comment.
func (l listing) holes(base int64, m meta) []Gap {
	known := m.gaps
	l.told = m.base == base
	var gaps []Gap
	var at int64
	for _, p := range append(slices.Clone(l.parts), part{base, base}) {
		if at < p.start {
			gaps = l.explain(gaps, at, p.start, known)
		}
		at = p.end
	}
	return gaps
}

// explain cuts the hole [start, end) into gaps of one kind each.
func (l listing) explain(gaps []Gap, start, end int64, known []Gap) []Gap {
	for _, k := range known {
		k.Start, k.End = max(k.Start, start), min(k.End, end)
		if k.Start >= k.End {
			continue
		}
		gaps = l.guess(gaps, start, k.Start)
		gaps = addGap(gaps, k)
		start = k.End
	}
	return l.guess(gaps, start, end)
}

// guess names the kind of a hole that output.json does not know.
func (l listing) guess(gaps []Gap, start, end int64) []Gap {
	if l.told && start < end {
		return addGap(gaps, Gap{start, end, Gone})
	}
	for _, m := range slices.Backward(l.marks) {
		if start < m && m <= end {
			gaps = addGap(gaps, Gap{start, m, Full})
			start = m
			break
		}
	}
	if start < end {
		gaps = addGap(gaps, Gap{start, end, Rotated})
	}
	return gaps
}

// total adds up the gaps of a kind, or all of them for "".
func total(gaps []Gap, why string) int64 {
	var n int64
	for _, g := range gaps {
		if why == "" || g.Why == why {
			n += g.End - g.Start
		}
	}
	return n
}
