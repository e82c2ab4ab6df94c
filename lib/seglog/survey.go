package seglog

// Part is a file of a log, with the bytes [Start, End) of the stream in it.
type Part struct {
	Path       string
	Start, End int64
}

// Parts lists the files that hold the log as it is now, oldest first. The last
// is the one that is written to; if it is empty it is listed only when it is
// alone. A part may be removed by the writer at any time.
func (r *Reader) Parts() ([]Part, error) {
	end, err := r.stored()
	if err != nil {
		return nil, err
	}
	newest := logPath(r.dir, r.stem)
	var list []Part
	for _, p := range r.names.parts {
		list = append(list, Part{newest + "." + p.name(), p.start, p.end})
	}
	if end > r.base || len(list) == 0 {
		list = append(list, Part{newest, r.base, end})
	}
	return list, nil
}

// Loss is a gap, and how many stored lines precede it.
type Loss struct {
	Gap
	AfterLine int64
}

// LinesBefore counts the stored lines before an offset where a line ends.
func (r *Reader) LinesBefore(off int64) (lines int64, err error) {
	list, err := r.stretches()
	buf := make([]byte, blockSize)
	for _, s := range list {
		if err != nil || s.start >= off {
			break
		}
		var n int64
		n, err = r.countIn(s, buf)
		lines += n
	}
	return lines, err
}

// Survey counts the stored lines, by the rules of [Reader.TailOffset], and lists the gaps
// between them.
func (r *Reader) Survey() (lines int64, losses []Loss, err error) {
	list, err := r.stretches()
	if err != nil {
		return 0, nil, err
	}
	gaps := r.only.clip(r.gaps) // those between the stretches: reading on may learn of others
	buf := make([]byte, blockSize)
	for _, s := range list {
		for ; len(gaps) > 0 && gaps[0].End <= s.start; gaps = gaps[1:] {
			losses = append(losses, Loss{gaps[0], lines})
		}
		n, err := r.countIn(s, buf)
		if err != nil {
			return 0, nil, err
		}
		lines += n
	}
	for _, g := range gaps {
		losses = append(losses, Loss{g, lines})
	}
	return lines, losses, nil
}
