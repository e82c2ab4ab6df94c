package stream

import (
	"bytes"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"bgtasks/lib/cli"
	"bgtasks/lib/seglog"
	"bgtasks/lib/show"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
)

// logged makes a home with a log that holds text.
func logged(t *testing.T, max int64, text string) *store.Home {
	t.Helper()
	h, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(h.TaskDir("x"), 0o700); err != nil {
		t.Fatal(err)
	}
	w, err := seglog.Open(seglog.Options{Dir: h.TaskDir("x"), Stem: store.OutputStem, Max: max, Now: time.Now, Replace: store.Replace})
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(text) {
		if _, err := w.Write([]byte(line)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return h
}

func printed(t *testing.T, h *store.Home, o LogOptions) (string, string) {
	t.Helper()
	out := &bytes.Buffer{}
	c := &cli.Call{Verb: "logs", Printer: show.NewPrinter(show.Unbuffered{Writer: out}, nil), Err: &bytes.Buffer{}}
	s, err := openSource(c, h, &view.Task{ID: "x"}, o, store.OutputStem, c.Out)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.drain(); err != nil {
		t.Fatal(err)
	}
	if err := s.finish(); err != nil {
		t.Fatal(err)
	}
	return out.String(), c.Err.(*bytes.Buffer).String()
}

func TestLogOptions(t *testing.T) {
	h := logged(t, 0, "one\ntwo\nthree\nfour")
	with := func(change func(*LogOptions)) LogOptions {
		o := AllOutput()
		change(&o)
		return o
	}
	for _, tt := range []struct {
		name    string
		options LogOptions
		want    string
	}{
		{"all", AllOutput(), "one\ntwo\nthree\nfour"},
		{"-n 2", with(func(o *LogOptions) { o.Lines = 2 }), "three\nfour"},
		{"-n 0", with(func(o *LogOptions) { o.Lines = 0 }), ""},
		{"--from 4", with(func(o *LogOptions) { o.From = 4 }), "two\nthree\nfour"},
		{"--grep o", with(func(o *LogOptions) { o.Grep = regexp.MustCompile("o") }), "one\ntwo\nfour"},
		{"--grep o -n 1", with(func(o *LogOptions) { o.Grep, o.Lines = regexp.MustCompile("o"), 1 }), "four"},
		{"--grep ^t -n 1", with(func(o *LogOptions) { o.Grep, o.Lines = regexp.MustCompile("^t"), 1 }), "three\n"},
	} {
		if got, _ := printed(t, h, tt.options); got != tt.want {
			t.Errorf("%s prints %q, want %q", tt.name, got, tt.want)
		}
	}
	stamped, _ := printed(t, h, with(func(o *LogOptions) { o.Stamps, o.Lines = true, 1 }))
	if ok, _ := regexp.MatchString(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ four$`, stamped); !ok {
		t.Errorf("-t -n 1 prints %q, want a time before four", stamped)
	}
}

// Case 52: a long line is one line, is matched as a whole, and is not held in memory.
func TestLongLines(t *testing.T) {
	long := strings.Repeat("x", 5<<20/2) + "tailmark"
	h := logged(t, 0, "first\n"+long+"\nlast")
	matching := func(re string, lines int) LogOptions {
		o := AllOutput()
		o.Grep, o.Lines = regexp.MustCompile(re), lines
		return o
	}
	for _, tt := range []struct {
		options LogOptions
		want    string
	}{
		{matching("^tailmark", -1), ""}, {matching("xtailmark", -1), long + "\n"}, {matching("x+tailmark$", -1), long + "\n"},
		{matching("^x", -1), long + "\n"}, {matching("^(x|y)*$", -1), ""}, {matching("mark|first", -1), "first\n" + long + "\n"},
		{matching("t", 2), long + "\nlast"}, {matching("(?i)TAILMARK", -1), long + "\n"}, {matching("tailmark.", -1), ""},
	} {
		if got, _ := printed(t, h, tt.options); got != tt.want {
			t.Errorf("--grep %s -n %d prints %d bytes, want %d", tt.options.Grep, tt.options.Lines, len(got), len(tt.want))
		}
	}
	stamps := AllOutput()
	stamps.Stamps = true
	got, _ := printed(t, h, stamps)
	if n := strings.Count(got, "Z "); n != 3 || len(got) != len(long)+len("first\n\nlast")+3*len("2006-01-02T15:04:05Z ") {
		t.Errorf("-t prints %d times in %d bytes, want one at each beginning of a line", n, len(got))
	}
	sink := newSink(nil, matching("nothing", -1), io.Discard).(*lineSink)
	chunk := []byte(strings.Repeat("x", 128<<10))
	for off := 0; off < 64<<20; off += len(chunk) {
		if err := sink.write(chunk, int64(off)); err != nil {
			t.Fatal(err)
		}
	}
	if cap(sink.line) > 4*maxLine {
		t.Errorf("an endless line takes %d bytes of memory, want at most %d", cap(sink.line), 4*maxLine)
	}
}

// A word and an expression are found across the borders of what is read at a time.
func TestMatchStream(t *testing.T) {
	for at := streamChunk - 8; at < streamChunk+8; at++ {
		text := strings.Repeat("-", at) + "needle" + strings.Repeat("-", 3*streamChunk)
		for _, re := range []string{"needle", "ne+dle", "^-+needle", "needle-+$"} {
			if got, err := matchStream(regexp.MustCompile(re), strings.NewReader(text)); !got || err != nil {
				t.Fatalf("matchStream(%q) with needle at %d = %t, %v, want true", re, at, got, err)
			}
		}
	}
}

// An answer is bounded, whatever the lines are.
func TestLastLinesAreBounded(t *testing.T) {
	h := logged(t, 0, "a\n"+strings.Repeat("x", 3<<20)+"\nb")
	got, err := LastLines(h, &view.Task{ID: "x"}, AllOutput(), 2)
	if err != nil || len(got.Lines) != 2 || len(got.Lines[0]) != maxAnswerLine || got.CutBytes != 3<<20-maxAnswerLine || !got.HasMore {
		t.Errorf("LastLines of a long line = %d lines, cut %d, %v, want 2, %d", len(got.Lines), got.CutBytes, err, 3<<20-maxAnswerLine)
	}
}

// What is missing is told about on stderr, never in the output.
func TestGapsAreNotes(t *testing.T) {
	line := strings.Repeat("z", 99) + "\n"
	h := logged(t, 64<<10, "first\n"+strings.Repeat(line, 2000)+"last\n")
	out, notes := printed(t, h, AllOutput())
	if !strings.HasPrefix(out, "first\n") || !strings.HasSuffix(out, "last\n") || strings.Contains(out, "dropped") {
		t.Errorf("the log prints %d bytes, want the first and the last line and no note among them", len(out))
	}
	if ok, _ := regexp.MatchString(`^bg-logs: note: \d+ bytes were dropped here \(offset \d+ to \d+\)\n$`, notes); !ok {
		t.Errorf("stderr is %q, want one note", notes)
	}
}

// A line that a gap cuts off is ended there, so that its rest and what follows
// the gap make no line that nobody wrote.
func TestGapsEndLines(t *testing.T) {
	line := strings.Repeat("z", 98) + "\n"
	h := logged(t, 64<<10, strings.Repeat(line, 3000))
	lines := AllOutput()
	lines.Grep = regexp.MustCompile("z")
	for _, o := range []LogOptions{AllOutput(), lines} {
		out, _ := printed(t, h, o)
		for got := range strings.Lines(out) {
			if len(got) > len(line) {
				t.Errorf("a line of %d bytes is printed, want none above %d", len(got), len(line))
			}
		}
	}
}

func TestLastLines(t *testing.T) {
	h := logged(t, 0, "a\r\n\nb\x1b[0m\nc")
	for n, want := range map[int][]string{1: {"c"}, 3: {"", "b\x1b[0m", "c"}, 0: {"a", "", "b\x1b[0m", "c"}} {
		got, err := LastLines(h, &view.Task{ID: "x"}, AllOutput(), n)
		if err != nil || !slices.Equal(got.Lines, want) || got.TotalLines != 4 || got.ShownLines != len(want) || got.HasMore != (len(want) < 4) {
			t.Errorf("LastLines(%d) = %+v, %v, want %q of 4", n, got, err, want)
		}
	}
	got, err := LastLines(h, &view.Task{ID: "x"}, LogOptions{Stderr: true}, 5)
	if err != nil || got.TotalLines != 0 || got.Lines == nil {
		t.Errorf("LastLines of no log = %+v, %v, want no lines, not nil", got, err)
	}
}

// Of a line only what ends it is left out.
func TestCarriageReturns(t *testing.T) {
	for text, want := range map[string][]string{
		"100%\r":          {"100%\r"},
		"\r":              {"\r"},
		"a\r\r":           {"a\r\r"},
		"1%\r2%\r3%":      {"1%\r2%\r3%"},
		"a\r\nb\r\r\nc\r": {"a", "b\r", "c\r"},
		"\r\n\rx\n":       {"", "\rx"},
		strings.Repeat("x", maxAnswerLine-1) + "\ry\r\n": {strings.Repeat("x", maxAnswerLine-1) + "\r"},
	} {
		got, err := LastLines(logged(t, 0, text), &view.Task{ID: "x"}, AllOutput(), 0)
		if err != nil || !slices.Equal(got.Lines, want) {
			t.Errorf("LastLines of %.20q = %.60q, %v, want %.60q", text, got.Lines, err, want)
		}
	}
}

func TestHeadings(t *testing.T) {
	var b bytes.Buffer
	heads := &headings{out: &b, several: true}
	x, y := heads.of("x"), heads.of("y")
	for _, w := range []struct {
		to   string
		text string
	}{{"x", "1\n"}, {"x", "2\n"}, {"y", "3\n"}, {"x", "4\n"}} {
		to := x
		if w.to == "y" {
			to = y
		}
		if _, err := to.Write([]byte(w.text)); err != nil {
			t.Fatal(err)
		}
	}
	if want := "==> x <==\n1\n2\n\n==> y <==\n3\n\n==> x <==\n4\n"; b.String() != want {
		t.Errorf("output is %q, want %q", b.String(), want)
	}
}
