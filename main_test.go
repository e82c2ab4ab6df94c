package bgtasks_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// helperPrograms are small programs that scripts run as tasks or around them.
var helperPrograms = []string{"./testdata/prog/brood", "./testdata/prog/escape", "./testdata/prog/noreap"}

// suite is where the built programs are: Bin has the commands of the suite,
// Helpers those of testdata/prog.
type suite struct{ Bin, Helpers string }

var buildRoot string

func TestMain(m *testing.M) {
	adoptOrphans()
	code := m.Run()
	if buildRoot != "" {
		os.RemoveAll(buildRoot)
	}
	os.Exit(code)
}

// built builds the commands as a release does, once for all tests.
var built = sync.OnceValues(func() (*suite, error) {
	root, err := os.MkdirTemp("", "bgtasks-test-")
	if err != nil {
		return nil, err
	}
	buildRoot = root
	s := &suite{Bin: filepath.Join(root, "bin"), Helpers: filepath.Join(root, "helpers")}
	if err := build(s.Bin, "./cmd/..."); err != nil {
		return nil, err
	}
	return s, build(s.Helpers, helperPrograms...)
})

func build(dir string, packages ...string) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	args := append([]string{"build", "-trimpath", "-ldflags=-s -w", "-o", dir + string(filepath.Separator)}, packages...)
	cmd := exec.Command("go", args...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build %v: %w\n%s", packages, err, out)
	}
	return nil
}

func programs(t *testing.T) *suite {
	t.Helper()
	s, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return s
}
