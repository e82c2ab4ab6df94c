package bgtasks_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
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

// A name stands for one place, or a test would not know where it strikes.
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
