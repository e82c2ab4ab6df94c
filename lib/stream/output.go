package stream

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"time"

	"bgtasks/lib/cli"
	"bgtasks/lib/heal"
	"bgtasks/lib/payload"
	"bgtasks/lib/seglog"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
)

// LogOptions say what of a task's output is printed, and how. The zero value with
// Lines and From at -1 prints that of the newest run whole.
type LogOptions struct {
	Stdout, Stderr bool // only this stream of a task with separate ones

	AllRuns      bool
	Run, Attempt int // only what they wrote; 0 for the newest run, and for all of its attempts

	Lines  int   // only the last so many of what passes the rest; -1 for all
	From   int64 // of all runs then, unless one is chosen; -1 for the beginning
	Since  *payload.Moment
	Until  *payload.Moment
	Grep   *regexp.Regexp
	Stamps bool
}

// AllOutput prints the newest run whole.
func AllOutput() LogOptions { return LogOptions{Lines: -1, From: -1} }

// byLine tells that lines must be told apart: bytes alone won't do.
func (o *LogOptions) byLine() bool { return o.Grep != nil || o.ring() }

// ring tells that the last lines are only known once all were seen.
func (o *LogOptions) ring() bool { return o.Lines >= 0 && (o.Grep != nil || o.Until != nil) }

// stems are the logs that the options mean. An offset is one of stdout, unless
// stderr is chosen.
func (o *LogOptions) stems(t *view.Task) []string {
	switch {
	case o.Stderr:
		return []string{store.ErrorsStem}
	case o.Stdout || o.From >= 0 || !t.Split():
		return []string{store.OutputStem}
	}
	return []string{store.OutputStem, store.ErrorsStem}
}

// open opens a log, or the part of it that the options mean. starts are those of the
// runs in it but the first. The error is *view.NoAttemptError, or says that the log
// can't be read.
func (o *LogOptions) open(h *store.Home, t *view.Task, stem string) (log *seglog.Reader, starts []view.RunStart, err error) {
	log, err = view.OpenLog(h, t, stem)
	if err != nil {
		return nil, nil, fmt.Errorf("read the log of %q: %w", t.ID, err)
	}
	switch {
	case o.Run == 0 && o.Attempt == 0 && o.AllRuns:
		starts, err = view.RunStarts(h, t, stem == store.ErrorsStem)
		for _, s := range starts {
			log.Cut(s.Offset)
		}
	case o.Run == 0 && o.Attempt == 0 && (o.From >= 0 || t.Spec == nil):
		// The bytes as they are.
	default:
		var from, end int64
		from, end, err = view.LogRange(h, t, o.Run, o.Attempt, stem == store.ErrorsStem)
		log.Limit(from, end)
	}
	if err != nil {
		return nil, nil, errors.Join(err, log.Close())
	}
	return log, starts, nil
}

// source is a log on its way to an output.
type source struct {
	id    string
	call  *cli.Call
	log   *seglog.Reader
	off   int64
	end   int64 // where to stop, -1 for nowhere
	sink  sink
	chunk []byte

	starts []view.RunStart // of runs that are still to come, and to be told of
	run    int             // the newest that is known; 0 if none is told of
}

// sink takes what a log holds. p is not kept.
type sink interface {
	write(p []byte, off int64) error
	gap() error   // bytes are missing here: what follows does not continue the last line
	cut() error   // no more will come of the last line
	flush() error // all that was there at first was written: what comes is new
}

// openSources opens the logs of a task at the places where the options begin.
func openSources(c *cli.Call, h *store.Home, t *view.Task, o LogOptions, heads *heads) (list []*source, err error) {
	noteStreams(c, h, t, o)
	stems := o.stems(t)
	for _, stem := range stems {
		out := heads.out
		if stem == store.ErrorsStem && len(stems) > 1 {
			out = heads.err
		}
		var s *source
		if s, err = openSource(c, h, t, o, stem, out.of(t.ID)); err != nil {
			break
		}
		if len(list) > 0 {
			s.starts, s.run = nil, 0 // they are told of once
		}
		list = append(list, s)
	}
	if err != nil {
		for _, s := range list {
			s.log.Close()
		}
	}
	return list, err
}

func openSource(c *cli.Call, h *store.Home, t *view.Task, o LogOptions, stem string, out io.Writer) (*source, error) {
	log, starts, err := o.open(h, t, stem)
	if err != nil {
		return nil, err
	}
	s := &source{id: t.ID, call: c, log: log, end: -1, sink: newSink(log, o, out), chunk: make([]byte, 128<<10), starts: starts, run: t.Run}
	if o.From >= 0 && !o.AllRuns {
		s.run = 0
	}
	if err := s.seek(o); err != nil {
		log.Close()
		return nil, fmt.Errorf("read the log of %q: %w", t.ID, err)
	}
	for len(s.starts) > 0 && s.starts[0].Offset <= s.off && s.off > 0 {
		s.starts = s.starts[1:]
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

// learn notices that another run of the task has begun, beside one that follows it.
func (s *source) learn(t *view.Task) {
	if s.run == 0 || t.Run <= s.run || t.Current == nil || t.Current.StartedAt.IsZero() {
		return
	}
	s.run = t.Run
	s.starts = append(s.starts, view.RunStart{Run: t.Run, Offset: t.Current.LogStart})
	s.log.Cut(t.Current.LogStart)
}

// drain moves all that is there now to the sink. To see the last lines of a log
// that goes on, flush the sink after it.
func (s *source) drain() error {
	for s.end < 0 || s.off < s.end {
		if err := s.passStart(); err != nil {
			return err
		}
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

// passStart tells of a run that begins here, and ends the line before it.
func (s *source) passStart() error {
	if len(s.starts) == 0 || s.off < s.starts[0].Offset {
		return nil
	}
	start := s.starts[0]
	s.starts = s.starts[1:]
	err := s.sink.gap()
	s.call.Note("run %d of task %q begins here (offset %d)", start.Run, s.id, start.Offset)
	return err
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
	what := "were dropped"
	if gap.Gap.Why == seglog.Gone {
		what = "are gone"
	}
	s.call.Note("%d bytes %s here (offset %d to %d)", end-s.off, what, s.off, end)
	s.off = end
	return s.sink.gap()
}

// finish gives out an unfinished line: nothing will come any more.
func (s *source) finish() error {
	return errors.Join(s.sink.cut(), s.sink.flush(), s.log.Close())
}

// PrintLogs prints the logs of tasks one after another, with headers if they
// are several.
func PrintLogs(c *cli.Call, h *store.Home, ids []string, o LogOptions) error {
	heads := newHeads(c, len(ids) > 1)
	for _, id := range ids {
		if err := printLog(c, h, id, o, heads); err != nil {
			return err
		}
	}
	return nil
}

func printLog(c *cli.Call, h *store.Home, id string, o LogOptions, heads *heads) error {
	t, err := heal.Load(h, id)
	if err != nil {
		return err
	}
	sources, err := openSources(c, h, t, o, heads)
	for _, s := range sources {
		if err == nil {
			err = s.drain()
		}
		err = errors.Join(err, s.finish())
	}
	return err
}

// noteStreams explains an empty answer, and one that may lack something.
func noteStreams(c *cli.Call, h *store.Home, t *view.Task, o LogOptions) {
	if t.OutputEnd != "" {
		c.Note("some output of task %q may be missing: after its supervisor had gone, nobody held it for a time", t.ID)
	}
	if o.Stderr && t.Spec != nil && !t.Split() {
		c.Note("task %q was started without --split: its stderr is in the one log", t.ID)
	}
	if o.From < 0 || !t.Split() || o.Stderr || o.Stdout {
		return
	}
	if log, err := view.OpenLog(h, t, store.ErrorsStem); err == nil {
		if end, err := log.End(); err == nil && end > 0 {
			c.Note("task %q has written %d bytes to stderr too: see --stderr", t.ID, end)
		}
		log.Close()
	}
}

// heads are where the two streams of tasks go.
type heads struct{ out, err *headings }

func newHeads(c *cli.Call, several bool) *heads {
	return &heads{&headings{out: c.Out, several: several}, &headings{out: c.Err, several: several}}
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
