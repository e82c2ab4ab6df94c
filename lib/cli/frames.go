package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

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

	// Parts are the files of the log, oldest first.
	Parts []seglog.Part `json:"-"`
}

// LogGap is a place where bytes [Start, End) of the output are missing.
type LogGap struct {
	Start     int64 `json:"start"`
	End       int64 `json:"end"`
	AfterLine int64 `json:"after_line"` // of the total lines, how many precede it
}

// LastLines reads the last n lines of a task's log as it is now. Lines end at
// "\n" or "\r\n", an unfinished one counts. What is no UTF-8 is replaced by
// U+FFFD, as JSON demands; bg-logs prints the bytes. n is DefaultLines when 0.
// Of the options only those count that choose the log and the part of it.
func LastLines(h *store.Home, t *view.Task, o LogOptions, n int) (*LogLines, error) {
	id := t.ID
	log, err := o.open(h, t)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	if n == 0 {
		n = DefaultLines
	}
	l := &LogLines{TaskID: id, OutputEnd: t.OutputEnd}
	if err := l.read(log, n); err != nil {
		return nil, fmt.Errorf("read the log of %q: %w", id, err)
	}
	return l, nil
}

// read fills in the last n lines, what is missing, and where all of it is.
func (l *LogLines) read(log *seglog.Reader, n int) (err error) {
	if l.Lines, err = lastLines(log, n); err != nil {
		return err
	}
	total, losses, err := log.Survey()
	if err != nil {
		return err
	}
	for _, g := range losses {
		l.DroppedBytes += g.End - g.Start
		l.Gaps = append(l.Gaps, LogGap{g.Start, g.End, g.AfterLine})
	}
	l.ShownLines = len(l.Lines)
	l.TotalLines = max(total, int64(l.ShownLines))
	l.HasMore = l.TotalLines > int64(l.ShownLines)
	l.Parts, err = log.Parts()
	return err
}

func lastLines(log *seglog.Reader, n int) ([]string, error) {
	off, err := log.TailOffset(n)
	if err != nil {
		return nil, err
	}
	end, err := log.End()
	if err != nil {
		return nil, err
	}
	lines := []string{}
	var text []byte
	chunk := make([]byte, 64<<10)
	for off < end {
		k, err := log.ReadAt(chunk[:min(int64(len(chunk)), end-off)], off)
		text, off = append(text, chunk[:k]...), off+int64(k)
		var gap *seglog.GapError
		switch {
		case errors.As(err, &gap):
			lines, text, off = append(lines, splitLines(text)...), nil, gap.Gap.End
		case errors.Is(err, io.EOF):
			end = off
		case err != nil:
			return nil, err
		}
	}
	lines = append(lines, splitLines(text)...)
	return lines[max(len(lines)-n, 0):], nil
}

func splitLines(text []byte) (lines []string) {
	for line := range bytes.Lines(text) {
		line = bytes.TrimSuffix(line, []byte("\n"))
		lines = append(lines, string(bytes.TrimSuffix(line, []byte("\r"))))
	}
	return lines
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
func (f *Frames) AddLines(lines []string) {
	type lineData struct {
		Line string `json:"line"`
	}
	for _, line := range lines {
		f.Add("task.log.line", lineData{line})
	}
}

// List gives the frames.
func (f *Frames) List() []Frame { return f.list }

// Stream prints the frames, one a line.
func (f *Frames) Stream(c *Call) error {
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
func Streamed[P any](work Work[P, *Frames]) func(*Call, []string) error {
	return func(c *Call, words []string) error {
		p, err := decode[P](c, words)
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
