package seglog

import (
	"errors"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func TestAbsentLogIsEmpty(t *testing.T) {
	dir := t.TempDir()
	r := reader(t, dir+"/no")
	if c := readAll(t, r, 0); c.end != 0 || c.gaps != nil {
		t.Errorf("absent log = %v, want empty", c)
	}
	if err := os.Mkdir(dir+"/no", 0o700); err != nil {
		t.Fatal(err)
	}
	w := open(t, dir+"/no", 0)
	feed(t, w, 10)
	if c := readAll(t, r, 0); c.end != 10 {
		t.Errorf("end = %d, want 10", c.end)
	}
}

// follow reads from 0 until done is closed and nothing is left.
func follow(t *testing.T, r *Reader, done <-chan struct{}) (gaps []Gap, end int64) {
	buf := make([]byte, 3000)
	for {
		var last bool
		select {
		case <-done:
			last = true
		default:
		}
		n, err := r.ReadAt(buf, end)
		var gap *GapError
		switch {
		case errors.As(err, &gap):
			gaps = addGap(gaps, Gap{end, gap.Gap.End, gap.Gap.Why})
			end = gap.Gap.End
		case err == io.EOF && last:
			return gaps, end
		case err == io.EOF:
			runtime.Gosched()
		case err != nil:
			t.Error(err)
			return gaps, end
		}
		for i, got := range buf[:n] {
			if want := pattern(end + int64(i)); got != want {
				t.Errorf("byte %d = %#x, want %#x", end+int64(i), got, want)
				return gaps, end
			}
		}
		end += int64(n)
	}
}

// Readers across a rotation miss nothing and get nothing twice.
func TestFollowAcrossRotation(t *testing.T) {
	const steps, step = 2000, 89
	dir := t.TempDir()
	w := open(t, dir, 1<<40)
	w.part = minPart // 43 parts, all of them kept
	done := make(chan struct{})
	r := reader(t, dir)
	go func() {
		defer close(done)
		for range steps {
			w.Write(chunk(w.Offset(), step))
		}
	}()
	gaps, end := follow(t, r, done)
	if gaps != nil || end != steps*step {
		t.Errorf("followed to %d with gaps %v, want %d and none", end, gaps, steps*step)
	}
}

// The same with a cap that makes parts vanish under the reader and a disk that
// is full at times: each byte is read right, or is in a gap.
func TestFollowAcrossRemovalAndLoss(t *testing.T) {
	dir := t.TempDir()
	w := open(t, dir, 4*minPart)
	disk := &fullDisk{}
	w.fault = disk.fault
	done := make(chan struct{})
	r := reader(t, dir)
	go func() {
		defer close(done)
		for i := range 20000 {
			if i%100 == 0 {
				disk.budget = 500 * 95
			}
			w.Write(chunk(w.Offset(), 500))
		}
	}()
	gaps, end := follow(t, r, done)
	if end != w.Offset() {
		t.Errorf("followed to %d, want %d", end, w.Offset())
	}
	if len(gaps) == 0 {
		t.Error("no gaps met, want some")
	}
}

func TestHoles(t *testing.T) {
	l := listing{parts: []part{{0, 10}, {20, 30}, {60, 70}}, marks: []int64{50, 90}}
	known := []Gap{{12, 14, Full}, {40, 45, Rotated}, {62, 64, Full}}
	want := []Gap{
		{10, 12, Rotated}, {12, 14, Full}, {14, 20, Rotated},
		{30, 45, Rotated}, {45, 50, Full}, {50, 60, Rotated},
		{70, 90, Full}, {90, 95, Rotated},
	}
	// What comes before a known gap and is not known itself is rotated.
	if got := l.holes(95, meta{gaps: known}); !slices.Equal(got, want) {
		t.Errorf("holes() = %v, want %v", got, want)
	}
	// Where output.json is not behind, the writer made no other gap.
	for i, g := range want {
		if !slices.Contains(known, g) && g != (Gap{30, 45, Rotated}) {
			want[i].Why = Gone
		}
	}
	want = slices.Replace(want, 3, 4, Gap{30, 40, Gone}, Gap{40, 45, Rotated})
	got := l.holes(95, meta{base: 95, gaps: known})
	if total(got, "") != total(want, "") || total(got, Rotated) != 5 || total(got, Full) != 2 {
		t.Errorf("holes() = %v, want %v", got, want)
	}
}

func TestParsePart(t *testing.T) {
	for s, want := range map[string]bool{
		"0-10": true, "5-5": true, "9-8": false, "-1-2": false, "+1-2": false, "01-2": false,
		"1-2-3": false, "1": false, "": false, "1-": false, "0-9223372036854775808": false, "a-b": false,
	} {
		if _, got := parsePart(s); got != want {
			t.Errorf("parsePart(%q) = %v, want %v", s, got, want)
		}
	}
}

func TestOverlappingPartsAreNotReadTwice(t *testing.T) {
	dir := t.TempDir()
	for _, p := range []part{{0, 10}, {0, 5}, {5, 15}, {15, 20}} {
		path := logPath(dir, "output") + "." + p.name()
		if err := os.WriteFile(path, chunk(p.start, int(p.end-p.start)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := readAll(t, reader(t, dir), 0)
	if want := (Gap{10, 15, Rotated}); c.end != 20 || len(c.gaps) != 1 || c.gaps[0] != want {
		t.Errorf("read %v, want the end 20 and the gap %v", c, want)
	}
}

func TestDecodeMeta(t *testing.T) {
	good := meta{base: 20, gaps: []Gap{{1, 4, Full}, {4, 9, Rotated}}}
	text := string(good.encode())
	const want = `{"v":1,"base":20,"gaps":[{"start":1,"end":4,"why":"full"},{"start":4,"end":9,"why":"rotated"}],"droppedBytes":8}` + "\n"
	if text != want {
		t.Errorf("encode() = %q, want %q", text, want)
	}
	if got, err := decodeMeta([]byte(text)); err != nil || got.base != 20 || !slices.Equal(got.gaps, good.gaps) {
		t.Errorf("decodeMeta() = %v, %v, want %v", got, err, good)
	}
	for _, bad := range []string{
		"", "{}", text + " ", " " + text, strings.Replace(text, "full", "lost", 1),
		strings.Replace(text, ":8", ":9", 1), strings.Replace(text, "4,", "0,", 1),
		strings.Replace(text, `"end":9`, `"end":21`, 1), strings.Replace(text, "20", "020", 1),
		strings.Replace(text, "20", "99999999999999999999", 1), text[:len(text)/2],
	} {
		if got, err := decodeMeta([]byte(bad)); !errors.Is(err, ErrUnreadable) {
			t.Errorf("decodeMeta(%q) = %v, %v, want %v", bad, got, err, ErrUnreadable)
		}
	}
}

func TestErrorTexts(t *testing.T) {
	for want, err := range map[string]error{
		"bytes 1 to 9 are not stored: full":                     &GapError{Gap{1, 9, Full}},
		"cursor 3 is older than the journal, which begins at 8": &TooOldError{3, 8},
		"cursor 3 is not a position of this journal":            &BadCursorError{3},
		"open log: EOF": wrap("open log", io.EOF),
	} {
		if got := err.Error(); got != want {
			t.Errorf("Error() = %q, want %q", got, want)
		}
	}
}
