package faults

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"bgtasks/test/suite"
)

// failpoint is a named point of the sources (package lib/fail).
type failpoint struct {
	name string
	file string
	pass bool // its step has no error to give
}

var (
	pointCall = regexp.MustCompile(`\bfail\.(Point|Pass)\(([^)]*)\)`)
	pointName = regexp.MustCompile(`^"([a-z]+(?:-[a-z]+)+)"$`)
)

// failpoints lists the points in the sources, in the order of the files.
func failpoints(t *testing.T) (points []failpoint) {
	t.Helper()
	err := filepath.WalkDir("lib", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || filepath.Dir(path) == "lib/fail" {
			return err
		}
		source, err := os.ReadFile(path)
		for _, call := range pointCall.FindAllStringSubmatch(string(source), -1) {
			name := pointName.FindStringSubmatch(call[2])
			if name == nil {
				t.Errorf("%s: %s: the name of a point is a literal of words like shim-start-spawn", path, call[0])
				continue
			}
			points = append(points, failpoint{name[1], path, call[1] == "Pass"})
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return points
}

// TestFailpointNames holds that a name stands for one place, or a test would not know
// where it strikes.
func TestFailpointNames(t *testing.T) {
	where := map[string]string{}
	for _, p := range failpoints(t) {
		if other, twice := where[p.name]; twice {
			t.Errorf("point %q is in %s and in %s", p.name, other, p.file)
		}
		where[p.name] = p.file
	}
	if len(where) == 0 {
		t.Error("no failpoint found in lib")
	}
}

// TestReleaseHasNoFailpoints holds that a program as it is released has neither the
// names of points, nor anything of the package that knows them.
func TestReleaseHasNoFailpoints(t *testing.T) {
	words := []string{"bgtasks/lib/fail.", "BG_FAIL"}
	for _, p := range failpoints(t) {
		if p.name != "keep-env" { // a flag is called so, too
			words = append(words, p.name)
		}
	}
	files, err := filepath.Glob(filepath.Join(suite.Build(t).Bin, "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("programs: %v, %v", files, err)
	}
	for _, file := range files {
		program, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range words {
			if bytes.Contains(program, []byte(word)) {
				t.Errorf("%s has %q in it", filepath.Base(file), word)
			}
		}
	}
}
