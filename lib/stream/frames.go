package stream

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"bgtasks/lib/cli"
	"bgtasks/lib/payload"
	"bgtasks/lib/record"
	"bgtasks/lib/seglog"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
)

// LogLines are the last lines of a log.
type LogLines struct {
	TaskID     string   `json:"task_id"`
	TotalLines int64    `json:"total_lines"`
	ShownLines int      `json:"shown_lines"`
	HasMore    bool     `json:"has_more"`
	Lines      []string `json:"lines"`

	// What the task wrote and the log does not hold; absent when it holds all.
	DroppedBytes int64    `json:"dropped_bytes,omitempty"`
	Gaps         []LogGap `json:"gaps,omitempty"`

	// OutputEnd is "unknown" if some of the output may be missing, uncounted.
	OutputEnd string `json:"output_end,omitempty"`

	// Stderr is the other stream of a task with separate ones.
	Stderr *LogLines `json:"stderr,omitempty"`

	// Runs says where the runs begin, if all of them are shown.
	Runs []LogRun `json:"runs,omitempty"`

	// CutBytes is how many bytes the shown lines are longer than they are shown.
	CutBytes int64 `json:"cut_bytes,omitempty"`

	// Parts are the files of the log, oldest first.
	Parts []seglog.Part `json:"-"`
}

// LogGap is a place where bytes [Start, End) of the output are missing.
type LogGap struct {
	Start     int64  `json:"start"`
	End       int64  `json:"end"`
	Why       string `json:"why"`        // rotated, full or gone, see bg-state(5)
	AfterLine int64  `json:"after_line"` // of the total lines, how many precede it
}

// LogRun is where the output of a run begins.
type LogRun struct {
	Run       int   `json:"run"`
	Start     int64 `json:"start"`
	AfterLine int64 `json:"after_line"` // as of a LogGap
}

// More tells whether there are more lines than are shown, of either stream.
func (l *LogLines) More() bool { return l.HasMore || l.Stderr != nil && l.Stderr.HasMore }

// LastLines reads the last n lines of a task's log as it is now. Lines end at
// "\n" or "\r\n", an unfinished one counts and keeps a "\r" at its end. What is no
// UTF-8 is replaced by U+FFFD, as JSON demands; bg-logs prints the bytes. n is
// DefaultLines when 0.
// Of the options only those count that choose the log and the part of it.
func LastLines(h *store.Home, t *view.Task, o LogOptions, n int) (*LogLines, error) {
	if n == 0 {
		n = payload.DefaultLines
	}
	var streams []*LogLines
	for _, stem := range o.stems(t) {
		log, starts, err := o.open(h, t, stem)
		if err != nil {
			return nil, err
		}
		l := &LogLines{TaskID: t.ID, OutputEnd: t.OutputEnd}
		err = errors.Join(l.read(log, n, starts), log.Close())
		if err != nil {
			return nil, fmt.Errorf("read the log of %q: %w", t.ID, err)
		}
		streams = append(streams, l)
	}
	if len(streams) > 1 {
		streams[0].Stderr = streams[1]
	}
	return streams[0], nil
}

// read fills in the last n lines, what is missing, and where all of it is.
func (l *LogLines) read(log *seglog.Reader, n int, starts []view.RunStart) (err error) {
	if l.Lines, l.CutBytes, err = lastLines(log, n); err != nil {
		return err
	}
	for _, s := range starts {
		lines, err := log.LinesBefore(s.Offset)
		if err != nil {
			return err
		}
		l.Runs = append(l.Runs, LogRun{s.Run, s.Offset, lines})
	}
	total, losses, err := log.Survey()
	if err != nil {
		return err
	}
	for _, g := range losses {
		l.DroppedBytes += g.End - g.Start
		l.Gaps = append(l.Gaps, LogGap{g.Start, g.End, g.Why, g.AfterLine})
	}
	l.ShownLines = len(l.Lines)
	l.TotalLines = max(total, int64(l.ShownLines))
	l.HasMore = l.TotalLines > int64(l.ShownLines)
	l.Parts, err = log.Parts()
	return err
}

func lastLines(log *seglog.Reader, n int) (lines []string, cut int64, err error) {
	off, err := log.TailOffset(n)
	if err != nil {
		return nil, 0, err
	}
	end, err := log.End()
	if err != nil {
		return nil, 0, err
	}
	tail := &lineTail{most: n}
	chunk := make([]byte, 64<<10)
	for off < end {
		if log.IsCut(off) {
			tail.end()
		}
		k, err := log.ReadAt(chunk[:min(int64(len(chunk)), end-off)], off)
		tail.add(chunk[:k])
		off += int64(k)
		var gap *seglog.GapError
		switch {
		case errors.As(err, &gap):
			tail.end()
			off = gap.Gap.End
		case errors.Is(err, io.EOF):
			end = off
		case err != nil:
			return nil, 0, err
		}
	}
	tail.end()
	for _, line := range tail.lines {
		lines = append(lines, line.text)
		cut += line.cut
	}
	return append([]string{}, lines...), cut, nil
}

// The most that an answer holds, in bytes: of a line its beginning, and of the lines
// the last ones.
const (
	maxAnswerLine = 1 << 20
	maxAnswer     = 16 << 20
)

// lineTail keeps the last lines of what it is given, in bounded memory.
type lineTail struct {
	most  int
	lines []cutLine
	size  int    // of all lines
	text  []byte // the unfinished line
	cut   int64  // bytes of it that are not kept
}

type cutLine struct {
	text string
	cut  int64
}

func (t *lineTail) add(p []byte) {
	for len(p) > 0 {
		line, rest, ended := bytes.Cut(p, []byte("\n"))
		room := min(len(line), maxAnswerLine-len(t.text))
		t.text = append(t.text, line[:room]...)
		t.cut += int64(len(line) - room)
		if p = rest; ended {
			t.endLine()
		}
	}
}

// endLine ends a line at its newline, of which a carriage return before it is a part.
func (t *lineTail) endLine() {
	if t.cut == 0 {
		t.text = bytes.TrimSuffix(t.text, []byte("\r"))
	}
	t.push()
}

// end ends an unfinished line. All of it was written to be seen: a progress bar ends in
// a carriage return.
func (t *lineTail) end() {
	if len(t.text) > 0 {
		t.push()
	}
}

func (t *lineTail) push() {
	t.lines = append(t.lines, cutLine{string(t.text), t.cut})
	t.size += len(t.text)
	t.text, t.cut = t.text[:0], 0
	for len(t.lines) > t.most || t.size > maxAnswer && len(t.lines) > 1 {
		t.size -= len(t.lines[0].text)
		t.lines = t.lines[1:]
	}
}

// Frame is one piece of a stream about a task.
type Frame struct {
	Type      string `json:"type"`
	TaskID    string `json:"task_id"`
	Sequence  int    `json:"sequence"`
	Timestamp string `json:"timestamp"`
	Data      any    `json:"data"`
}

// Frames numbers the frames about one task.
type Frames struct {
	id   string
	list []Frame
}

// NewFrames begins at sequence 0.
func NewFrames(id string) *Frames { return &Frames{id: id, list: []Frame{}} }

// Add appends a frame.
func (f *Frames) Add(kind string, data any) {
	f.list = append(f.list, Frame{kind, f.id, len(f.list), Now(), data})
}

// AddLines appends a task.log.line frame for each line.
func (f *Frames) AddLines(lines *LogLines) {
	type lineData struct {
		Line   string `json:"line"`
		Stream string `json:"stream,omitempty"` // stderr, of a task with separate streams
	}
	for _, line := range lines.Lines {
		f.Add("task.log.line", lineData{Line: line})
	}
	if lines.Stderr == nil {
		return
	}
	for _, line := range lines.Stderr.Lines {
		f.Add("task.log.line", lineData{line, "stderr"})
	}
}

// List gives the frames.
func (f *Frames) List() []Frame { return f.list }

// Stream prints the frames, one a line.
func (f *Frames) Stream(c *cli.Call) error {
	for _, frame := range f.list {
		if err := c.Line(frame); err != nil {
			return err
		}
	}
	return nil
}

// Now is the present time as envelopes write it.
func Now() string { return string(record.AppendTime(nil, time.Now())) }

// Streamed makes the JSON command line of a verb that prints frames, one a
// line, instead of an envelope.
func Streamed[P any](work cli.Work[P, *Frames]) func(*cli.Call, []string) error {
	return func(c *cli.Call, words []string) error {
		p, err := cli.Decode[P](c, words)
		if err != nil {
			return err
		}
		frames, err := work(c, p)
		if err != nil {
			return err
		}
		return frames.Stream(c)
	}
}
