package bgtasks_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// queueStorm is a home with a queue whose supervisors, dispatchers and verbs are
// killed while they are at work.
type queueStorm struct {
	t             *testing.T
	bin, home     string
	slots         string // where the tasks take their locks
	until         time.Time
	mu            sync.Mutex
	accepted      []string
	killed        map[string]int // by what they were
	starts, kicks int
}

const stormSlots = 3

// TestP7QueueStorm kills with SIGKILL whatever starts, supervises and dispatches the
// tasks of a queue, wherever it is. Never more than its slots may run; when it is
// over one verb, and no more, must get the rest going; and every task that was
// accepted must come to an end.
func TestP7QueueStorm(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	length := 6 * time.Second
	if d, err := time.ParseDuration(os.Getenv("BG_STORM")); err == nil {
		length = d
	}
	suite := programs(t)
	s := &queueStorm{t: t, bin: suite.Bin, home: filepath.Join(t.TempDir(), "home"), slots: t.TempDir(),
		until: time.Now().Add(length), killed: map[string]int{}}
	t.Cleanup(s.reapAll)
	s.must("bg-queue", "set", "storm", "--slots", strconv.Itoa(stormSlots))
	var workers sync.WaitGroup
	for seed := range uint64(2) {
		workers.Go(func() { s.startTasks(rand.New(rand.NewPCG(1, seed)), suite.Helpers) })
		workers.Go(func() { s.killVerbs(rand.New(rand.NewPCG(2, seed))) })
	}
	workers.Go(func() { s.killOthers(rand.New(rand.NewPCG(3, 0))) })
	workers.Wait()
	s.check()
	t.Logf("%d starts, %d kicks, killed %v", s.starts, s.kicks, s.killed)
}

func (s *queueStorm) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.bin, name), args...)
	cmd.Env = append(os.Environ(), "BACKGROUND_TASKS_HOME="+s.home)
	return cmd
}

func (s *queueStorm) must(name string, args ...string) []byte {
	s.t.Helper()
	var complaints bytes.Buffer
	cmd := s.command(name, args...)
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		s.t.Fatalf("%s %v: %v\n%s", name, args, err, complaints.String())
	}
	return out
}

// startTasks starts tasks one after another, and kills some of the starts.
func (s *queueStorm) startTasks(dice *rand.Rand, helpers string) {
	for n := 0; time.Now().Before(s.until); n++ {
		id := fmt.Sprintf("t%d-%d", dice.Uint32(), n)
		args := []string{"--id", id, "--queue", "storm", "--priority", strconv.Itoa(dice.IntN(3))}
		switch dice.IntN(4) {
		case 0:
			args = append(args, "--concurrency-key", "k"+strconv.Itoa(dice.IntN(3)))
		case 1:
			args = append(args, "--retries", "1", "--retry-delay", "10ms")
		case 2:
			args = append(args, "--delay", strconv.Itoa(dice.IntN(300))+"ms")
		}
		args = append(args, "--", filepath.Join(helpers, "slot"), s.slots, strconv.Itoa(stormSlots), strconv.Itoa(dice.IntN(40))+"ms")
		done := s.run(dice, s.command("bg-start", args...), dice.IntN(3) == 0)
		s.mu.Lock()
		s.starts++
		if done {
			s.accepted = append(s.accepted, id)
		}
		s.mu.Unlock()
	}
}

// killVerbs runs verbs that dispatch, and kills most of them.
func (s *queueStorm) killVerbs(dice *rand.Rand) {
	for time.Now().Before(s.until) {
		verb := [][]string{{"bg-queue", "kick"}, {"bg-list"}, {"bg-queue"}}[dice.IntN(3)]
		s.run(dice, s.command(verb[0], verb[1:]...), dice.IntN(4) > 0)
		s.mu.Lock()
		s.kicks++
		s.mu.Unlock()
	}
}

// run runs a command, and perhaps kills it after a moment. It tells whether it came
// to its end and succeeded.
func (s *queueStorm) run(dice *rand.Rand, cmd *exec.Cmd, kill bool) bool {
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	if err := cmd.Start(); err != nil {
		s.t.Error(err)
		return false
	}
	if kill {
		timer := time.AfterFunc(time.Duration(dice.IntN(15000))*time.Microsecond, func() { cmd.Process.Kill() })
		defer timer.Stop()
	}
	err := cmd.Wait()
	if err != nil && !kill {
		s.t.Errorf("%v: %v\n%s", cmd.Args, err, complaints.String())
	}
	if err != nil {
		s.mu.Lock()
		s.killed[filepath.Base(cmd.Path)]++
		s.mu.Unlock()
	}
	return err == nil
}

// killOthers kills supervisors, dispatchers, those who sleep, and tasks. A task
// outlives its supervisor, and its slot must then stay occupied.
func (s *queueStorm) killOthers(dice *rand.Rand) {
	for time.Now().Before(s.until) {
		if found := s.processes(); len(found) > 0 {
			p := found[dice.IntN(len(found))]
			if fd, err := unix.PidfdOpen(p.pid, 0); err == nil {
				if s.what(p.pid) == p.what && unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0) == nil {
					s.mu.Lock()
					s.killed[p.what]++
					s.mu.Unlock()
				}
				unix.Close(fd)
			}
		}
		pause(dice, 25*time.Millisecond)
	}
}

type stormProcess struct {
	pid  int
	what string
}

// processes are those of this home: by their arguments or their environment.
func (s *queueStorm) processes() (found []stormProcess) {
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if what := s.what(pid); what != "" {
			found = append(found, stormProcess{pid, what})
		}
	}
	return found
}

// what says what a process of this home is; "" if it is of another.
func (s *queueStorm) what(pid int) string {
	argv := strings.Split(string(process{pid}.proc("cmdline")), "\x00")
	switch name := filepath.Base(argv[0]); {
	case name == "bg-queue" && len(argv) > 2 && argv[2] == s.home:
		return argv[1]
	case name == "bg-shim", name == "slot":
		if bytes.Contains(process{pid}.proc("environ"), []byte("BACKGROUND_TASKS_HOME="+s.home+"\x00")) {
			return name
		}
	}
	return ""
}

// check lets one verb look after the storm, waits until the queue is empty and looks
// at what became of the tasks.
func (s *queueStorm) check() {
	s.must("bg-list")
	if out, err := s.command("bg-queue", "drain", "storm", "--timeout", "120").CombinedOutput(); err != nil {
		state, _ := s.command("bg-queue").CombinedOutput()
		list, _ := s.command("bg-list", "--status", "queued", "--status", "running", "--status", "starting").CombinedOutput()
		files, _ := exec.Command("find", filepath.Join(s.home, "queue")).CombinedOutput()
		s.t.Fatalf("drain: %v\n%s%s%s%s", err, out, state, list, files)
	}
	if raw, err := os.ReadFile(filepath.Join(s.slots, "overflow")); err == nil {
		s.t.Errorf("more than %d ran at once:\n%s", stormSlots, raw)
	}
	var tasks []struct{ ID, State, Reason string }
	if err := json.Unmarshal(s.must("bg-list", "-o", "json"), &tasks); err != nil {
		s.t.Fatal(err)
	}
	states := map[string]string{}
	for _, task := range tasks {
		states[task.ID] = task.State
	}
	for _, id := range s.accepted {
		switch states[id] {
		case "succeeded", "failed":
		default:
			s.t.Errorf("task %s, which was accepted, is %q, want an end", id, states[id])
		}
	}
	var left struct {
		Queues []struct{ Running, Waiting int }
	}
	if err := json.Unmarshal(s.must("bg-queue", "-o", "json"), &left); err != nil {
		s.t.Fatal(err)
	}
	if len(left.Queues) != 1 || left.Queues[0].Running+left.Queues[0].Waiting != 0 {
		s.t.Errorf("after the drain: %+v, want nothing left", left.Queues)
	}
	for _, dir := range []string{"ready", "keys", "due", "after", "gone", "claims"} {
		if names, _ := os.ReadDir(filepath.Join(s.home, "queue", dir)); len(names) > 0 {
			s.t.Errorf("queue/%s holds %v, want nothing", dir, names)
		}
	}
}

// reapAll ends what is left of this home.
func (s *queueStorm) reapAll() {
	for _, p := range s.processes() {
		unix.Kill(p.pid, unix.SIGKILL)
	}
}
