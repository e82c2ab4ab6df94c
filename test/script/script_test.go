//go:build linux

// Package script runs the scripts of testdata/scripts: the behaviour of the programs,
// one file each.
package script

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"bgtasks/test/suite"
)

func TestMain(m *testing.M) { suite.Main(m) }

// TestScripts runs the behavioural tests: one file, one behaviour, over the
// real programs in a home of its own. Beside testscript's commands they have
// those in the other files of this package. None of them waits for time to pass:
// each waits for an event, and a deadline only ends a test that has failed.
func TestScripts(t *testing.T) {
	p := suite.Build(t)
	// testscript leaves its own directory behind when -run chooses some scripts.
	t.Setenv("GOTMPDIR", t.TempDir())
	testscript.Run(t, testscript.Params{
		Dir:                "testdata/scripts",
		Setup:              func(env *testscript.Env) error { return setUp(p, env) },
		Cmds:               scriptCommands(),
		Condition:          scriptCondition,
		RequireUniqueNames: true,
	})
}

type scriptCommand = func(ts *testscript.TestScript, neg bool, args []string)

func scriptCommands() map[string]scriptCommand {
	all := map[string]scriptCommand{}
	for _, some := range []map[string]scriptCommand{runCommands, factCommands, processCommands, eventCommands} {
		maps.Copy(all, some)
	}
	return all
}

// setUp gives a script its home. Nothing of the caller's environment comes
// through but PATH: testscript sees to that.
func setUp(p *suite.Programs, env *testscript.Env) error {
	env.Setenv("PATH", p.Path())
	env.Setenv("BINDIR", p.Bin)
	env.Setenv("HOME", filepath.Join(env.WorkDir, "user"))
	env.Setenv("BACKGROUND_TASKS_HOME", filepath.Join(env.WorkDir, "home"))
	sc := &script{work: env.WorkDir, t: env.T(), fifos: map[string]*fifo{}, jobs: map[string]*job{}}
	env.Values[scriptKey{}] = sc
	env.Defer(sc.tearDown)
	for _, dir := range []string{env.WorkDir, p.Bin, p.Helpers} {
		if err := letThrough(dir); err != nil {
			return err
		}
	}
	return os.Mkdir(filepath.Join(env.WorkDir, "user"), 0o700)
}

// letThrough lets other users reach what is below dir, for scripts that become
// one. They still can't list it.
func letThrough(dir string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	for top := filepath.Clean(os.TempDir()); strings.HasPrefix(dir, top+"/"); dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o711); err != nil {
			return err
		}
	}
	return nil
}

// script is what the custom commands know about the script that they serve.
type script struct {
	work  string
	t     testscript.T
	fifos map[string]*fifo
	jobs  map[string]*job
}

type scriptKey struct{}

func scriptOf(ts *testscript.TestScript) *script { return ts.Value(scriptKey{}).(*script) }

// tearDown ends what the script has not ended, and fails it if there was any.
func (s *script) tearDown() {
	for _, f := range s.fifos {
		f.close()
	}
	left := append(s.endJobs(), suite.EndProcesses(s.work)...)
	if err := suite.UnmountBelow(s.work); err != nil {
		s.t.Fatal("unmount what the script has mounted: " + err.Error())
	}
	if len(left) > 0 {
		s.t.Fatal("processes left behind: " + strings.Join(left, "; "))
	}
}

// scriptCondition knows [namespaces]: whether this user may make namespaces;
// [mounts]: whether it may mount file systems; [users]: whether it may become
// another user; [cgroups]: whether a script may mount cgroup v2 and make cgroups.
func scriptCondition(cond string) (bool, error) {
	switch cond {
	case "namespaces":
		return mayUnshare(), nil
	case "mounts":
		return suite.MayMount(), nil
	case "cgroups":
		return suite.MayGroup(), nil
	case "users":
		return os.Geteuid() == 0, nil
	}
	return false, os.ErrInvalid
}
