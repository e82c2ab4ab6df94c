//go:build linux

package script

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/tidwall/gjson"
)

var factCommands = map[string]scriptCommand{
	"json":     cmdJSON,
	"capture":  cmdCapture,
	"size":     cmdSize,
	"modes":    cmdModes,
	"untidy":   cmdUntidy,
	"nowhere":  cmdNowhere,
	"linesare": cmdLinesAre,
}

// json FILE PATH OP [VALUE] asserts something about a JSON document: stdout,
// stderr or a file. PATH is in gjson's syntax, "." is the whole. OP is ==, !=,
// <, <=, >, >=, =~ (a regular expression), exists, absent, null, or type.
func cmdJSON(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 || len(args) > 4 {
		ts.Fatalf("usage: json FILE PATH OP [VALUE]")
	}
	text := ts.ReadFile(args[0])
	if !gjson.Valid(text) {
		ts.Fatalf("%s is not JSON: %q", args[0], text)
	}
	got, value := query(text, args[1]), ""
	if len(args) == 4 {
		value = args[3]
	}
	if !holds(ts, got, args[2], value) {
		ts.Fatalf("%s of %s = %s, want %s %s", args[1], args[0], shown(got), args[2], value)
	}
}

func query(text, path string) gjson.Result {
	if path == "." {
		return gjson.Parse(text)
	}
	return gjson.Get(text, path)
}

func shown(r gjson.Result) string {
	if !r.Exists() {
		return "(absent)"
	}
	return r.Raw
}

func holds(ts *testscript.TestScript, got gjson.Result, op, want string) bool {
	switch op {
	case "exists":
		return got.Exists()
	case "absent":
		return !got.Exists()
	case "null":
		return got.Exists() && got.Type == gjson.Null
	case "type":
		return typeName(got) == want
	case "==":
		return got.Exists() && plain(got) == want
	case "!=":
		return got.Exists() && plain(got) != want
	case "=~":
		pattern, err := regexp.Compile(want)
		ts.Check(err)
		return got.Exists() && pattern.MatchString(plain(got))
	}
	limit, err := strconv.ParseFloat(want, 64)
	ts.Check(err)
	return got.Type == gjson.Number && compare(ts, got.Num, op, limit)
}

// plain is a string's own characters, and anything else without white space.
func plain(r gjson.Result) string {
	if r.Type == gjson.String {
		return r.Str
	}
	return r.Get("@ugly").Raw
}

func typeName(r gjson.Result) string {
	switch {
	case !r.Exists():
		return "absent"
	case r.IsObject():
		return "object"
	case r.IsArray():
		return "array"
	case r.IsBool():
		return "boolean"
	}
	return strings.ToLower(r.Type.String())
}

func compare(ts *testscript.TestScript, got float64, op string, want float64) bool {
	switch op {
	case "<":
		return got < want
	case "<=":
		return got <= want
	case ">":
		return got > want
	case ">=":
		return got >= want
	}
	ts.Fatalf("json has no operator %q", op)
	return false
}

// capture VAR FILE [PATH] puts a file's text, or a member of its JSON, into a
// variable, without white space around it.
func cmdCapture(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: capture VAR FILE [PATH]")
	}
	text := ts.ReadFile(args[1])
	if len(args) == 3 {
		got := query(text, args[2])
		if !got.Exists() {
			ts.Fatalf("%s of %s is absent", args[2], args[1])
		}
		text = plain(got)
	}
	ts.Setenv(args[0], strings.TrimSpace(text))
}

// size OP BYTES GLOB... compares what the files hold together.
func cmdSize(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: size OP BYTES GLOB...")
	}
	want, err := strconv.ParseFloat(args[1], 64)
	ts.Check(err)
	var sum int64
	for _, glob := range args[2:] {
		paths, err := filepath.Glob(ts.MkAbs(glob))
		ts.Check(err)
		for _, path := range paths {
			info, err := os.Stat(path)
			ts.Check(err)
			sum += info.Size()
		}
	}
	if !compareSize(ts, float64(sum), args[0], want) {
		ts.Fatalf("size of %v = %d, want %s %s", args[2:], sum, args[0], args[1])
	}
}

func compareSize(ts *testscript.TestScript, got float64, op string, want float64) bool {
	if op == "==" {
		return got == want
	}
	return compare(ts, got, op, want)
}

// modes ROOT DIRMODE FILEMODE asserts the permissions of all that is below
// ROOT, sockets and FIFOs as files.
func cmdModes(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: modes ROOT DIRMODE FILEMODE")
	}
	root := ts.MkAbs(args[0])
	ts.Check(filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		want := args[2]
		if d.IsDir() {
			want = args[1]
		}
		if got := strconv.FormatInt(int64(info.Mode().Perm()), 8); got != want {
			ts.Fatalf("mode of %s = %s, want %s", path, got, want)
		}
		return nil
	}))
}

// ! untidy HOME asserts that nothing is being built, marked live or visible as
// a task.
func cmdUntidy(ts *testscript.TestScript, neg bool, args []string) {
	if !neg || len(args) != 1 {
		ts.Fatalf("usage: ! untidy HOME")
	}
	for _, dir := range []string{"tasks", "live", "tmp"} {
		entries, err := os.ReadDir(filepath.Join(ts.MkAbs(args[0]), dir))
		if err != nil && !os.IsNotExist(err) {
			ts.Fatalf("%v", err)
		}
		for _, e := range entries {
			ts.Fatalf("%s/%s was left behind", dir, e.Name())
		}
	}
}

// nowhere TEXT ROOT asserts that no file below ROOT contains TEXT. FIFOs are
// not read.
func cmdNowhere(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: nowhere TEXT ROOT")
	}
	ts.Check(filepath.WalkDir(ts.MkAbs(args[1]), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if err == nil && strings.Contains(string(data), args[0]) {
			ts.Fatalf("%s contains %q", path, args[0])
		}
		return err
	}))
}

// linesare N FILE asserts the number of lines.
func cmdLinesAre(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: linesare N FILE")
	}
	if got := strconv.Itoa(strings.Count(ts.ReadFile(args[1]), "\n")); got != args[0] {
		ts.Fatalf("lines of %s = %s, want %s", args[1], got, args[0])
	}
}
