// Package source holds the rules of the sources: which room may import what, and how
// large the programs may be.
package source

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"bgtasks/test/suite"
)

func TestMain(m *testing.M) { suite.Main(m) }

// rooms is the import table: which rooms each may know. Arrows
// point down, from the verbs to the records.
var rooms = map[string]struct {
	may []string
	why string
}{
	"lib/record":  {nil, "the words of the suite stand on nothing"},
	"lib/fsys":    {nil, "file operations know nothing of the suite"},
	"lib/pool":    {nil, "a pool knows numbers only"},
	"lib/fail":    {nil, "points of failure know only their names"},
	"lib/proc":    {[]string{"lib/fsys"}, "processes know nothing of tasks"},
	"lib/seglog":  {[]string{"lib/fail", "lib/fsys"}, "the log knows bytes, not tasks"},
	"lib/store":   {[]string{"lib/config", "lib/fail", "lib/fsys", "lib/record", "lib/seglog"}, "the layout knows no processes"},
	"lib/codec":   {[]string{"lib/record"}, "a decoder knows bytes, and no place where they are kept"},
	"lib/shim":    {[]string{"lib/fail", "lib/fsys", "lib/record", "lib/seglog", "lib/proc", "lib/store"}, "the supervisor reads no JSON and asks no view"},
	"lib/view":    {[]string{"lib/codec", "lib/pool", "lib/fsys", "lib/record", "lib/seglog", "lib/proc", "lib/store"}, "reading changes nothing and starts nothing"},
	"lib/heal":    {[]string{"lib/codec", "lib/fail", "lib/fsys", "lib/record", "lib/seglog", "lib/proc", "lib/store", "lib/launch", "lib/view"}, "healing starts nothing but a supervisor in a dead one's place"},
	"lib/find":    {[]string{"lib/codec", "lib/fsys", "lib/heal", "lib/record", "lib/store", "lib/view"}, "who looks for tasks leaves to others what is done about each"},
	"lib/events":  {[]string{"lib/codec", "lib/find", "lib/fsys", "lib/heal", "lib/record", "lib/seglog", "lib/store", "lib/view"}, "the journal is read without knowing for whom"},
	"lib/config":  {[]string{"lib/fsys"}, "settings know nothing of tasks"},
	"lib/retain":  {[]string{"lib/config", "lib/fail", "lib/record", "lib/report", "lib/sched", "lib/store", "lib/view", "lib/find", "lib/heal"}, "what removes tasks signals nothing, and starts what no longer waits for them"},
	"lib/doctor":  {[]string{"lib/codec", "lib/config", "lib/events", "lib/fsys", "lib/heal", "lib/proc", "lib/record", "lib/seglog", "lib/store", "lib/view"}, "what is wrong is no matter of flags, and only strays get signals"},
	"lib/watch":   {[]string{"lib/fsys", "lib/record", "lib/proc", "lib/store", "lib/view", "lib/launch", "lib/heal"}, "waiting changes nothing, and sends for who does"},
	"lib/report":  {[]string{"lib/codec", "lib/fail", "lib/fsys", "lib/record", "lib/store", "lib/view", "lib/watch", "lib/heal"}, "who reports looks at records, and signals nothing"},
	"lib/launch":  {[]string{"lib/fail", "lib/fsys", "lib/record", "lib/proc", "lib/store"}, "a start looks at no other task"},
	"lib/sched":   {[]string{"lib/codec", "lib/pool", "lib/fail", "lib/fsys", "lib/record", "lib/proc", "lib/store", "lib/view", "lib/launch", "lib/heal"}, "who is next is no matter of flags, nor of how a task is ended"},
	"lib/control": {[]string{"lib/pool", "lib/record", "lib/sched", "lib/proc", "lib/store", "lib/view", "lib/watch", "lib/launch", "lib/find", "lib/heal"}, "what is asked of tasks is no matter of flags"},
	"lib/fault":   {nil, "what is wrong is said without knowing of what"},
	"lib/payload": {[]string{"lib/config", "lib/fault", "lib/proc", "lib/record", "lib/report", "lib/find"}, "payloads know what may be asked, not how it is done"},
	"lib/show":    {[]string{"lib/fault", "lib/payload", "lib/record", "lib/view"}, "who prints tasks does not look for them"},
	"lib/cli":     {[]string{"lib/config", "lib/control", "lib/fault", "lib/launch", "lib/payload", "lib/pool", "lib/proc", "lib/record", "lib/report", "lib/sched", "lib/seglog", "lib/show", "lib/store", "lib/view", "lib/watch", "lib/events", "lib/find", "lib/heal"}, "the command lines stand on all rooms but the supervisor's"},
	"lib/stream":  {[]string{"lib/cli", "lib/fault", "lib/payload", "lib/record", "lib/seglog", "lib/show", "lib/store", "lib/view", "lib/codec", "lib/watch", "lib/events", "lib/find", "lib/heal"}, "what goes on is put out by what a call has"},
	"cmd/bg-shim": {[]string{"lib/shim"}, "the supervisor's program is its room's main"},
	"cmd/*":       {[]string{"lib/*"}, "verbs share what is in lib, never each other"},
}

// fences says which rooms may import a library from outside.
var fences = map[string][]string{
	"github.com/alecthomas/kong":      {"lib/cli", "lib/payload"},
	"github.com/google/jsonschema-go": {"lib/payload"},
	"github.com/tidwall/gjson":        {"lib/codec"},
	"golang.org/x/sys":                {"lib/fsys", "lib/store", "lib/proc", "lib/seglog", "lib/shim", "lib/launch", "lib/watch", "lib/view", "lib/heal", "lib/find", "lib/sched", "lib/show"},
	"github.com/rogpeppe/go-internal": nil,
}

// shimBans keep the supervisor small: each costs it memory or pages.
var shimBans = []string{
	"fmt", "log", "regexp", "net", "os/exec", "encoding/json", "text/template",
	"github.com/alecthomas/kong", "github.com/tidwall/gjson",
}

// module is this module's path.
const module = "bgtasks"

type pkg struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

func (p *pkg) room() string { return strings.TrimPrefix(p.ImportPath, module+"/") }

// listPackages asks the go command, so that build tags count.
func listPackages(t *testing.T, patterns ...string) (list []*pkg) {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,Imports,Deps"}, patterns...)...)
	cmd.Env, cmd.Stderr = append(os.Environ(), "CGO_ENABLED=0"), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	for d := json.NewDecoder(bufio.NewReader(bytes.NewReader(out))); ; {
		p := &pkg{}
		if err := d.Decode(p); errors.Is(err, io.EOF) {
			return list
		} else if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
}

// TestRoomsImportOnlyWhatTheyMay holds the table of rooms.
func TestRoomsImportOnlyWhatTheyMay(t *testing.T) {
	for _, p := range listPackages(t, "./lib/...", "./cmd/...") {
		entry := p.room()
		if _, known := rooms[entry]; !known {
			entry = kindOf(entry) + "/*"
		}
		rule, known := rooms[entry]
		if !known {
			t.Errorf("%s is in no row of the import table: give it one with its reason", p.room())
			continue
		}
		for _, imported := range p.Imports {
			below, ours := strings.CutPrefix(imported, module+"/")
			if ours && !allowed(rule.may, below) {
				t.Errorf("%s imports %s, but %s", p.room(), below, rule.why)
			}
		}
	}
}

func kindOf(room string) string {
	kind, _, _ := strings.Cut(room, "/")
	return kind
}

// allowed tells whether a rule admits an import. The supervisor's room is
// never meant by a wildcard.
func allowed(may []string, room string) bool {
	if slices.Contains(may, room) {
		return true
	}
	return room != "lib/shim" && slices.Contains(may, kindOf(room)+"/*")
}

// TestLibrariesStayInTheirRooms holds that a library from outside is imported only by
// the rooms that it is fenced in.
func TestLibrariesStayInTheirRooms(t *testing.T) {
	for _, p := range listPackages(t, "./lib/...", "./cmd/...") {
		for _, imported := range p.Imports {
			if library, outside := fenceOf(t, imported); outside && !slices.Contains(fences[library], p.room()) {
				t.Errorf("%s imports %s, which lives in %v alone", p.room(), imported, fences[library])
			}
		}
	}
}

// fenceOf names the library that an import path belongs to.
func fenceOf(t *testing.T, path string) (library string, outside bool) {
	if first, _, _ := strings.Cut(path, "/"); !strings.Contains(first, ".") {
		return "", false
	}
	for library := range fences {
		if strings.HasPrefix(path, library) {
			return library, true
		}
	}
	t.Errorf("%s is a library without a fence: say which room it lives in", path)
	return "", false
}

// TestShimStaysSmall holds that the supervisor depends on nothing that is too large for
// a process that every running task has.
func TestShimStaysSmall(t *testing.T) {
	shim := listPackages(t, "./cmd/bg-shim")[0]
	for _, banned := range shimBans {
		if slices.Contains(shim.Deps, banned) {
			t.Errorf("bg-shim depends on %s, through %s: every task would pay for it",
				banned, strings.Join(importersOf(t, banned, shim.Deps), ", "))
		}
	}
}

// importersOf names our own packages among deps that import a path directly.
func importersOf(t *testing.T, path string, deps []string) (names []string) {
	for _, p := range listPackages(t, "./lib/...") {
		if slices.Contains(deps, p.ImportPath) && slices.Contains(p.Imports, path) {
			names = append(names, p.room())
		}
	}
	if names == nil {
		names = []string{"a library"}
	}
	return names
}
