package seglog

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strconv"

	"bgtasks/lib/fsys"
)

// maxMeta bounds what is read of an output.json: maxGaps gaps fit many times.
const maxMeta = 64 << 10

// meta is what output.json holds.
type meta struct {
	base int64 // stream offset of the first byte of output.log when this was written
	gaps []Gap // in order, not overlapping
}

// encode gives the one spelling that decodeMeta accepts.
func (m meta) encode() []byte {
	b := make([]byte, 0, 64+64*len(m.gaps))
	b = append(b, `{"v":1,"base":`...)
	b = strconv.AppendInt(b, m.base, 10)
	b = append(b, `,"gaps":[`...)
	for i, g := range m.gaps {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"start":`...)
		b = strconv.AppendInt(b, g.Start, 10)
		b = append(b, `,"end":`...)
		b = strconv.AppendInt(b, g.End, 10)
		b = append(b, `,"why":"`...)
		b = append(b, g.Why...)
		b = append(b, `"}`...)
	}
	b = append(b, `],"droppedBytes":`...)
	b = strconv.AppendInt(b, total(m.gaps, ""), 10)
	return append(b, "}\n"...)
}

// decodeMeta reads the package's own encoding. Anything else, also the same
// facts in another spelling, is ErrUnreadable.
func decodeMeta(b []byte) (meta, error) {
	s := scanner{rest: b}
	m := meta{}
	s.text(`{"v":1,"base":`)
	m.base = s.number()
	s.text(`,"gaps":[`)
	for end := int64(0); s.ok() && !s.starts("]"); {
		if len(m.gaps) > 0 {
			s.text(",")
		}
		g := s.gap()
		if g.Start < end || g.Start >= g.End || g.End > m.base {
			return meta{}, ErrUnreadable
		}
		end = g.End
		m.gaps = append(m.gaps, g)
	}
	if !s.ok() || !bytes.Equal(b, m.encode()) {
		return meta{}, ErrUnreadable
	}
	return m, nil
}

// scanner takes a text apart from the left; after a mismatch it stays bad.
type scanner struct {
	rest []byte
	bad  bool
}

func (s *scanner) ok() bool { return !s.bad }

func (s *scanner) starts(text string) bool { return bytes.HasPrefix(s.rest, []byte(text)) }

func (s *scanner) text(text string) {
	if !s.starts(text) {
		s.bad = true
		return
	}
	s.rest = s.rest[len(text):]
}

func (s *scanner) number() int64 {
	i := 0
	for i < len(s.rest) && s.rest[i] >= '0' && s.rest[i] <= '9' {
		i++
	}
	n, err := strconv.ParseInt(string(s.rest[:i]), 10, 64)
	if err != nil {
		s.bad = true
	}
	s.rest = s.rest[i:]
	return n
}

func (s *scanner) gap() Gap {
	var g Gap
	s.text(`{"start":`)
	g.Start = s.number()
	s.text(`,"end":`)
	g.End = s.number()
	s.text(`,"why":"`)
	g.Why = Rotated
	for _, why := range []string{Full, Gone} {
		if s.starts(why) {
			g.Why = why
		}
	}
	s.text(g.Why)
	s.text(`"}`)
	return g
}

// readMeta reads output.json; an absent one holds nothing.
func readMeta(dir, stem string) (meta, error) {
	f, err := fsys.Open(metaPath(dir, stem), os.O_RDONLY, 0)
	if errors.Is(err, os.ErrNotExist) {
		return meta{}, nil
	}
	if err != nil {
		return meta{}, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxMeta))
	if err != nil {
		return meta{}, err
	}
	m, err := decodeMeta(b)
	return m, wrap(f.Name(), err)
}
