package storm

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"bgtasks/test/suite"
)

// work lives through one task after another until the storm is over.
func (s *storm) work(dice *rand.Rand) {
	for !s.over() {
		s.live(dice, s.newTask(dice))
	}
}

// keep starts tasks that run on when the storm is over.
func (s *storm) keep(dice *rand.Rand) {
	for range 3 {
		task := s.newTask(dice)
		task.mode, task.kept = "stubborn", true
		if r := s.verb("bg-start", s.startArgs(dice, task)...); r.Code != 0 {
			s.T.Fatalf("bg-start %s = %d, %q", task.id, r.Code, r.Err)
		}
	}
}

func (s *storm) newTask(dice *rand.Rand) *stormTask {
	modes := []string{"polite", "polite", "polite", "eager", "dies", "forks", "leaves", "stubborn"}
	task := &stormTask{
		mode:      modes[dice.IntN(len(modes))],
		sheltered: dice.IntN(8) == 0,
		capped:    dice.IntN(4) == 0,
		code:      []int{0, 0, 3, 200}[dice.IntN(4)],
	}
	if task.mode == "dies" {
		task.code = []int{9, 15}[dice.IntN(2)]
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	task.id = fmt.Sprintf("storm%d", len(s.tasks)+1)
	if task.sheltered {
		task.id += "-sheltered"
	}
	s.tasks[task.id] = task
	s.stats.tasks.Add(1)
	return task
}

// inexact tells whether the end of what the task prints may be missing from its
// log, if a supervisor of it was killed. See storm_log_linux_test.go.
func (k *stormTask) inexact() bool {
	return slices.Contains([]string{"eager", "leaves", "stubborn"}, k.mode)
}

// live goes with a task through its life.
func (s *storm) live(dice *rand.Rand, task *stormTask) {
	defer task.followers.Wait()
	if !s.start(dice, task) {
		return
	}
	task.followers.Go(func() { s.follow(task) })
	for range dice.IntN(3) {
		if task.inexact() {
			break // what the kernel may have lost of a run must be at the end of the log
		}
		pause(dice, 300*time.Millisecond)
		task.asked = true
		if dice.IntN(3) == 0 {
			s.killed(dice, "bg-restart", task.id)
			task.followers.Go(func() { s.follow(task) })
		}
		s.must(0, "bg-restart", task.id)
		task.followers.Go(func() { s.follow(task) })
	}
	s.end(dice, task)
}

// pause lets random time pass, for variety and not to wait for anything.
func pause(dice *rand.Rand, most time.Duration) {
	<-time.After(time.Duration(dice.Int64N(int64(most))))
}

// start starts the task; some starters are killed, and then nobody but the home
// knows whether it was started.
func (s *storm) start(dice *rand.Rand, task *stormTask) bool {
	args := s.startArgs(dice, task)
	for dice.IntN(4) == 0 {
		s.killed(dice, "bg-start", args...)
		if s.verb("bg-status", "-q", task.id).Code != 3 {
			return s.started(task, args)
		}
	}
	r := s.verb("bg-start", args...)
	if r.Code == 125 && task.kills.Load() > 0 {
		return s.started(task, args) // its supervisor was killed before it could answer
	}
	if r.Code != 0 || r.Out != task.id+"\n" {
		s.T.Errorf("bg-start %q = %d, %q, %q, want 0 and the id", args, r.Code, r.Out, r.Err)
		return false
	}
	return true
}

// started makes sure that a task runs, or has run, whose starter or supervisor
// was killed: one that never executed its program is started again.
func (s *storm) started(task *stormTask, args []string) bool {
	for range 20 {
		if s.runs(task.id) {
			return true
		}
		if ran, _ := filepath.Glob(filepath.Join(s.ledger, task.id+".*.0")); len(ran) > 0 {
			return true
		}
		r := s.verb("bg-start", args...)
		if r.Code == 0 {
			return true
		}
	}
	s.T.Errorf("%s can't be started:\n%s", task.id, s.describe([]string{task.id}))
	return false
}

// runs tells whether a task has a run that is not over.
func (s *storm) runs(id string) bool {
	return s.verb("bg-list", "-q", "--status", "starting,running", id).Out != ""
}

func (s *storm) startArgs(dice *rand.Rand, task *stormTask) []string {
	lines, size := 50+dice.IntN(300), 80
	grace := "60s"
	switch {
	case task.mode == "stubborn" || task.mode == "leaves":
		grace = "200ms"
	case dice.IntN(8) == 0:
		lines, size = 600, 4000
	}
	args := []string{"--id", task.id, "--tag", "storm", "--grace", grace}
	if task.capped {
		args = append(args, "--log-max", "64K")
	}
	if task.mode == "stubborn" && !task.kept && dice.IntN(2) == 0 {
		task.limited = true
		args = append(args, "--time-limit", "400ms")
	}
	return append(args, "--", s.teller, s.ledger, task.mode,
		strconv.Itoa(lines), strconv.Itoa(size), strconv.Itoa(task.code))
}

// must runs a verb on a task, and it must exit with a code. A supervisor killed
// while it starts may make a restart fail, which is then tried again.
func (s *storm) must(want int, verb, id string) {
	kills := func() int64 {
		if task := s.task(id); task != nil {
			return task.kills.Load()
		}
		return 0
	}
	for {
		before := kills()
		r := s.verb(verb, id)
		if r.Code == want {
			return
		}
		if r.Code < 0 || kills() == before || s.T.Failed() {
			s.T.Errorf("%s %s = %d, %q, want %d\n%s", verb, id, r.Code, r.Err, want, s.describe([]string{id}))
			return
		}
		if task := s.task(id); task != nil {
			task.followers.Go(func() { s.follow(task) }) // a run may have begun all the same
		}
	}
}

func (s *storm) task(id string) *stormTask {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tasks[id]
}

// end waits for the task's own end, or stops it, and then nothing of it lives.
func (s *storm) end(dice *rand.Rand, task *stormTask) {
	stop := task.mode == "stubborn" && !task.limited || dice.IntN(2) == 0
	if stop {
		pause(dice, 300*time.Millisecond)
		task.asked = true
		if dice.IntN(3) == 0 {
			s.killed(dice, "bg-stop", task.id)
		}
	} else {
		if dice.IntN(3) == 0 {
			s.killed(dice, "bg-wait", task.id)
		}
		s.verb("bg-wait", task.id)
	}
	if stop || task.mode == "leaves" {
		s.must(0, "bg-stop", task.id)
		s.checkGone(task.id)
	}
}

// follow prints a task's log with bg-logs -f, and gives its leader the word
// once the last line of that has come. So what an exact task wrote is in its log
// before it ends.
func (s *storm) follow(task *stormTask) {
	ctx, cancel := context.WithTimeout(context.Background(), suite.Patience)
	defer cancel()
	var errs strings.Builder
	cmd := s.Command(ctx, "bg-logs", "-f", task.id)
	cmd.Stderr = &errs
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		s.T.Errorf("follow %s: %v", task.id, err)
		return
	}
	s.listen(out)
	err = cmd.Wait()
	if ctx.Err() != nil {
		s.T.Errorf("bg-logs -f %s does not end:\n%s", task.id, s.describe([]string{task.id}))
	} else if err != nil || !task.capped && expectable.ReplaceAllString(errs.String(), "") != "" {
		s.T.Errorf("bg-logs -f %s: %v, %q", task.id, err, errs.String())
	}
}

// expectable are the notes that a follower makes where another run begins, and where
// a kill left nobody to hold the output.
var expectable = regexp.MustCompile(`(?m)^bg-logs: note: (run \d+ of task "[^"]*" begins here \(offset \d+\)` +
	`|some output of task "[^"]*" may be missing: .*)\n`)

func (s *storm) listen(out io.Reader) {
	for lines := bufio.NewReader(out); ; {
		text, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		if f := strings.Split(text, " "); len(f) == 6 && f[2] == "0" && f[4] == "end" {
			s.word(f[0] + "." + f[1])
		}
	}
}

// word lets a teller end. One that was killed meanwhile needs none.
func (s *storm) word(run string) {
	if _, given := s.words.LoadOrStore(run, true); given {
		return
	}
	fd, err := unix.Open(filepath.Join(s.ledger, run+".word"), unix.O_WRONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return
	}
	f := os.NewFile(uintptr(fd), "word")
	defer f.Close()
	f.WriteString("go\n")
}
