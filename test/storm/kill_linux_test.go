package storm

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"
	"golang.org/x/sys/unix"

	"bgtasks/test/suite"
)

// killShims kills one supervisor after another, whatever it is doing; find says
// which there are. When the storm is over the tasks that are left come to their
// ends in peace.
func (s *storm) killShims(dice *rand.Rand, find func(*rand.Rand) []suite.Process) {
	for !s.over() {
		if shims := find(dice); len(shims) > 0 {
			s.killShim(shims[dice.IntN(len(shims))])
		}
		pause(dice, 50*time.Millisecond)
	}
}

// holders finds them by what the locks of the younger tasks say: fast, but not
// those that are only just starting. A pid that is none is not hit: killShim
// looks again.
func (s *storm) holders(dice *rand.Rand) (found []suite.Process) {
	for range 2 * stormWorkers {
		words := strings.Fields(string(s.read(filepath.Join(s.Path, "tasks", s.anyTask(dice), "run.lock"))))
		if len(words) < 2 {
			continue
		}
		pid, err := strconv.Atoi(words[1])
		if p := (suite.Process{PID: pid}); err == nil && s.taskOfShim(p) != nil {
			found = append(found, p)
		}
	}
	return found
}

// shims finds them by their argument lists, however young they are.
func (s *storm) shims(*rand.Rand) []suite.Process {
	return suite.Find(func(p suite.Process) bool { return s.taskOfShim(p) != nil })
}

// taskOfShim gives the task that a process supervises, nil if it is no
// supervisor of ours, or of one to be spared.
func (s *storm) taskOfShim(p suite.Process) *stormTask {
	words := p.Args()
	if len(words) != 2 || filepath.Base(words[0]) != "bg-shim" {
		return nil
	}
	task := s.task(words[1])
	if task == nil || task.sheltered {
		return nil
	}
	return task
}

// killShim kills a supervisor and reaps it.
func (s *storm) killShim(p suite.Process) {
	killed := p.KillIf(func() bool {
		task := s.taskOfShim(p)
		if task == nil || !p.Runs() {
			return false
		}
		task.kills.Add(1)
		return true
	})
	if !killed {
		return
	}
	s.stats.shims.Add(1)
	if p.AwaitEnd(suite.Patience) {
		unix.Wait4(p.PID, nil, unix.WNOHANG, nil)
	}
}

// lookAround runs verbs that read, and kills them: any of them may be healing.
func (s *storm) lookAround(ctx context.Context, dice *rand.Rand) {
	for ctx.Err() == nil {
		id := s.anyTask(dice)
		looks := [][]string{
			{"bg-status", id}, {"bg-status", id}, {"bg-wait", id}, {"bg-logs", id}, {"bg-list", "-o", "json"},
			{"bg-list", "--status", "running"}, {"bg-wait", "--any", "--tag", "storm"},
		}
		look := looks[dice.IntN(len(looks))]
		s.killed(dice, look[0], look[1:]...)
		s.stats.looks.Add(1)
		pause(dice, 40*time.Millisecond)
	}
}

// anyTask is one of the younger tasks.
func (s *storm) anyTask(dice *rand.Rand) string {
	s.mu.Lock()
	n := len(s.tasks)
	s.mu.Unlock()
	id := fmt.Sprintf("storm%d", max(1, n-dice.IntN(2*stormWorkers)))
	if s.task(id) == nil {
		id += "-sheltered"
	}
	return id
}

// readRecords reads records while they are written: each is whole, or absent.
func (s *storm) readRecords(ctx context.Context, dice *rand.Rand) {
	names := []string{"spec.json", "state.json", "stop.json"}
	for ctx.Err() == nil {
		id := s.anyTask(dice)
		for _, name := range names {
			s.readRecord(filepath.Join(s.Path, "tasks", id, name))
		}
		pause(dice, 2*time.Millisecond)
	}
}

// readRecord reads one record and fails the test if it is no whole one. The
// result is that of nothing if it is absent.
func (s *storm) readRecord(path string) gjson.Result {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return gjson.Result{}
	}
	if err != nil {
		s.T.Errorf("read record: %v", err)
		return gjson.Result{}
	}
	text := string(data)
	record := gjson.Parse(text)
	if !gjson.Valid(text) || record.Get("v").Int() != 1 || strings.Count(text, "\n") != 1 || !strings.HasSuffix(text, "}\n") {
		s.T.Errorf("%s = %q, want one whole record in one line", path, text)
	}
	s.stats.records.Add(1)
	return record
}
