package pages

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"bgtasks/lib/codec"
	"bgtasks/lib/record"
	"bgtasks/lib/seglog"
	"bgtasks/test/suite"
)

// recode decodes an example of docs/bg-state.5 as a reader does, and encodes it
// as its writer does.
var recode = map[string]func(t *testing.T, example []byte) ([]byte, error){
	"spec.json": func(_ *testing.T, b []byte) ([]byte, error) {
		s, err := codec.ParseSpec(b)
		if err != nil {
			return nil, err
		}
		return s.AppendJSON(nil), nil
	},
	"state.json": func(_ *testing.T, b []byte) ([]byte, error) {
		s, err := codec.ParseState(b)
		if err != nil {
			return nil, err
		}
		return s.AppendJSON(nil), nil
	},
	"attempts.ndjson": func(_ *testing.T, b []byte) ([]byte, error) {
		s, err := codec.ParseAttempt(b)
		if err != nil {
			return nil, err
		}
		return bytes.TrimSuffix(s.AppendAttempt(nil), []byte("\n")), nil
	},
	"stop.json": func(_ *testing.T, b []byte) ([]byte, error) {
		s, err := codec.ParseStop(b)
		if err != nil {
			return nil, err
		}
		return s.AppendJSON(nil), nil
	},
	"progress.json": func(_ *testing.T, b []byte) ([]byte, error) {
		p, err := codec.ParseProgress(b)
		if err != nil {
			return nil, err
		}
		return p.AppendJSON(nil), nil
	},
	"steps.ndjson": func(_ *testing.T, b []byte) ([]byte, error) {
		s, err := codec.ParseStep(b)
		if err != nil {
			return nil, err
		}
		return bytes.TrimSuffix(s.AppendJSON(nil), []byte("\n")), nil
	},
	"cursor.json": func(_ *testing.T, b []byte) ([]byte, error) {
		c, err := codec.ParseConsumer(b)
		if err != nil {
			return nil, err
		}
		return c.AppendJSON(nil), nil
	},
	"event":       func(_ *testing.T, b []byte) ([]byte, error) { return recodeEvent(b) },
	"output.json": recodeGaps,
}

func recodeEvent(b []byte) ([]byte, error) {
	e, err := codec.ParseEvent(b)
	if err != nil {
		return nil, err
	}
	labels := record.Spec{
		Tags: e.Tags, Kind: e.Kind, SessionID: e.SessionID, Notify: e.Notify, Channels: e.Channels,
		DedupeKey: e.DedupeKey, ConcurrencyKey: e.ConcurrencyKey, SupersedeKey: e.SupersedeKey, CreatedAt: e.CreatedAt,
	}
	if e.Queue != "" {
		labels.Schedule = &record.Schedule{Queue: e.Queue}
	}
	state := e.State
	if e.PID != 0 {
		state.Leader = &record.Process{PID: e.PID}
	}
	line := record.Event{Name: e.Name, Time: e.Time, TaskID: e.TaskID, Labels: labels.EventLabels(), State: &state}
	if e.Step != nil {
		line.Extra = e.Step.AppendMember(nil)
	}
	if e.Progress != nil {
		if e.Step != nil {
			line.Extra = append(line.Extra, ',')
		}
		line.Extra = e.Progress.AppendMember(line.Extra)
	}
	return bytes.TrimSuffix(line.AppendJSON(nil), []byte("\n")), nil
}

// recodeGaps lets the log's own reader read the example, and its writer write
// output.json anew for a log with such gaps, which the names of its parts tell.
func recodeGaps(t *testing.T, b []byte) ([]byte, error) {
	dir := t.TempDir()
	meta := filepath.Join(dir, "output.json")
	base, _ := strconv.ParseInt(string(regexp.MustCompile(`"base":(\d+)`).FindSubmatch(b)[1]), 10, 64)
	if err := os.WriteFile(meta, append(b, '\n'), 0o600); err != nil {
		return nil, err
	}
	log, err := seglog.OpenReader(dir, "output")
	if err != nil {
		return nil, err
	}
	defer log.Close()
	if err := makeParts(dir, base, gapsIn(b)); err != nil {
		return nil, err
	}
	if gaps, err := log.Gaps(); err != nil || !slices.Equal(gaps, gapsIn(b)) {
		return nil, errors.Join(err, errors.New("the reader finds other gaps"))
	}
	if err := os.Remove(meta); err != nil {
		return nil, err
	}
	var written []byte
	w, err := seglog.Open(seglog.Options{Dir: dir, Stem: "output", Replace: func(_ string, data []byte) error {
		written = bytes.Clone(data)
		return nil
	}})
	if err != nil {
		return nil, err
	}
	err = w.Close()
	return bytes.TrimSuffix(written, []byte("\n")), err
}

func gapsIn(b []byte) (gaps []seglog.Gap) {
	for _, m := range regexp.MustCompile(`"start":(\d+),"end":(\d+),"why":"(\w+)"`).FindAllSubmatch(b, -1) {
		start, _ := strconv.ParseInt(string(m[1]), 10, 64)
		end, _ := strconv.ParseInt(string(m[2]), 10, 64)
		gaps = append(gaps, seglog.Gap{Start: start, End: end, Why: string(m[3])})
	}
	return gaps
}

// makeParts makes the closed parts between gaps, as sparse files.
func makeParts(dir string, base int64, gaps []seglog.Gap) error {
	at := int64(0)
	for _, g := range append(gaps, seglog.Gap{Start: base, End: base}) {
		if at < g.Start {
			name := filepath.Join(dir, "output.log."+strconv.FormatInt(at, 10)+"-"+strconv.FormatInt(g.Start, 10))
			if err := os.WriteFile(name, nil, 0o600); err != nil {
				return err
			}
			if err := os.Truncate(name, g.Start-at); err != nil {
				return err
			}
		}
		at = g.End
	}
	return nil
}

// example is a record shown in a page.
type example struct {
	kind string
	line int
	text []byte
}

// examples finds what follows a comment `.\" example KIND` in a page. Folded
// lines are joined without the space that indents them, and \e is a backslash.
func examples(t *testing.T, page string) (list []example) {
	t.Helper()
	const mark = `.\" example `
	inside := false
	for i, line := range strings.Split(suite.Read(t, page), "\n") {
		switch {
		case strings.HasPrefix(line, mark):
			list = append(list, example{kind: strings.TrimPrefix(line, mark), line: i + 2})
			inside = true
		case strings.HasPrefix(line, ".Ed"):
			inside = false
		case inside && !strings.HasPrefix(line, "."):
			last := &list[len(list)-1]
			last.text = append(last.text, strings.ReplaceAll(strings.TrimPrefix(line, " "), `\e`, `\`)...)
		}
	}
	return list
}

// TestStatePageExamples holds docs/bg-state.5 to the code: every example is read
// without complaint, and is what the code writes, byte for byte.
func TestStatePageExamples(t *testing.T) {
	shown := map[string]bool{}
	for _, ex := range examples(t, "docs/bg-state.5") {
		shown[ex.kind] = true
		code := recode[ex.kind]
		if code == nil {
			t.Errorf("line %d: no record is called %q", ex.line, ex.kind)
			continue
		}
		got, err := code(t, ex.text)
		if err != nil {
			t.Errorf("line %d: decode %s: %v", ex.line, ex.kind, err)
		} else if !bytes.Equal(got, ex.text) {
			t.Errorf("line %d: encode(decode(%s)) =\n%s\nwant\n%s", ex.line, ex.kind, got, ex.text)
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(recode)) {
		if !shown[kind] {
			t.Errorf("docs/bg-state.5 shows no example of %s", kind)
		}
	}
}

// TestStatePageFields holds that the page names every member that a full
// record has.
func TestStatePageFields(t *testing.T) {
	page := suite.Read(t, "docs/bg-state.5")
	code, signal := 7, "TERM"
	process, now := record.Process{BootID: "b", PID: 2, StartTicks: 3, PIDNS: 4, TimeNS: 5}, time.Unix(1, 0)
	stop := record.Stop{RequestedAt: now, By: "b", Signal: signal, Reason: "r", Cause: record.Stopped}
	state := record.State{Run: 1, Attempt: 1, State: record.Cancelled, Reason: record.Stopped, ExitCode: &code, Signal: &signal,
		Leader: &process, Shim: &process, Containment: "session", Cgroup: "c", Leftovers: 1, TeeMissed: 1, EventsMissing: 1, OOM: true,
		StartedAt: now, ExitedAt: now, UpdatedAt: now, Usage: &record.Usage{}, Stop: &stop}
	spec := record.Spec{ID: "i", RunToken: "t", EnvNames: []string{"E"}, SessionID: "s", Notify: true, Metadata: []byte("0"), Stdin: "f", Split: true,
		Tees: []string{"t"}, TimeLimitMs: 1, SuccessExitCodes: []int{1}, CreatedAt: now, StartedBy: process}
	event := record.Event{Name: record.EventStarted, TaskID: "i", Labels: spec.EventLabels(), State: &state}
	progress := record.Progress{Run: 1, Attempt: 1, UpdatedAt: now, HeartbeatAt: now, Result: []byte("1")}
	step := record.Step{Sequence: 1}
	event.Extra = progress.AppendMember(append(step.AppendMember(nil), ','))
	text := slices.Concat(spec.AppendJSON(nil), state.AppendJSON(nil), stop.AppendJSON(nil), event.AppendJSON(nil), progress.AppendJSON(nil))
	for _, m := range regexp.MustCompile(`"(\w+)":`).FindAllSubmatch(text, -1) {
		name := regexp.MustCompile(`(?m)^\.(It )?Cm (.* )?` + string(m[1]) + `\b`)
		if !name.MatchString(page) {
			t.Errorf("docs/bg-state.5 does not name the member %q", m[1])
		}
	}
}
