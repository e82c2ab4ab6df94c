package bgtasks_test

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"bgtasks/lib/record"
	"bgtasks/lib/seglog"
	"bgtasks/lib/view"
)

// recode decodes an example of docs/bg-state.5 as a reader does, and encodes it
// as its writer does.
var recode = map[string]func(t *testing.T, example []byte) ([]byte, error){
	"spec.json": func(_ *testing.T, b []byte) ([]byte, error) {
		s, err := view.ParseSpec(b)
		if err != nil {
			return nil, err
		}
		return s.AppendJSON(nil), nil
	},
	"state.json": func(_ *testing.T, b []byte) ([]byte, error) {
		s, err := view.ParseState(b)
		if err != nil {
			return nil, err
		}
		return s.AppendJSON(nil), nil
	},
	"stop.json": func(_ *testing.T, b []byte) ([]byte, error) {
		s, err := view.ParseStop(b)
		if err != nil {
			return nil, err
		}
		return s.AppendJSON(nil), nil
	},
	"event":       func(_ *testing.T, b []byte) ([]byte, error) { return recodeEvent(b) },
	"output.json": recodeGaps,
}

func recodeEvent(b []byte) ([]byte, error) {
	e, err := view.ParseEvent(b)
	if err != nil {
		return nil, err
	}
	labels := record.Spec{Tags: e.Tags, Kind: e.Kind, SessionID: e.SessionID, Notify: e.Notify}
	state := e.State
	if e.PID != 0 {
		state.Leader = &record.Process{PID: e.PID}
	}
	line := record.Event{Name: e.Name, Time: e.Time, TaskID: e.TaskID, Labels: labels.EventLabels(), State: &state}
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
// lines are joined without the space that indents them.
func examples(t *testing.T, page string) (list []example) {
	t.Helper()
	const mark = `.\" example `
	inside := false
	for i, line := range strings.Split(readPage(t, page), "\n") {
		switch {
		case strings.HasPrefix(line, mark):
			list = append(list, example{kind: strings.TrimPrefix(line, mark), line: i + 2})
			inside = true
		case strings.HasPrefix(line, ".Ed"):
			inside = false
		case inside && !strings.HasPrefix(line, "."):
			last := &list[len(list)-1]
			last.text = append(last.text, strings.TrimPrefix(line, " ")...)
		}
	}
	return list
}

func readPage(t *testing.T, page string) string {
	t.Helper()
	b, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
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
	page := readPage(t, "docs/bg-state.5")
	code, signal := 7, "TERM"
	process, now := record.Process{BootID: "b", PID: 2, StartTicks: 3}, time.Unix(1, 0)
	stop := record.Stop{RequestedAt: now, By: "b", Signal: signal, Reason: "r", Cause: record.Stopped}
	state := record.State{Run: 1, Attempt: 1, State: record.Cancelled, Reason: record.Stopped, ExitCode: &code, Signal: &signal,
		Leader: &process, Shim: &process, Containment: "session", Leftovers: 1, TeeMissed: 1,
		StartedAt: now, ExitedAt: now, UpdatedAt: now, Usage: &record.Usage{}, Stop: &stop}
	spec := record.Spec{ID: "i", EnvNames: []string{"E"}, SessionID: "s", Notify: true, Metadata: []byte("0"), Stdin: "f", Split: true,
		Tees: []string{"t"}, TimeLimitMs: 1, SuccessExitCodes: []int{1}, CreatedAt: now, StartedBy: process}
	event := record.Event{Name: record.EventStarted, TaskID: "i", Labels: spec.EventLabels(), State: &state}
	text := slices.Concat(spec.AppendJSON(nil), state.AppendJSON(nil), stop.AppendJSON(nil), event.AppendJSON(nil))
	for _, m := range regexp.MustCompile(`"(\w+)":`).FindAllSubmatch(text, -1) {
		name := regexp.MustCompile(`(?m)^\.(It )?Cm (.* )?` + string(m[1]) + `\b`)
		if !name.MatchString(page) {
			t.Errorf("docs/bg-state.5 does not name the member %q", m[1])
		}
	}
}

// verbs lists the commands of the suite.
func verbs(t *testing.T) (names []string) {
	t.Helper()
	entries, err := os.ReadDir("cmd")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func pageOf(verb string) string {
	if verb == "bg-shim" {
		return "docs/bg-shim.8"
	}
	return "docs/" + verb + ".1"
}

// TestVerbPages holds that every command has a page and every page a command.
func TestVerbPages(t *testing.T) {
	want := map[string]bool{"docs/bgtasks.7": true, "docs/bg-state.5": true}
	for _, verb := range verbs(t) {
		want[pageOf(verb)] = true
	}
	have, err := filepath.Glob("docs/*.[1-8]")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range have {
		if !want[page] {
			t.Errorf("%s is about no command", page)
		}
		delete(want, page)
	}
	for _, page := range slices.Sorted(maps.Keys(want)) {
		t.Errorf("there is no %s", page)
	}
}

var (
	flagInHelp = regexp.MustCompile(`(?m)^ {2,6}(?:(-\w), )?(--[a-z][a-z-]*)`)
	flagInPage = regexp.MustCompile(`\bFl (-?[A-Za-z][A-Za-z-]*)`)
)

// TestVerbPageFlags holds that a page lists exactly the flags that --help
// prints.
func TestVerbPageFlags(t *testing.T) {
	bin := programs(t).Bin
	for _, verb := range verbs(t) {
		if verb == "bg-shim" || verb == "background-tasks" {
			continue // the one has no flags, the other those of its verbs
		}
		help, err := exec.Command(filepath.Join(bin, verb), "--help").CombinedOutput()
		if err != nil {
			t.Errorf("%s --help: %v: %s", verb, err, help)
			continue
		}
		printed, described := map[string]bool{}, flagsOfPage(readPage(t, pageOf(verb)))
		for _, m := range flagInHelp.FindAllStringSubmatch(string(help), -1) {
			for _, flag := range m[1:] {
				if flag != "" {
					printed[flag] = true
				}
			}
		}
		for flag := range printed {
			if !described[flag] {
				t.Errorf("%s does not describe %s", pageOf(verb), flag)
			}
		}
		for flag := range described {
			if !printed[flag] {
				t.Errorf("%s describes %s, which %s --help does not print", pageOf(verb), flag, verb)
			}
		}
	}
}

// flagsOfPage are the flags that begin an item of a list in the section of
// flags.
func flagsOfPage(page string) map[string]bool {
	flags := map[string]bool{}
	for line := range strings.SplitSeq(section(page, "OPTIONS"), "\n") {
		if !strings.HasPrefix(line, ".It Fl ") {
			continue
		}
		for _, m := range flagInPage.FindAllStringSubmatch(line, -1) {
			flags["-"+m[1]] = true
		}
	}
	return flags
}

// section is the text of a page from one heading to the next.
func section(page, name string) string {
	_, text, _ := strings.Cut(page, "\n.Sh "+name+"\n")
	text, _, _ = strings.Cut(text, "\n.Sh ")
	return text
}

// codeNumbers are the exit codes by the names that verbs use for them.
func codeNumbers(t *testing.T) map[string]string {
	t.Helper()
	codes := map[string]string{}
	source := readPage(t, "lib/cli/failure.go")
	for _, m := range regexp.MustCompile(`(?m)^\t(Code\w+)\s*= (\d+)$`).FindAllStringSubmatch(source, -1) {
		codes[m[1]] = m[2]
	}
	if len(codes) == 0 {
		t.Fatal("lib/cli/failure.go defines no exit codes")
	}
	return codes
}

// impliedCodes are the exit codes that follow from what a verb's source uses.
var impliedCodes = map[*regexp.Regexp][]string{
	regexp.MustCompile(`cli\.Words`):                 {"CodeNo", "CodeNoTask", "CodeAmbiguous", "CodeHome", "CodeTool"},
	regexp.MustCompile(`NamedOrGone`):                {"CodeNoTask", "CodeAmbiguous", "CodeHome", "CodeTool"},
	regexp.MustCompile(`control\.(Start|Restart)\(`): {"CodeNo", "CodeHome", "CodeTool", "CodeNotExecutable", "CodeNotFound"},
	regexp.MustCompile(`RelayCode`):                  {"CodeTool"},
	regexp.MustCompile(`Timeout +\*?cli\.Duration`):  {"CodeTimeout"},
	regexp.MustCompile(`cli\.(ListOrShow|Plain)\(`):  {"CodeNo", "CodeTool"},
}

// usedCodes are the exit codes that a verb can give, as its source tells: those
// it names, those of what it embeds, and those of every verb.
func usedCodes(source string) []string {
	codes := []string{"CodeUsage"}
	for sign, implied := range impliedCodes {
		if sign.MatchString(source) {
			codes = append(codes, implied...)
		}
	}
	for _, m := range regexp.MustCompile(`cli\.(Code[A-Z]\w+)`).FindAllStringSubmatch(source, -1) {
		codes = append(codes, m[1])
	}
	return codes
}

// TestVerbPageExitCodes holds that a page tells every exit code of its verb.
func TestVerbPageExitCodes(t *testing.T) {
	codes := codeNumbers(t)
	for _, verb := range verbs(t) {
		text := section(readPage(t, pageOf(verb)), "EXIT STATUS")
		files, err := filepath.Glob(filepath.Join("cmd", verb, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		var source string
		for _, file := range files {
			source += readPage(t, file)
		}
		if !strings.Contains(source, "cli.Verb{") {
			continue // bg-shim is not for people, background-tasks has two codes only
		}
		for _, name := range usedCodes(source) {
			number, known := codes[name]
			if known && !regexp.MustCompile(`(?m)^\.It .*\b`+number+`\b`).MatchString(text) {
				t.Errorf("EXIT STATUS of %s does not tell %s (%s)", pageOf(verb), number, name)
			}
		}
	}
}

// TestPagesLint lets the formatters of the system look at every page.
func TestPagesLint(t *testing.T) {
	lint := linter(t)
	pages, err := filepath.Glob("docs/*.[1-8]")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range pages {
		cmd := exec.Command(lint[0], append(lint[1:], page)...)
		var out, complaints bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &complaints
		err := cmd.Run()
		if lint[0] == "mandoc" {
			complaints.Write(out.Bytes())
		}
		if err != nil || complaints.Len() > 0 {
			t.Errorf("%s %s: %v\n%s", lint[0], page, err, complaints.Bytes())
		}
	}
}

func linter(t *testing.T) []string {
	t.Helper()
	if _, err := exec.LookPath("mandoc"); err == nil {
		return []string{"mandoc", "-Tlint", "-W", "warning"}
	}
	if out, err := exec.Command("man", "--help").CombinedOutput(); err == nil && bytes.Contains(out, []byte("--warnings")) {
		return []string{"man", "--warnings", "-l", "-Tutf8"}
	}
	t.Skip("neither mandoc nor a man with --warnings is installed")
	return nil
}

// TestDocumentLinks holds that the documents point at files that are there.
func TestDocumentLinks(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#:]+)\)`)
	for _, doc := range []string{"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "docs/why.md"} {
		for _, m := range link.FindAllStringSubmatch(readPage(t, doc), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(doc), m[1])); err != nil {
				t.Errorf("%s links to %s: %v", doc, m[1], err)
			}
		}
	}
}
