// Package pages holds the documents to the programs and the sources.
package pages

import (
	"bytes"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"bgtasks/test/suite"
)

func TestMain(m *testing.M) { suite.Main(m) }

// helper tells whether a program is not for people.
func helper(name string) bool { return name == "bg-shim" || name == "bg-dispatch" }

// pageOf is the page of a verb.
func pageOf(verb string) string {
	if helper(verb) {
		return "docs/" + verb + ".8"
	}
	return "docs/" + verb + ".1"
}

// TestVerbPages holds that every command has a page and every page a command.
func TestVerbPages(t *testing.T) {
	want := map[string]bool{"docs/bgtasks.7": true, "docs/bg-state.5": true}
	for _, verb := range suite.Verbs(t) {
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
	bin := suite.Build(t).Bin
	for _, verb := range suite.Verbs(t) {
		if helper(verb) || verb == "background-tasks" {
			continue // the first have no flags, the other those of its verbs
		}
		help, err := exec.Command(filepath.Join(bin, verb), "--help").CombinedOutput()
		if err != nil {
			t.Errorf("%s --help: %v: %s", verb, err, help)
			continue
		}
		printed, described := map[string]bool{}, flagsOfPage(suite.Read(t, pageOf(verb)))
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
	source := suite.Read(t, "lib/fault/fault.go")
	for _, m := range regexp.MustCompile(`(?m)^\t(Code\w+)\s*= (\d+)$`).FindAllStringSubmatch(source, -1) {
		codes[m[1]] = m[2]
	}
	if len(codes) == 0 {
		t.Fatal("lib/fault/fault.go defines no exit codes")
	}
	return codes
}

// impliedCodes are the exit codes that follow from what a verb's source uses.
var impliedCodes = map[*regexp.Regexp][]string{
	regexp.MustCompile(`cli\.Words`):                    {"CodeNo", "CodeNoTask", "CodeAmbiguous", "CodeHome", "CodeTool"},
	regexp.MustCompile(`NamedOrGone`):                   {"CodeNoTask", "CodeAmbiguous", "CodeHome", "CodeTool"},
	regexp.MustCompile(`control\.(Start|Restart)\(`):    {"CodeNo", "CodeHome", "CodeTool", "CodeNotExecutable", "CodeNotFound"},
	regexp.MustCompile(`cli\.RelayFlags`):               {"CodeTimeout", "CodeTool", "CodeNotExecutable", "CodeNotFound"},
	regexp.MustCompile(`Timeout +\*?payload\.Duration`): {"CodeTimeout"},
	regexp.MustCompile(`cli\.(ListOrShow|Plain)\(`):     {"CodeNo", "CodeTool"},
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
	for _, m := range regexp.MustCompile(`fault\.(Code[A-Z]\w+)`).FindAllStringSubmatch(source, -1) {
		codes = append(codes, m[1])
	}
	return codes
}

// TestVerbPageExitCodes holds that a page tells every exit code of its verb.
func TestVerbPageExitCodes(t *testing.T) {
	codes := codeNumbers(t)
	for _, verb := range suite.Verbs(t) {
		text := section(suite.Read(t, pageOf(verb)), "EXIT STATUS")
		files, err := filepath.Glob(filepath.Join("cmd", verb, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		var source string
		for _, file := range files {
			source += suite.Read(t, file)
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
	for _, doc := range []string{"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "docs/why.md", "docs/recipes.md"} {
		for _, m := range link.FindAllStringSubmatch(suite.Read(t, doc), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(doc), m[1])); err != nil {
				t.Errorf("%s links to %s: %v", doc, m[1], err)
			}
		}
	}
}
