package seglog

import (
	"slices"
	"testing"
)

// FuzzSegments runs a sequence of operations, two bytes each, on a log and on a
// model of it: the length of the stream and the number of bytes lost.
func FuzzSegments(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0, 255, 1, 255, 1, 255, 1, 255, 1, 255, 1, 255, 1, 255, 1, 255, 1, 255, 1, 255, 1, 255, 1, 255, 3, 0})
	f.Add([]byte{1, 40, 4, 3, 1, 90, 0, 9, 1, 200, 3, 0, 0, 7, 5, 0, 1, 77, 4, 1, 0, 50, 3, 0})
	f.Add([]byte{4, 0, 0, 10, 1, 10, 6, 0, 1, 255, 3, 0, 5, 0, 1, 255, 1, 255, 7, 0, 1, 255})
	f.Add([]byte{8, 0, 1, 255, 1, 255, 4, 1, 1, 255, 5, 0, 0, 1, 4, 0, 0, 1, 3, 0, 5, 0, 0, 1})
	f.Fuzz(func(t *testing.T, ops []byte) {
		m := &machine{t: t, disk: &fullDisk{budget: 1 << 30}, max: 8 * minPart}
		dir := t.TempDir()
		m.reopen(dir)
		m.r = reader(t, dir)
		for ; len(ops) >= 2 && m.steps < 200; ops = ops[2:] {
			m.step(ops[0]%9, int(ops[1]))
		}
		m.check()
	})
}

type machine struct {
	t     *testing.T
	w     *Writer
	r     *Reader // lives through everything
	disk  *fullDisk
	max   int64
	steps int
	at    int64 // where r reads on
}

func (m *machine) reopen(dir string) {
	m.w = openWith(m.t, Options{Dir: dir, Stem: "output", Max: m.max, Replace: replaceFile})
	m.w.fault = m.disk.fault
}

func (m *machine) step(op byte, arg int) {
	m.steps++
	switch op {
	case 0:
		feed(m.t, m.w, arg)
	case 1:
		feed(m.t, m.w, 64*arg)
	case 2:
		m.at = readAll(m.t, m.r, m.at).end
	case 3: // end, and begin the next run
		recorded := m.w.Close() == nil
		was := m.w
		m.reopen(was.o.Dir)
		if recorded && (m.w.Offset() != was.Offset() || !slices.Equal(m.w.gaps, was.gaps)) {
			m.t.Fatalf("reopened at %d with %v, want %d, %v", m.w.Offset(), m.w.gaps, was.Offset(), was.gaps)
		}
	case 4:
		m.disk.budget = 16 * arg
	case 5:
		m.disk.budget = 1 << 30
	case 6:
		m.disk.noEntry = !m.disk.noEntry
	case 7: // a crash: the writer is left where it is
		m.reopen(m.w.o.Dir)
	case 8:
		m.max = int64(arg) * minPart
	}
}

// check lets everything be stored again, and compares.
func (m *machine) check() {
	m.disk.budget = 1 << 30
	feed(m.t, m.w, 1)
	c := verify(m.t, m.w)
	if got := readAll(m.t, m.r, m.at).end; got != c.end {
		m.t.Fatalf("the old reader ends at %d, want %d", got, c.end)
	}
	if got := usage(m.t, m.w.o.Dir); got != m.w.Offset()-m.w.Dropped() {
		m.t.Fatalf("stored %d bytes, want %d", got, m.w.Offset()-m.w.Dropped())
	}
}

// FuzzMeta reads any text as output.json: what is accepted is what is written.
func FuzzMeta(f *testing.F) {
	f.Add(meta{}.encode())
	f.Add(meta{base: 10, gaps: []Gap{{1, 2, Full}, {2, 9, Rotated}}}.encode())
	f.Add([]byte(`{"v":1,"base":-1,"gaps":[],"droppedBytes":0}` + "\n"))
	f.Add([]byte(`{"v":1,"base":5,"gaps":[{"start":3,"end":9,"why":"full"}],"droppedBytes":6}` + "\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := decodeMeta(b)
		if err != nil {
			return
		}
		if got := m.encode(); !slices.Equal(got, b) {
			t.Fatalf("encode(decode(%q)) = %q", b, got)
		}
		var end int64
		for _, g := range m.gaps {
			if g.Start < end || g.End <= g.Start || g.End > m.base {
				t.Fatalf("decodeMeta(%q) = %v", b, m)
			}
			end = g.End
		}
	})
}
