// Package planted tests what others can do to a home: they put something else where
// the programs look for files of theirs.
package planted

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"bgtasks/lib/store"
	"bgtasks/test/suite"
)

func TestMain(m *testing.M) { suite.Main(m) }

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

// TestPlantedInHome puts something else in the place of each file and directory of
// a home, under a running task and an ended one: a symbolic link to what lies
// outside, a FIFO, a directory. No verb may change what lies outside, hang, or
// fail without a word, and an ordinary task beside it stays as it was.
func TestPlantedInHome(t *testing.T) {
	for _, life := range []string{"running", "ended"} {
		inEachPlace(t, plantable, life, func(h *plantedHome) { h.start(life) }, []string{
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

// TestPlantedInQueue does the same where a task runs in a queue, one waits for
// its slot and one until it is due.
func TestPlantedInQueue(t *testing.T) {
	inEachPlace(t, plantableInQueue, "queued", (*plantedHome).startQueue, []string{
		"bg-list", "bg-status w", "bg-queue", "bg-queue set q --slots 1", "bg-report --id t --percent 50", "bg-report --id t step here",
		"bg-status t", "bg-start --id n --queue q true", "bg-start --dedupe k --id n true", "bg-start --id n --after t true",
		"bg-stop --grace 0 w", "bg-stop --grace 0 t", "bg-queue kick", "bg-clear --dry-run", "bg-doctor", "bg-status e",
	})
}

// inEachPlace plants each thing in each place, and goes on as said.
func inEachPlace(t *testing.T, places map[string]bool, life string, start func(*plantedHome), walk []string) {
	programs := suite.Build(t)
	for place, isDir := range places {
		for name, plant := range map[string]func(h *plantedHome, path string) error{
			"link": func(h *plantedHome, path string) error { return os.Symlink(h.target(isDir), path) },
			"fifo": func(_ *plantedHome, path string) error { return unix.Mkfifo(path, 0o600) },
			"dir":  func(_ *plantedHome, path string) error { return os.Mkdir(path, 0o700) },
		} {
			t.Run(strings.ReplaceAll(place, "/", ":")+"/"+name+"/"+life, func(t *testing.T) {
				t.Parallel()
				h := newPlantedHome(t, programs)
				start(h)
				h.plant(place, plant)
				h.walk(walk)
				h.unplant(place)
				h.compare()
			})
		}
	}
}

// plantedHome is a home with something planted in it, and what lies outside of it.
type plantedHome struct {
	*suite.Home
	aside   string            // what was in that place
	outside string            // where links lead to
	before  map[string]string // what lay there
}

func newPlantedHome(t *testing.T, programs *suite.Programs) *plantedHome {
	h := &plantedHome{Home: suite.NewHome(t, programs)}
	h.aside, h.outside = filepath.Join(h.Work, "aside"), filepath.Join(h.Work, "outside")
	for _, dir := range []string{"dir/t/bells", "dir/bells"} {
		h.Must(os.MkdirAll(filepath.Join(h.outside, dir), 0o755))
	}
	for _, file := range []string{"file", "dir/keep", "dir/t/keep", "dir/t/output.log"} {
		h.Must(os.WriteFile(filepath.Join(h.outside, file), []byte("precious\n"), 0o644))
	}
	h.Must(unix.Mkfifo(filepath.Join(h.outside, "dir/bells/change-1-x"), 0o644))
	h.before = h.survey()
	return h
}

// target is what a planted link leads to.
func (h *plantedHome) target(isDir bool) string {
	if isDir {
		return filepath.Join(h.outside, "dir")
	}
	return filepath.Join(h.outside, "file")
}

// start makes the task t, which runs or has ended, and e, which has ended.
func (h *plantedHome) start(life string) {
	h.Expect(0, "bg-start", "--id", "e", "--wait", "echo", "hello")
	if life == "running" {
		h.Expect(0, "bg-start", "--id", "t", "sleep", "600")
	} else {
		h.Expect(0, "bg-start", "--id", "t", "--wait", "echo", "one")
		h.Expect(0, "bg-stop", "t")
	}
	h.Expect(0, "bg-stop", "e") // which returns when its supervisor has gone, too
}

// startQueue makes the task t, which runs, w and d, which wait, and e, which has ended.
func (h *plantedHome) startQueue() {
	h.Expect(0, "bg-start", "--id", "e", "--wait", "echo", "hello")
	h.Expect(0, "bg-queue", "set", "q", "--slots", "1")
	h.Expect(0, "bg-start", "--id", "t", "--queue", "q", "sleep", "600")
	h.Expect(0, "bg-start", "--id", "w", "--queue", "q", "-e", "A=b", "true")
	h.Expect(0, "bg-start", "--id", "d", "--delay", "1h", "true")
	h.Expect(0, "bg-report", "--id", "t", "step", "there")
}

// plant puts something in the place of what is there, while nobody is in the midst
// of work on the queues.
func (h *plantedHome) plant(place string, plant func(*plantedHome, string) error) {
	if lock, err := store.At(h.Path).LockQueue(); !errors.Is(err, fs.ErrNotExist) {
		h.Must(err)
		defer lock.Unlock()
	}
	path := filepath.Join(h.Path, place)
	if err := os.Rename(path, h.aside); err != nil && !errors.Is(err, fs.ErrNotExist) {
		h.T.Fatal(err)
	}
	h.Must(plant(h, path))
}

// unplant puts back what was there, so that the task can be ended in order.
func (h *plantedHome) unplant(place string) {
	path := filepath.Join(h.Path, place)
	for err := os.RemoveAll(path); err != nil; err = os.RemoveAll(path) {
		if !errors.Is(err, unix.ENOTEMPTY) { // somebody has just made something there
			h.T.Fatal(err)
		}
	}
	if err := os.Rename(h.aside, path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		h.T.Fatal(err)
	}
	for _, id := range []string{"t", "n", "w", "d"} {
		h.Run("bg-stop", "--grace", "0", id)
	}
}

// walk tries all that can be done to the tasks. A stop that nobody hears is late
// to fail, by its patience: one such is enough.
func (h *plantedHome) walk(verbs []string) {
	late := false
	for _, words := range verbs {
		if late && (words == "bg-restart t" || strings.HasPrefix(words, "bg-stop ")) {
			continue
		}
		began := time.Now()
		h.try(strings.Fields(words))
		late = late || time.Since(began) > 10*time.Second
	}
}

// try runs a verb that may fail, if it says why.
func (h *plantedHome) try(words []string) {
	h.T.Helper()
	a := h.Run(words...)
	says := "bg-" + strings.TrimPrefix(words[0], "bg-") + ": error: "
	switch {
	case a.Code == 0:
	case words[0] == "bg-doctor" && a.Code == 1 && strings.Contains(a.Out, "WRONG"):
	case words[0] == "background-tasks" && a.Code == 1 && strings.Contains(a.Err, `"ok": false`):
	case strings.Contains(a.Err, says) && strings.Count(a.Err, "\n") <= 2:
	default:
		h.T.Errorf("%v: exit code %d, stdout %q, stderr %q, want success or one error", words, a.Code, a.Out, a.Err)
	}
}

// compare looks whether anything outside has changed.
func (h *plantedHome) compare() {
	h.T.Helper()
	after := h.survey()
	for _, path := range slices.Sorted(maps.Keys(after)) {
		if h.before[path] != after[path] {
			h.T.Errorf("outside of the home %s is now %q, was %q", path, after[path], h.before[path])
		}
	}
	for path := range h.before {
		if _, kept := after[path]; !kept {
			h.T.Errorf("outside of the home %s was removed", path)
		}
	}
}

// survey describes all that lies outside.
func (h *plantedHome) survey() map[string]string {
	h.T.Helper()
	found := map[string]string{}
	h.Must(filepath.WalkDir(h.outside, func(path string, d fs.DirEntry, err error) error {
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
