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
var helperPrograms = []string{"./testdata/prog/become", "./testdata/prog/brood", "./testdata/prog/escape", "./testdata/prog/hoard", "./testdata/prog/holder", "./testdata/prog/noreap", "./testdata/prog/slot", "./testdata/prog/teller", "./testdata/zoo"}

// suite is where the built programs are: Bin has the commands of the suite,
// Helpers those of testdata/prog.
type suite struct{ Bin, Helpers string }

var buildRoot string

func TestMain(m *testing.M) {
	isolateMounts()
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
	if err := build("make", "-s", "build", "OUT="+s.Bin); err != nil {
		return nil, err
	}
	if err := os.Mkdir(s.Helpers, 0o700); err != nil {
		return nil, err
	}
	return s, build("go", append([]string{"build", "-o", s.Helpers + string(filepath.Separator)}, helperPrograms...)...)
})

// build runs one command that builds something.
func build(name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %v: %w\n%s", name, args, err, out)
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
