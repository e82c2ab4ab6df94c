package bgtasks_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"bgtasks/lib/store"
)

// plantable are the places of a home in which something else may be found, and
// whether a directory belongs there.
var plantable = map[string]bool{
	"LAYOUT": false, "tasks": true, "live": true, "tmp": true, "events": true,
	"clear.stamp": false, "config.json": false, "events/bells": true, "events/lock": false, "events/00000000000000000000.ndjson": false,
	"live/t": false, "tasks/t": true, "tasks/t/bells": true,
	"tasks/t/spec.json": false, "tasks/t/state.json": false, "tasks/t/stop.json": false,
	"tasks/t/run.lock": false, "tasks/t/out.fifo": false, "tasks/t/ctl.fifo": false,
	"tasks/t/output.log": false, "tasks/t/output.json": false, "tasks/t/output.idx": false,
}

// TestP11Planted puts something else in the place of each file and directory of
// a home, under a running task and an ended one: a symbolic link to what lies
// outside, a FIFO, a directory. No verb may change what lies outside, hang, or
// fail without a word, and an ordinary task beside it stays as it was.
func TestP11Planted(t *testing.T) {
	for _, life := range []string{"running", "ended"} {
		inEachPlace(t, plantable, life, func(g *garden) { g.start(life) }, []string{
			"bg-list", "bg-status t", "bg-logs t", "bg-events", "bg-events t", "bg-doctor", "bg-wait --timeout 0 t",
			"bg-start --id n --wait true", "bg-stop --grace 0 t", "bg-restart t", "bg-stop --grace 0 t",
			"bg-start --id t --wait echo two", "background-tasks list", "bg-logs e", "bg-status e",
		})
	}
}

// plantableInQueue are places of the scheduler, and of what tasks report.
var plantableInQueue = map[string]bool{
	"queue": true, "queue/lock": false, "queue/boot": false, "queue/built": false, "queue/waiting": false, "queue/seq": false,
	"queue/next.lock": false, "queue/timer.lock": false, "queue/timer.fifo": false,
	"queue/claims": true, "queue/claims/t": false, "queue/ready": true, "queue/due": true, "queue/new": true,
	"queue/after": true, "queue/dedupe": true, "queue/queues": true, "queue/queues/q": false, "queue/kinds": true,
	"tasks/w/env": false, "tasks/t/attempts.ndjson": false,
	"tasks/t/steps.ndjson": false, "tasks/t/progress.json": false, "tasks/t/report.lock": false,
}

// TestP11PlantedInQueue does the same where a task runs in a queue, one waits for
// its slot and one until it is due.
func TestP11PlantedInQueue(t *testing.T) {
	inEachPlace(t, plantableInQueue, "queued", (*garden).startQueue, []string{
		"bg-list", "bg-status w", "bg-queue", "bg-queue set q --slots 1", "bg-report --id t --percent 50", "bg-report --id t step here",
		"bg-status t", "bg-start --id n --queue q true", "bg-start --dedupe k --id n true", "bg-start --id n --after t true",
		"bg-stop --grace 0 w", "bg-stop --grace 0 t", "bg-queue kick", "bg-clear --dry-run", "bg-doctor", "bg-status e",
	})
}

// inEachPlace plants each thing in each place, and goes on as said.
func inEachPlace(t *testing.T, places map[string]bool, life string, start func(*garden), walk []string) {
	s := programs(t)
	for place, isDir := range places {
		for name, plant := range map[string]func(g *garden, path string) error{
			"link": func(g *garden, path string) error { return os.Symlink(g.target(isDir), path) },
			"fifo": func(_ *garden, path string) error { return unix.Mkfifo(path, 0o600) },
			"dir":  func(_ *garden, path string) error { return os.Mkdir(path, 0o700) },
		} {
			t.Run(strings.ReplaceAll(place, "/", ":")+"/"+name+"/"+life, func(t *testing.T) {
				t.Parallel()
				g := newGarden(t, s)
				start(g)
				g.plant(place, plant)
				g.walk(walk)
				g.unplant(place)
				g.compare()
			})
		}
	}
}

// garden is a home with things planted in it, and what lies outside of it.
type garden struct {
	t                      *testing.T
	bin, work, home, aside string
	outside                string
	before                 map[string]string
}

func newGarden(t *testing.T, s *suite) *garden {
	work := t.TempDir()
	g := &garden{t: t, bin: s.Bin, work: work, home: filepath.Join(work, "home"),
		aside: filepath.Join(work, "aside"), outside: filepath.Join(work, "outside")}
	t.Cleanup(func() { endProcesses(work) })
	for _, dir := range []string{"dir/t/bells", "dir/bells"} {
		g.must(os.MkdirAll(filepath.Join(g.outside, dir), 0o755))
	}
	for _, file := range []string{"file", "dir/keep", "dir/t/keep", "dir/t/output.log"} {
		g.must(os.WriteFile(filepath.Join(g.outside, file), []byte("precious\n"), 0o644))
	}
	g.must(unix.Mkfifo(filepath.Join(g.outside, "dir/bells/change-1-x"), 0o644))
	g.before = g.survey()
	return g
}

func (g *garden) must(err error) {
	g.t.Helper()
	if err != nil {
		g.t.Fatal(err)
	}
}

// target is what a planted link leads to.
func (g *garden) target(isDir bool) string {
	if isDir {
		return filepath.Join(g.outside, "dir")
	}
	return filepath.Join(g.outside, "file")
}

// start makes the task t, which runs or has ended, and e, which has ended.
func (g *garden) start(life string) {
	g.expect(0, "bg-start", "--id", "e", "--wait", "echo", "hello")
	if life == "running" {
		g.expect(0, "bg-start", "--id", "t", "sleep", "600")
	} else {
		g.expect(0, "bg-start", "--id", "t", "--wait", "echo", "one")
		g.expect(0, "bg-stop", "t")
	}
	g.expect(0, "bg-stop", "e") // which returns when its supervisor has gone, too
}

// startQueue makes the task t, which runs, w and d, which wait, and e, which has ended.
func (g *garden) startQueue() {
	g.expect(0, "bg-start", "--id", "e", "--wait", "echo", "hello")
	g.expect(0, "bg-queue", "set", "q", "--slots", "1")
	g.expect(0, "bg-start", "--id", "t", "--queue", "q", "sleep", "600")
	g.expect(0, "bg-start", "--id", "w", "--queue", "q", "-e", "A=b", "true")
	g.expect(0, "bg-start", "--id", "d", "--delay", "1h", "true")
	g.expect(0, "bg-report", "--id", "t", "step", "there")
}

// plant puts something in the place of what is there, while nobody is in the midst
// of work on the queues.
func (g *garden) plant(place string, plant func(*garden, string) error) {
	if lock, err := store.At(g.home).LockQueue(); !errors.Is(err, fs.ErrNotExist) {
		g.must(err)
		defer lock.Unlock()
	}
	path := filepath.Join(g.home, place)
	if err := os.Rename(path, g.aside); err != nil && !errors.Is(err, fs.ErrNotExist) {
		g.t.Fatal(err)
	}
	g.must(plant(g, path))
}

// unplant puts back what was there, so that the task can be ended in order.
func (g *garden) unplant(place string) {
	path := filepath.Join(g.home, place)
	for err := os.RemoveAll(path); err != nil; err = os.RemoveAll(path) {
		if !errors.Is(err, unix.ENOTEMPTY) { // somebody has just made something there
			g.t.Fatal(err)
		}
	}
	if err := os.Rename(g.aside, path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		g.t.Fatal(err)
	}
	for _, id := range []string{"t", "n", "w", "d"} {
		g.run("bg-stop", "--grace", "0", id)
	}
}

// walk tries all that can be done to the tasks. A stop that nobody hears is late
// to fail, by its patience: one such is enough.
func (g *garden) walk(verbs []string) {
	late := false
	for _, words := range verbs {
		if late && (words == "bg-restart t" || strings.HasPrefix(words, "bg-stop ")) {
			continue
		}
		began := time.Now()
		g.try(strings.Fields(words))
		late = late || time.Since(began) > 10*time.Second
	}
}

// try runs a verb that may fail, if it says why.
func (g *garden) try(words []string) {
	g.t.Helper()
	code, stdout, stderr := g.run(words...)
	says := "bg-" + strings.TrimPrefix(words[0], "bg-") + ": error: "
	switch {
	case code == 0:
	case words[0] == "bg-doctor" && code == 1 && strings.Contains(stdout, "WRONG"):
	case words[0] == "background-tasks" && code == 1 && strings.Contains(stderr, `"ok": false`):
	case strings.Contains(stderr, says) && strings.Count(stderr, "\n") <= 2:
	default:
		g.t.Errorf("%v: exit code %d, stdout %q, stderr %q, want success or one error", words, code, stdout, stderr)
	}
}

func (g *garden) expect(want int, words ...string) {
	g.t.Helper()
	if code, _, stderr := g.run(words...); code != want {
		g.t.Fatalf("%v: exit code %d, want %d: %s", words, code, want, stderr)
	}
}

// run runs a verb, which must not hang.
func (g *garden) run(words ...string) (code int, stdout, stderr string) {
	g.t.Helper()
	ctx, cancel := context.WithTimeout(g.t.Context(), patience)
	defer cancel()
	var out, errs strings.Builder
	cmd := exec.CommandContext(ctx, filepath.Join(g.bin, words[0]), words[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = g.work, &out, &errs
	cmd.Env = []string{"WORK=" + g.work, "PATH=" + os.Getenv("PATH"), "BACKGROUND_TASKS_HOME=" + g.home}
	cmd.Run()
	if ctx.Err() != nil {
		g.t.Errorf("%v has not ended in %v", words, patience)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// compare looks whether anything outside has changed.
func (g *garden) compare() {
	g.t.Helper()
	after := g.survey()
	for _, path := range slices.Sorted(maps.Keys(after)) {
		if g.before[path] != after[path] {
			g.t.Errorf("outside of the home %s is now %q, was %q", path, after[path], g.before[path])
		}
	}
	for path := range g.before {
		if _, kept := after[path]; !kept {
			g.t.Errorf("outside of the home %s was removed", path)
		}
	}
}

// survey describes all that lies outside.
func (g *garden) survey() map[string]string {
	g.t.Helper()
	found := map[string]string{}
	g.must(filepath.WalkDir(g.outside, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		text := ""
		if d.Type().IsRegular() {
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			text = string(data)
		}
		st := info.Sys().(*syscall.Stat_t)
		found[path] = fmt.Sprintf("%v, inode %d, changed %v, %q", info.Mode(), st.Ino, time.Unix(st.Ctim.Unix()), text)
		return nil
	}))
	return found
}
