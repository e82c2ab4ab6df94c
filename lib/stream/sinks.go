package stream

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"regexp"
	"slices"

	"bgtasks/lib/seglog"
)

// newSink gives the sink for the options.
func newSink(log *seglog.Reader, o LogOptions, out io.Writer) sink {
	var stamp *stamper
	if o.Stamps {
		stamp = &stamper{clock: log.NewClock()}
	}
	if o.byLine() {
		return &lineSink{out: out, log: log, stamp: stamp, options: o}
	}
	return &plainSink{out: out, stamp: stamp}
}

// stamper gives the words before a line that tell when it arrived.
type stamper struct {
	clock       *seglog.Clock
	text        []byte
	from, until int64 // for lines that begin within
}

var newline = []byte("\n")

// stampFormat is how a time is printed, and stampSize the most that it takes.
const (
	stampFormat = "2006-01-02T15:04:05Z "
	stampSize   = len(stampFormat)
)

func (s *stamper) at(off int64) []byte {
	if off >= s.from && off < s.until {
		return s.text
	}
	at, until, known := s.clock.At(off)
	s.from, s.until, s.text = off, until, []byte("- ")
	if known {
		s.text = at.UTC().AppendFormat(nil, stampFormat)
	}
	return s.text
}

// plainSink copies bytes, with the time before each line if that is wanted.
type plainSink struct {
	out   io.Writer
	stamp *stamper // nil for no times
	open  bool     // the last line is unfinished
	buf   []byte
}

func (s *plainSink) write(p []byte, off int64) error {
	if s.stamp != nil {
		p = s.stamped(p, off)
	}
	s.open = p[len(p)-1] != '\n'
	_, err := s.out.Write(p)
	return err
}

// stamped is p with the time before each line that begins in it.
func (s *plainSink) stamped(p []byte, off int64) []byte {
	s.buf = slices.Grow(s.buf[:0], len(p)+(bytes.Count(p, newline)+1)*stampSize)
	buf, size := s.buf[:cap(s.buf)], 0
	for open := s.open; len(p) > 0; open = false {
		if !open {
			size += copy(buf[size:], s.stamp.at(off))
		}
		n := bytes.IndexByte(p, '\n') + 1
		if n == 0 {
			n = len(p)
		}
		size += copy(buf[size:], p[:n])
		p, off = p[n:], off+int64(n)
	}
	return buf[:size]
}

// gap ends the line that was cut off: its rest and what comes after the gap
// would make a line that the task never wrote.
func (s *plainSink) gap() error {
	if !s.open {
		return nil
	}
	s.open = false
	_, err := s.out.Write([]byte("\n"))
	return err
}

func (s *plainSink) cut() error   { return nil }
func (s *plainSink) flush() error { return nil }

// maxLine is the longest line that is kept in memory, in bytes. A longer one is read
// a second time from the log, to be matched and to be printed.
const maxLine = 1 << 20

// lineSink chooses lines.
type lineSink struct {
	out     io.Writer
	log     *seglog.Reader
	stamp   *stamper // nil for no times
	options LogOptions
	line    []byte // the unfinished line, unless it is too long
	now     logLine
	open    bool // there is an unfinished line
	last    []logLine
	live    bool // the last lines were printed; what comes now is new
}

// logLine is where a line is in the log.
type logLine struct {
	from, to int64
	cut      bool // a gap ended it: it gets the newline that it lacks
}

func (s *lineSink) write(p []byte, off int64) error {
	for len(p) > 0 {
		n := bytes.IndexByte(p, '\n') + 1
		ended := n > 0
		if !ended {
			n = len(p)
		}
		text := p[:n]
		if !s.open {
			s.now = logLine{from: off}
		}
		s.now.to = off + int64(n)
		if s.open || !ended {
			text = s.keep(text)
		}
		s.open = !ended
		p, off = p[n:], s.now.to
		if ended {
			if err := s.end(text); err != nil {
				return err
			}
		}
	}
	return nil
}

// keep adds to the unfinished line and gives it, nil if it is too long by now.
func (s *lineSink) keep(p []byte) []byte {
	if s.now.to-s.now.from > maxLine {
		s.line = s.line[:0]
		return nil
	}
	if !s.open {
		s.line = s.line[:0]
	}
	s.line = append(s.line, p...)
	return s.line
}

// gap ends the line that was cut off, as plainSink does.
func (s *lineSink) gap() error {
	s.now.cut = true
	return s.cut()
}

// cut ends the line at hand.
func (s *lineSink) cut() error {
	if !s.open {
		return nil
	}
	s.open = false
	if s.now.to-s.now.from > maxLine {
		return s.end(nil)
	}
	return s.end(s.line)
}

// end passes on the line at hand if it is wanted. text is the line, nil if it is
// only in the log.
func (s *lineSink) end(text []byte) error {
	matched, err := s.matches(text)
	if err != nil || !matched {
		return err
	}
	if !s.options.ring() || s.live {
		return s.print(s.now, text)
	}
	s.last = append(s.last, s.now)
	if extra := len(s.last) - s.options.Lines; extra > 0 {
		s.last = s.last[extra:]
	}
	return nil
}

func (s *lineSink) matches(text []byte) (bool, error) {
	switch {
	case s.options.Grep == nil:
		return true, nil
	case text != nil:
		return s.options.Grep.Match(bytes.TrimSuffix(text, []byte("\n"))), nil
	}
	return matchStream(s.options.Grep, &span{log: s.log, off: s.now.from, end: s.now.to})
}

// print writes a line out, from text or from the log.
func (s *lineSink) print(l logLine, text []byte) error {
	if s.stamp != nil {
		if _, err := s.out.Write(s.stamp.at(l.from)); err != nil {
			return err
		}
	}
	var err error
	if text != nil {
		_, err = s.out.Write(text)
	} else {
		_, err = io.Copy(struct{ io.Writer }{s.out}, &span{log: s.log, off: l.from, end: l.to, whole: true})
	}
	if err == nil && l.cut {
		_, err = s.out.Write([]byte("\n"))
	}
	return err
}

// flush prints the last lines, once. An unfinished line waits for its end, or
// for finish.
func (s *lineSink) flush() error {
	s.live = true
	for _, line := range s.last {
		if err := s.print(line, nil); err != nil {
			return err
		}
	}
	s.last = nil
	return nil
}

// span reads a line from the log, without its newline unless whole. What was removed
// from the log since ends it.
type span struct {
	log      *seglog.Reader
	off, end int64
	whole    bool
}

func (s *span) Read(p []byte) (int, error) {
	if s.off >= s.end {
		return 0, io.EOF
	}
	n, err := s.log.ReadAt(p[:min(int64(len(p)), s.end-s.off)], s.off)
	s.off += int64(n)
	if n > 0 {
		if !s.whole && s.off == s.end && p[n-1] == '\n' {
			n--
		}
		return n, nil
	}
	if errors.As(err, new(*seglog.GapError)) {
		err = io.EOF
	}
	return 0, err
}

// streamChunk is how much of a long line is looked at at a time.
const streamChunk = 64 << 10

// matchStream tells whether the expression matches a text that is not in memory. A
// mere word is looked for by itself, which is many times faster.
func matchStream(re *regexp.Regexp, r io.Reader) (bool, error) {
	if word, whole := re.LiteralPrefix(); whole {
		return containsWord(r, []byte(word))
	}
	in := &failing{r: r}
	matched := re.MatchReader(bufio.NewReaderSize(in, streamChunk))
	return matched, in.err
}

// failing keeps the error of a reader that an expression takes for the end.
type failing struct {
	r   io.Reader
	err error
}

func (f *failing) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		f.err = err
	}
	return n, err
}

func containsWord(r io.Reader, word []byte) (bool, error) {
	buf := make([]byte, 0, streamChunk+len(word))
	for {
		n, err := r.Read(buf[len(buf) : len(buf)+streamChunk])
		buf = buf[:len(buf)+n]
		if bytes.Contains(buf, word) {
			return true, nil
		}
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return false, err
		}
		buf = append(buf[:0], buf[max(len(buf)-len(word)+1, 0):]...)
	}
}
