// Package suite is what the tests of the programs share: it builds the programs
// once, gives a test a home of its own, and sees processes with eyes of its own,
// never with those of lib/proc, which the tests judge. Only tests import it.
package suite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// Programs are where the built programs are: Bin has the commands, Helpers those of
// testdata/prog and testdata/zoo, which tests run as tasks or around them.
type Programs struct{ Bin, Helpers string }

// Path is a search path that finds them, and what this process finds.
func (p *Programs) Path() string {
	return strings.Join([]string{p.Bin, p.Helpers, os.Getenv("PATH")}, string(filepath.ListSeparator))
}

// Build gives the commands as a release has them, and the helpers.
func Build(t testing.TB) *Programs {
	t.Helper()
	return build(t, "release", func(p *Programs) error {
		helpers, err := filepath.Glob("testdata/prog/*")
		return errors.Join(err,
			run("make", "-s", "build", "OUT="+p.Bin),
			run("go", append([]string{"build", "-o", p.Helpers + "/", "./testdata/zoo"}, prefixed("./", helpers)...)...))
	})
}

// BuildWithFailpoints gives the commands with the points of lib/fail in them.
func BuildWithFailpoints(t testing.TB) *Programs {
	t.Helper()
	return build(t, "failpoint", func(p *Programs) error {
		return run("make", "-s", "build", "OUT="+p.Bin, "TAGS=failpoint")
	})
}

func prefixed(prefix string, words []string) []string {
	out := make([]string, len(words))
	for i, word := range words {
		out[i] = prefix + word
	}
	return out
}

// build lets the first caller make the programs of that name, and the others wait
// for it and take them: in this process and in those of the other packages.
func build(t testing.TB, name string, make func(*Programs) error) *Programs {
	t.Helper()
	root := filepath.Join(shared(), name)
	p := &Programs{Bin: filepath.Join(root, "bin"), Helpers: filepath.Join(root, "helpers")}
	err := errors.Join(lookAtSources(), os.MkdirAll(p.Helpers, 0o700))
	if err != nil {
		t.Fatal(err)
	}
	lock, err := os.Create(filepath.Join(root, "lock"))
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	done := filepath.Join(root, "done")
	if _, err := os.Stat(done); err == nil {
		return p
	}
	if err := errors.Join(make(p), os.WriteFile(done, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	return p
}

// goWork is what the go command calls the directory that all test programs of one
// `go test` are in. It removes that when the tests are over, however they end.
const goWork = "go-build"

// own is the directory of a test program that the go command did not start.
var own string

// shared is the directory for the programs.
func shared() string {
	self, err := os.Executable()
	if work := filepath.Dir(filepath.Dir(self)); err == nil && strings.HasPrefix(filepath.Base(work), goWork) {
		return filepath.Join(work, "suite")
	}
	if own == "" {
		if own, err = os.MkdirTemp("", "bgtasks-test-"); err != nil {
			panic(err)
		}
	}
	return own
}

// lookAtSources lists the directories that the programs are built from. The go
// command repeats the result of a test as long as nothing that the test has looked
// at has changed.
func lookAtSources() error {
	var all []error
	for _, root := range []string{"Makefile", "go.mod", "cmd", "lib", "testdata"} {
		all = append(all, filepath.WalkDir(root, func(_ string, _ fs.DirEntry, err error) error { return err }))
	}
	return errors.Join(all...)
}

// run runs one command that builds something.
func run(name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %v: %w\n%s", name, args, err, out)
	}
	return nil
}
