package storm

import (
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
)

// A known limit of the checks: the kernel keeps what is in a pipe only as long
// as somebody has it open (pipe(7)). If the last process of a task ends while
// its supervisor is dead, what nobody had read is lost, and nobody can count
// it. So exact tellers end only after the test has seen their last line in the
// log. Of the others the last bytes may be missing, but only the last, and only
// if a supervisor of theirs was killed; else all that they noted must be there.

// piece is a part of a log that is stored, or a gap.
type piece struct {
	start, end int64
	data       []byte
	gap        bool
}

// pieces reads a log by the rules of bg-state(5): the names of the parts say
// where they belong, and what none covers is a gap that output.json records.
func (s *storm) pieces(dir string) (all []piece) {
	var base int64
	paths, _ := filepath.Glob(filepath.Join(dir, "output.log.*-*"))
	for _, path := range paths {
		var p piece
		if _, err := fmt.Sscanf(filepath.Base(path), "output.log.%d-%d", &p.start, &p.end); err != nil {
			s.T.Errorf("%s is no name of a part", path)
			continue
		}
		if p.data = s.read(path); int64(len(p.data)) != p.end-p.start {
			s.T.Errorf("%s has %d bytes", path, len(p.data))
		}
		base = max(base, p.end)
		all = append(all, p)
	}
	data := s.read(filepath.Join(dir, "output.log"))
	all = append(all, piece{start: base, end: base + int64(len(data)), data: data})
	for _, g := range gjson.GetBytes(s.read(filepath.Join(dir, "output.json")), "gaps").Array() {
		all = append(all, piece{start: g.Get("start").Int(), end: g.Get("end").Int(), gap: true})
	}
	slices.SortStableFunc(all, func(a, b piece) int { return int(a.start - b.start) })
	return all
}

func (s *storm) read(path string) []byte {
	data, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		s.T.Errorf("read log: %v", err)
	}
	return data
}

// told is what a log says of the lines of one writer in one run.
type told struct {
	run    int
	writer string
	last   int64
	jumped bool // part of its lines is in a gap
}

// transcript is what a reader makes of a log.
type transcript struct {
	fail    func(format string, args ...any)
	writers map[string]*told
	torn    int  // lines that are not whole
	gap     bool // there is one
	within  bool // a line, as far as is known
}

// checkLog compares a task's log with the accounts of its tellers.
func (s *storm) checkLog(task *stormTask, dir string, accounts []account) {
	fail := func(format string, args ...any) {
		s.T.Errorf("log of %s (%s, %d supervisors killed): "+format+"\n%s",
			append(append([]any{task.id, task.mode, task.kills.Load()}, args...), s.describe([]string{task.id}))...)
	}
	tr := &transcript{fail: fail, writers: map[string]*told{}}
	var end int64
	var carry []byte
	for _, p := range s.pieces(dir) {
		if p.start != end {
			fail("the next part or gap after %d begins at %d", end, p.start)
			return
		}
		end = p.end
		carry = tr.piece(carry, p)
	}
	tr.text(carry, true)
	s.stats.bytes.Add(end)
	s.checkAmount(task, tr, end, accounts)
}

// piece reads the whole lines of a piece, and gives the beginning of one that
// is not whole yet. The first piece after a gap may begin within a line.
func (tr *transcript) piece(carry []byte, p piece) []byte {
	if p.gap {
		tr.gap, tr.within = true, true
		for _, w := range tr.writers {
			w.jumped = true
		}
		return nil
	}
	data := append(carry, p.data...)
	if tr.within {
		cut := slices.Index(data, '\n') + 1
		tr.within = cut == 0
		if tr.within {
			return nil
		}
		data = data[cut:]
	}
	whole := strings.LastIndexByte(string(data), '\n') + 1
	tr.text(data[:whole], false)
	return slices.Clone(data[whole:])
}

func (tr *transcript) text(text []byte, last bool) {
	for line := range strings.SplitSeq(string(text), "\n") {
		if line == "" {
			continue
		}
		l, ok := parseLine(line)
		if !ok || last {
			tr.torn++
			continue
		}
		tr.line(l)
	}
}

// line wants each writer's numbers one by one, except over a gap.
func (tr *transcript) line(l line) {
	key := fmt.Sprint(l.run, " ", l.writer)
	w := tr.writers[key]
	if w == nil {
		w = &told{run: l.run, writer: l.writer, jumped: tr.gap}
		tr.writers[key] = w
	}
	if l.number != w.last+1 && !(w.jumped && l.number > w.last) {
		tr.fail("run %d, writer %s: line %d comes after line %d", l.run, l.writer, l.number, w.last)
	}
	w.last, w.jumped = l.number, false
}

// checkAmount wants all that the tellers noted, and no more.
func (s *storm) checkAmount(task *stormTask, tr *transcript, end int64, accounts []account) {
	mayMiss := task.inexact() && !task.kept && task.kills.Load() > 0
	var noted, slack int64
	for _, a := range accounts {
		noted += a.size
		extra := int64(0)
		if a.end == 0 && task.inexact() { // killed, maybe between a write and its note
			extra = 1
			slack += 4096
		}
		w := tr.writers[fmt.Sprint(a.run, " ", a.writer)]
		last := int64(0)
		if w != nil {
			last = w.last
		}
		unseen := tr.gap && (w == nil || w.jumped)
		if last > a.lines+extra || last < a.lines && !mayMiss && !unseen {
			tr.fail("run %d, writer %s: the last line is %d, want %d", a.run, a.writer, last, a.lines)
		}
	}
	if end > noted+slack || end < noted && !mayMiss {
		tr.fail("it has %d bytes, want %d", end, noted)
	}
	if tr.torn > 0 && !mayMiss {
		tr.fail("%d lines are not whole", tr.torn)
	}
}

// line is one line of a teller.
type line struct {
	run    int
	writer string
	number int64
}

func parseLine(text string) (l line, ok bool) {
	f := strings.Split(text, " ")
	if len(f) != 6 {
		return l, false
	}
	body := strings.TrimSuffix(text, " "+f[5])
	if fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(body))) != f[5] {
		return l, false
	}
	run, err1 := strconv.Atoi(f[1])
	number, err2 := strconv.ParseInt(f[3], 10, 64)
	return line{run, f[2], number}, err1 == nil && err2 == nil
}
