package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"time"

	"bgtasks/lib/seglog"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
)

// LogOptions say what of a log is printed, and how. The zero value with Lines
// and From at -1 prints it whole.
type LogOptions struct {
	Stderr bool // the other stream of a task with separate ones

	Run, Attempt int // only what they wrote; 0 for all, an attempt without a run is of the newest

	Lines  int // only the last so many of what passes the rest; -1 for all
	From   int64
	Since  *Moment
	Until  *Moment
	Grep   *regexp.Regexp
	Stamps bool
}

// AllOutput prints a log whole.
func AllOutput() LogOptions { return LogOptions{Lines: -1, From: -1} }

// byLine tells that lines must be told apart: bytes alone won't do.
func (o *LogOptions) byLine() bool { return o.Grep != nil || o.Stamps || o.ring() }

// ring tells that the last lines are only known once all were seen.
func (o *LogOptions) ring() bool { return o.Lines >= 0 && (o.Grep != nil || o.Until != nil) }

// source is a log on its way to an output.
type source struct {
	id    string
	log   *seglog.Reader
	off   int64
	end   int64 // where to stop, -1 for nowhere
	sink  sink
	gap   func(start, end int64)
	chunk []byte
}

// sink takes what a log holds. p is not kept.
type sink interface {
	write(p []byte, off int64) error
	gap() error   // bytes are missing here: what follows does not continue the last line
	cut() error   // no more will come of the last line
	flush() error // all that was there at first was written: what comes is new
}

// stemOf is the log that the options mean.
func (o *LogOptions) stem() string {
	if o.Stderr {
		return store.ErrorsStem
	}
	return store.OutputStem
}

// open opens the log that the options mean, or the part of it. The error is
// *view.NoAttemptError, or says that the log can't be read.
func (o *LogOptions) open(h *store.Home, t *view.Task) (*seglog.Reader, error) {
	log, err := seglog.OpenReader(h.TaskDir(t.ID), o.stem())
	if err != nil {
		return nil, fmt.Errorf("read the log of %q: %w", t.ID, err)
	}
	if o.Run == 0 && o.Attempt == 0 {
		return log, nil
	}
	from, end, err := view.LogRange(h, t, o.Run, o.Attempt, o.Stderr)
	if err != nil {
		return nil, errors.Join(err, log.Close())
	}
	log.Limit(from, end)
	return log, nil
}

// openSource opens a task's log at the place where the options begin.
func (c *Call) openSource(h *store.Home, t *view.Task, o LogOptions, out io.Writer) (*source, error) {
	id := t.ID
	log, err := o.open(h, t)
	if err != nil {
		return nil, err
	}
	s := &source{id: id, log: log, end: -1, sink: &plainSink{out: out}, chunk: make([]byte, 128<<10)}
	s.gap = func(start, end int64) {
		c.Note("%d bytes were dropped here (offset %d to %d)", end-start, start, end)
	}
	if o.byLine() {
		s.sink = &lineSink{out: out, log: log, options: o}
	}
	if err := s.seek(o); err != nil {
		log.Close()
		return nil, fmt.Errorf("read the log of %q: %w", id, err)
	}
	return s, nil
}

// seek finds the first and the last offset.
func (s *source) seek(o LogOptions) (err error) {
	s.off = max(o.From, s.log.Start())
	if o.Since != nil {
		since, err := s.log.OffsetSince(time.Time(*o.Since))
		if err != nil {
			return err
		}
		s.off = max(s.off, since)
	}
	if o.Until != nil {
		if s.end, err = s.log.OffsetUntil(time.Time(*o.Until)); err != nil {
			return err
		}
	}
	if o.Lines >= 0 && !o.ring() {
		tail, err := s.log.TailOffset(o.Lines)
		if err != nil {
			return err
		}
		s.off = max(s.off, tail)
	}
	return nil
}

// drain moves all that is there now to the sink. To see the last lines of a log
// that goes on, flush the sink after it.
func (s *source) drain() error {
	for s.end < 0 || s.off < s.end {
		p := s.chunk
		if s.end >= 0 {
			p = p[:min(int64(len(p)), s.end-s.off)]
		}
		n, err := s.log.ReadAt(p, s.off)
		if n > 0 {
			if err := s.sink.write(p[:n], s.off); err != nil {
				return err
			}
			s.off += int64(n)
			continue
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err := s.skip(err); err != nil {
			return err
		}
	}
	return nil
}

// skip steps over a gap and tells of it.
func (s *source) skip(err error) error {
	var gap *seglog.GapError
	if !errors.As(err, &gap) {
		return fmt.Errorf("read the log of %q: %w", s.id, err)
	}
	end := gap.Gap.End
	if s.end >= 0 {
		end = min(end, s.end)
	}
	s.gap(s.off, end)
	s.off = end
	return s.sink.gap()
}

// plainSink copies bytes.
type plainSink struct {
	out  io.Writer
	open bool // the last line is unfinished
}

func (s *plainSink) write(p []byte, _ int64) error {
	s.open = p[len(p)-1] != '\n'
	_, err := s.out.Write(p)
	return err
}

// gap ends the line that was cut off: its rest and what comes after the gap
// would make a line that the task never wrote.
func (s *plainSink) gap() error {
	if !s.open {
		return nil
	}
	return s.write([]byte("\n"), 0)
}

func (s *plainSink) cut() error   { return nil }
func (s *plainSink) flush() error { return nil }

// maxLine is the longest line that is looked at as one; a longer one counts as
// several, so that a log without newlines does not fill the memory.
const maxLine = 1 << 20

// lineSink chooses and marks lines.
type lineSink struct {
	out     io.Writer
	log     *seglog.Reader
	options LogOptions
	line    []byte // the unfinished line
	at      int64  // its offset
	last    [][]byte
	live    bool // the last lines were printed; what comes now is new
}

func (s *lineSink) write(p []byte, off int64) error {
	for len(p) > 0 {
		if len(s.line) == 0 {
			s.at = off
		}
		i := bytes.IndexByte(p, '\n')
		n := i + 1
		if i < 0 {
			n = min(len(p), maxLine)
		}
		s.line = append(s.line, p[:n]...)
		p, off = p[n:], off+int64(n)
		if i >= 0 || len(s.line) >= maxLine {
			if err := s.cut(); err != nil {
				return err
			}
		}
	}
	return nil
}

// gap ends the line that was cut off, as plainSink does.
func (s *lineSink) gap() error {
	if len(s.line) > 0 {
		s.line = append(s.line, '\n')
	}
	return s.cut()
}

// cut ends the line at hand.
func (s *lineSink) cut() error {
	if len(s.line) == 0 {
		return nil
	}
	line := s.line
	s.line = s.line[:0]
	if s.options.Grep != nil && !s.options.Grep.Match(bytes.TrimSuffix(line, []byte("\n"))) {
		return nil
	}
	if s.options.Stamps {
		line = append(s.stamp(), line...)
	}
	if s.options.ring() && !s.live {
		s.keep(line)
		return nil
	}
	_, err := s.out.Write(line)
	return err
}

func (s *lineSink) keep(line []byte) {
	s.last = append(s.last, bytes.Clone(line))
	if extra := len(s.last) - s.options.Lines; extra > 0 {
		s.last = s.last[extra:]
	}
}

// stamp is when the line at hand arrived, to the second, or a dash.
func (s *lineSink) stamp() []byte {
	at, ok := s.log.TimeAt(s.at)
	if !ok {
		return []byte("- ")
	}
	return at.UTC().AppendFormat(nil, "2006-01-02T15:04:05Z ")
}

// flush prints the last lines, once. An unfinished line waits for its end, or
// for finish.
func (s *lineSink) flush() error {
	s.live = true
	for _, line := range s.last {
		if _, err := s.out.Write(line); err != nil {
			return err
		}
	}
	s.last = nil
	return nil
}

// finish gives out an unfinished line: nothing will come any more.
func (s *source) finish() error {
	return errors.Join(s.sink.cut(), s.sink.flush(), s.log.Close())
}

// PrintLogs prints the logs of tasks one after another, with headers if they
// are several.
func PrintLogs(c *Call, h *store.Home, ids []string, o LogOptions) error {
	heads := &headings{out: c.Out, several: len(ids) > 1}
	for _, id := range ids {
		if err := c.printLog(h, id, o, heads.of(id)); err != nil {
			return err
		}
	}
	return nil
}

func (c *Call) printLog(h *store.Home, id string, o LogOptions, out io.Writer) error {
	t, err := view.Load(h, id)
	if err != nil {
		return err
	}
	c.noteStreams(t, o)
	s, err := c.openSource(h, t, o, out)
	if err != nil {
		return err
	}
	return errors.Join(s.drain(), s.finish())
}

// noteStreams explains an empty answer, and one that may lack something.
func (c *Call) noteStreams(t *view.Task, o LogOptions) {
	if t.OutputEnd != "" {
		c.Note("some output of task %q may be missing: after its supervisor had gone, nobody held it for a time", t.ID)
	}
	if o.Stderr && t.Spec != nil && !t.Spec.Split {
		c.Note("task %q was started without --split: its stderr is in the one log", t.ID)
	}
}

// headings writes "==> ID <==" whenever the output turns to another task.
type headings struct {
	out     io.Writer
	several bool
	current string
}

func (h *headings) of(id string) io.Writer {
	if !h.several {
		return h.out
	}
	return &headed{h, id}
}

type headed struct {
	heads *headings
	id    string
}

func (w *headed) Write(p []byte) (int, error) {
	if w.heads.current != w.id {
		space := "\n"
		if w.heads.current == "" {
			space = ""
		}
		w.heads.current = w.id
		if _, err := io.WriteString(w.heads.out, space+"==> "+w.id+" <==\n"); err != nil {
			return 0, err
		}
	}
	return w.heads.out.Write(p)
}
