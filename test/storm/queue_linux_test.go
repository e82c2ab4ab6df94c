package storm

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"bgtasks/test/suite"
)

// queueStorm is a home with a queue whose supervisors, dispatchers and verbs are
// killed while they are at work.
type queueStorm struct {
	*suite.Home
	slots         string // where the tasks take their locks
	until         time.Time
	mu            sync.Mutex
	accepted      []string
	killed        map[string]int // by what they were
	starts, kicks int
}

// stormSlots is how many tasks of the queue may run at once.
const stormSlots = 3

// TestQueueInStormOfKills kills with SIGKILL whatever starts, supervises and dispatches the
// tasks of a queue, wherever it is. Never more than its slots may run; when it is
// over one verb, and no more, must get the rest going; and every task that was
// accepted must come to an end.
func TestQueueInStormOfKills(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	programs := suite.Build(t)
	s := &queueStorm{Home: suite.NewHome(t, programs), slots: t.TempDir(), until: time.Now().Add(stormLength(t, 6*time.Second)), killed: map[string]int{}}
	s.Limit = 3 * suite.Patience // of the drain
	s.Expect(0, "bg-queue", "set", "storm", "--slots", strconv.Itoa(stormSlots))
	var workers sync.WaitGroup
	for seed := range uint64(2) {
		workers.Go(func() { s.startTasks(rand.New(rand.NewPCG(1, seed)), programs.Helpers) })
		workers.Go(func() { s.killVerbs(rand.New(rand.NewPCG(2, seed))) })
	}
	workers.Go(func() { s.killOthers(rand.New(rand.NewPCG(3, 0))) })
	workers.Wait()
	s.check()
	t.Logf("%d starts, %d kicks, killed %v", s.starts, s.kicks, s.killed)
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
		done := s.run(dice, "bg-start", args, dice.IntN(3) == 0)
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
		s.run(dice, verb[0], verb[1:], dice.IntN(4) > 0)
		s.mu.Lock()
		s.kicks++
		s.mu.Unlock()
	}
}

// run runs a command, and perhaps kills it after a moment. It tells whether it came
// to its end and succeeded.
func (s *queueStorm) run(dice *rand.Rand, verb string, args []string, kill bool) bool {
	cmd := s.Command(context.Background(), append([]string{verb}, args...)...)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	if err := cmd.Start(); err != nil {
		s.T.Error(err)
		return false
	}
	if kill {
		timer := time.AfterFunc(time.Duration(dice.IntN(15000))*time.Microsecond, func() { cmd.Process.Kill() })
		defer timer.Stop()
	}
	err := cmd.Wait()
	if err != nil && !kill {
		s.T.Errorf("%v: %v\n%s", cmd.Args, err, complaints.String())
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
			what := s.what(p)
			if what != "" && p.KillIf(func() bool { return s.what(p) == what }) {
				s.mu.Lock()
				s.killed[what]++
				s.mu.Unlock()
			}
		}
		pause(dice, 25*time.Millisecond)
	}
}

func (s *queueStorm) processes() []suite.Process {
	return suite.Find(func(p suite.Process) bool { return s.what(p) != "" })
}

// what says what a process of this home is; "" if it is of another.
func (s *queueStorm) what(p suite.Process) string {
	words := p.Args()
	if len(words) == 0 {
		return ""
	}
	if mode, home := p.QueueMode(); mode != "" && home == s.Path {
		return mode
	}
	name := filepath.Base(words[0])
	if (name == "bg-shim" || name == "slot") && p.HasEnv("BACKGROUND_TASKS_HOME="+s.Path) {
		return name
	}
	return ""
}

// check lets one verb look after the storm, waits until the queue is empty and looks
// at what became of the tasks.
func (s *queueStorm) check() {
	s.Expect(0, "bg-list")
	if drain := s.Run("bg-queue", "drain", "storm", "--timeout", "120"); drain.Code != 0 {
		files, _ := exec.Command("find", filepath.Join(s.Path, "queue")).CombinedOutput()
		s.T.Fatalf("drain: %v\n%v\n%v\n%s", drain, s.Run("bg-queue"),
			s.Run("bg-list", "--status", "queued", "--status", "running", "--status", "starting"), files)
	}
	if raw, err := os.ReadFile(filepath.Join(s.slots, "overflow")); err == nil {
		s.T.Errorf("more than %d ran at once:\n%s", stormSlots, raw)
	}
	var tasks []struct{ ID, State, Reason string }
	if err := json.Unmarshal([]byte(s.Expect(0, "bg-list", "-o", "json").Out), &tasks); err != nil {
		s.T.Fatal(err)
	}
	states := map[string]string{}
	for _, task := range tasks {
		states[task.ID] = task.State
	}
	for _, id := range s.accepted {
		switch states[id] {
		case "succeeded", "failed":
		default:
			s.T.Errorf("task %s, which was accepted, is %q, want an end", id, states[id])
		}
	}
	var left struct {
		Queues []struct{ Running, Waiting int }
	}
	if err := json.Unmarshal([]byte(s.Expect(0, "bg-queue", "-o", "json").Out), &left); err != nil {
		s.T.Fatal(err)
	}
	if len(left.Queues) != 1 || left.Queues[0].Running+left.Queues[0].Waiting != 0 {
		s.T.Errorf("after the drain: %+v, want nothing left", left.Queues)
	}
	for _, dir := range []string{"ready", "keys", "due", "after", "gone", "claims"} {
		if names, _ := os.ReadDir(filepath.Join(s.Path, "queue", dir)); len(names) > 0 {
			s.T.Errorf("queue/%s holds %v, want nothing", dir, names)
		}
	}
}
