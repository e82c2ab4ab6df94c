package bgtasks_test

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tidwall/gjson"
)

// reports reads what a task has reported, from its files and from the journal.
// Only the last line of the steps may be cut short.
func reports(t *testing.T, home, id string) (steps, told []gjson.Result) {
	t.Helper()
	text, _ := os.ReadFile(filepath.Join(home, "tasks", id, "steps.ndjson"))
	for line := range strings.Lines(string(text)) {
		if strings.HasSuffix(line, "\n") {
			steps = append(steps, wholeLine(t, line))
		}
	}
	segments, _ := filepath.Glob(filepath.Join(home, "events", "*.ndjson"))
	for _, path := range segments {
		text, _ := os.ReadFile(path)
		for line := range strings.Lines(string(text)) {
			e := gjson.Parse(line)
			if strings.HasSuffix(line, "\n") && e.Get("taskId").Str == id && e.Get("event").Str == "step" {
				told = append(told, e.Get("step"))
			}
		}
	}
	return steps, told
}

func wholeLine(t *testing.T, line string) gjson.Result {
	t.Helper()
	if !gjson.Valid(line) {
		t.Errorf("line %q is not whole", line)
	}
	return gjson.Parse(line)
}

// checkReports sees that the steps are numbered through, that the journal tells
// of none that is not there, in their order, and that the progress is whole.
func checkReports(t *testing.T, home, id string) (messages map[string]int) {
	t.Helper()
	steps, told := reports(t, home, id)
	messages = map[string]int{}
	byID := map[string]string{}
	for i, s := range steps {
		if s.Get("id").Str != strconv.Itoa(i+1) {
			t.Errorf("step %d has the number %s", i+1, s.Get("id"))
		}
		messages[s.Get("message").Str]++
		byID[s.Get("id").Str] = s.Get("message").Str
	}
	last := int64(0)
	for _, s := range told {
		if n := s.Get("id").Int(); n <= last {
			t.Errorf("the journal tells step %d after step %d", n, last)
		} else {
			last = n
		}
		if byID[s.Get("id").Str] != s.Get("message").Str {
			t.Errorf("the journal tells step %s, which is not among the steps", s.Raw)
		}
	}
	if text, err := os.ReadFile(filepath.Join(home, "tasks", id, "progress.json")); err == nil {
		wholeLine(t, string(text))
	}
	return messages
}

// reportKills is how many processes are killed while they report.
const reportKills = 300

// Processes that report are killed at any instant: whoever was told of a success
// is in the steps, in the journal and in nobody's way.
func TestReportsSurviveKills(t *testing.T) {
	bin, home := programs(t).Bin, filepath.Join(t.TempDir(), "home")
	verb := func(name string, args ...string) *exec.Cmd {
		cmd := exec.Command(filepath.Join(bin, name), args...)
		cmd.Env = append(os.Environ(), "BACKGROUND_TASKS_HOME="+home)
		return cmd
	}
	if out, err := verb("bg-start", "--id", "a", "sleep", "600").CombinedOutput(); err != nil {
		t.Fatalf("bg-start: %v: %s", err, out)
	}
	defer verb("bg-stop", "a").Run()
	var mu sync.Mutex
	var done []string
	var reporters sync.WaitGroup
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	for i := range 4 {
		dice := rand.New(rand.NewPCG(seed, uint64(i)))
		reporters.Go(func() {
			for j := range reportKills / 4 {
				message := strconv.Itoa(i) + "-" + strconv.Itoa(j)
				cmd := verb("bg-report", "--id", "a", "--percent", strconv.Itoa(j), "--label", message, "step", message)
				if err := cmd.Start(); err != nil {
					t.Error(err)
					return
				}
				end := time.AfterFunc(time.Duration(dice.IntN(12000))*time.Microsecond, func() { cmd.Process.Kill() })
				if cmd.Wait() == nil {
					mu.Lock()
					done = append(done, message)
					mu.Unlock()
				}
				end.Stop()
			}
		})
	}
	reporters.Wait()
	if out, err := verb("bg-report", "--id", "a", "step", "last").CombinedOutput(); err != nil {
		t.Fatalf("bg-report afterwards: %v: %s", err, out)
	}
	messages := checkReports(t, home, "a")
	_, told := reports(t, home, "a")
	journal := map[string]bool{}
	for _, s := range told {
		journal[s.Get("message").Str] = true
	}
	for _, message := range append(done, "last") {
		if messages[message] != 1 || !journal[message] {
			t.Errorf("step %q, which was recorded, is there %d times; in the journal: %v", message, messages[message], journal[message])
		}
	}
	t.Logf("%d of %d reports were told of a success, %d are recorded, %d of them in the journal", len(done), reportKills, len(messages)-1, len(told)-1)
}
