package storm

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/tidwall/gjson"

	"bgtasks/test/suite"
)

// readers are tests of the journal from outside: programs that write it and
// programs that read it, at once and at random.
type readers struct {
	*storm
	lines []journalled // all of the journal, once everything is over
	place map[int64]int
}

// journalled is a line of the journal as bg-events prints it.
type journalled struct {
	cursor int64
	event  event
}

// loadJournal reads the whole journal, when nobody writes to it any more.
func (r *readers) loadJournal() {
	got := r.verb("bg-events")
	if got.Code != 0 {
		r.T.Fatalf("bg-events = %d, %q", got.Code, got.Err)
	}
	r.place = map[int64]int{0: 0}
	for line := range strings.Lines(got.Out) {
		j := gjson.Parse(line)
		r.lines = append(r.lines, journalled{j.Get("cursor").Int(), event{j.Get("event")}})
		r.place[j.Get("cursor").Int()] = len(r.lines)
	}
}

// after gives the lines after a cursor, which must be one.
func (r *readers) after(cursor int64) []journalled {
	i, known := r.place[cursor]
	if !known {
		r.T.Fatalf("cursor %d is no place of the journal", cursor)
	}
	return r.lines[i:]
}

// session is what one program that read the journal has printed.
type session struct {
	who       string
	from      int64        // the cursor that it should go on from; -1 if it begins anew
	bootstrap gjson.Result // absent if it printed none
	cursors   []int64      // of the events
	known     int          // events that the bootstrap showed already
}

// take takes a line that was printed.
func (s *session) take(line string) {
	j := gjson.Parse(line)
	if j.Get("type").String() == "bootstrap" {
		s.bootstrap = j
		return
	}
	s.cursors = append(s.cursors, j.Get("cursor").Int())
	if j.Get("known").Bool() {
		s.known++
	}
}

// begin is the cursor that the events follow on.
func (s *session) begin() int64 {
	if s.bootstrap.Exists() {
		return s.bootstrap.Get("cursor").Int()
	}
	return s.from
}

// checkSession wants every line after the beginning, in order, each once.
func (r *readers) checkSession(s *session) {
	if s.from >= 0 == s.bootstrap.Exists() {
		r.T.Errorf("%s from %d: bootstrap = %t", s.who, s.from, s.bootstrap.Exists())
	}
	want := r.after(s.begin())
	for i, cursor := range s.cursors {
		if i >= len(want) || want[i].cursor != cursor {
			r.T.Errorf("%s from %d: event %d has cursor %d, want that of the next line", s.who, s.begin(), i, cursor)
			return
		}
	}
	if s.known > 0 {
		r.T.Errorf("%s from %d: %d events were known already", s.who, s.begin(), s.known)
	}
	if s.bootstrap.Exists() {
		r.checkBootstrap(s)
	}
}

// checkBootstrap compares the snapshots with what the lines up to the cursor
// tell: nothing that they don't, and all that they do.
func (r *readers) checkBootstrap(s *session) {
	last, progress, step := map[string]event{}, map[string]event{}, map[string]event{}
	for _, l := range r.lines[:r.place[s.begin()]] {
		id := l.event.Get("taskId").String()
		last[id] = l.event
		if l.event.Get("progress").Exists() {
			progress[id] = l.event
		}
		if l.event.name() == "step" {
			step[id] = l.event
		}
	}
	shown := map[string]bool{}
	for _, snapshot := range s.bootstrap.Get("snapshots").Array() {
		id := snapshot.Get("id").String()
		shown[id] = true
		want, told := last[id]
		if told && snapshot.Get("run").Int() > int64(want.run()) {
			told = false // it has taken the place of that one, and its own lines are still to come
		}
		if state := snapshot.Get("state").String(); told && state != want.Get("state").String() || !told && state != "claimed" {
			r.T.Errorf("%s at %d: %s is %s, want %s", s.who, s.begin(), id, state, want.Get("state"))
		}
		if p, told := progress[id]; told && snapshot.Get("state").String() == "running" {
			if got, want := snapshot.Get("progress.percent").Num, p.Get("progress.percent").Num; got != want {
				r.T.Errorf("%s at %d: %s has come to %v %%, want %v", s.who, s.begin(), id, got, want)
			}
		}
		if e, told := step[id]; told && s.bootstrap.Get("query.steps").Exists() {
			steps := s.bootstrap.Get("steps").Get(id).Array()
			if len(steps) == 0 || steps[len(steps)-1].Get("id").String() != e.Get("step.id").String() {
				r.T.Errorf("%s at %d: the last step of %s is not %s", s.who, s.begin(), id, e.Get("step.id"))
			}
		}
	}
	for id := range last {
		if !shown[id] {
			r.T.Errorf("%s at %d: %s is missing", s.who, s.begin(), id)
		}
	}
}

// reporter reports without a pause, as often as the journal takes each report of a task
// at once (bg-state(5), report.due).
const reporter = `i=0; while [ $i -lt 80 ]; do i=$((i+1)); bg-report --percent $i; bg-report step "no $i"; done`

// TestBootstrapWhileTasksComeAndGo: while tasks come, report and end without a
// pause, 200 subscribers begin. What each is shown at first is what the lines up
// to its cursor tell, and the events are the lines after it.
func TestBootstrapWhileTasksComeAndGo(t *testing.T) {
	r := &readers{storm: newStorm(t)}
	r.Limit = 3 * suite.Patience // a reporter calls bg-report 160 times
	t.Cleanup(r.clear)
	ctx, cancel := context.WithCancel(t.Context())
	var writers sync.WaitGroup
	for w := range 2 {
		writers.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				r.verb("bg-start", "--id", fmt.Sprintf("w%d-%d", w, i%20), "--", "true")
			}
		})
	}
	writers.Go(func() {
		for i := 0; ctx.Err() == nil; i++ {
			r.verb("bg-start", "--wait", "--id", fmt.Sprint("reporter", i), "--", "sh", "-c", reporter)
		}
	})
	sessions := make([]*session, 200)
	var subscribers sync.WaitGroup
	for i := range 4 {
		subscribers.Go(func() {
			for n := i; n < len(sessions); n += 4 {
				sessions[n] = r.subscribe(3)
			}
		})
	}
	subscribers.Wait()
	cancel()
	writers.Wait()
	r.stopAll()
	r.settle()
	r.loadJournal()
	for _, s := range sessions {
		r.checkSession(s)
	}
	t.Logf("%d events", len(r.lines))
}

// subscribe reads a bootstrap and so many events, and goes away.
func (r *readers) subscribe(events int) *session {
	s := &session{who: "subscriber", from: -1}
	ctx, cancel := context.WithTimeout(context.Background(), suite.Patience)
	defer cancel()
	cmd := r.Command(ctx, "bg-events", "-f", "--steps", "3")
	r.read(cmd, func(line string) bool {
		s.take(line)
		return len(s.cursors) < events
	})
	if len(s.cursors) < events {
		r.T.Errorf("a subscriber got %d events, want %d", len(s.cursors), events)
	}
	return s
}

// read runs a program and gives its lines to take, until that says no: then it
// kills it, and gives the rest, too.
func (r *readers) read(cmd *exec.Cmd, take func(line string) bool) {
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		r.T.Errorf("start bg-events: %v", err)
		return
	}
	lines := bufio.NewReader(out)
	for more := true; ; {
		line, err := lines.ReadString('\n')
		if err != nil {
			break // what was cut off by the kill is no line
		}
		if !take(line) && more {
			cmd.Process.Kill()
			more = false
		}
	}
	cmd.Wait()
}

// killedConsumer is a consumer that is killed again and again.
type killedConsumer struct {
	*readers
	name     string
	auto     bool  // it lets bg-events acknowledge
	acked    int64 // -1 before the first time
	sessions []*session
}

// live reads, acknowledges now and then, and is killed after some lines, until
// nothing is produced any more; then it reads what is left.
func (c *killedConsumer) live(ctx context.Context, dice *rand.Rand) {
	for ctx.Err() == nil && !c.T.Failed() {
		c.session(ctx, dice.IntN(12), func() bool { return dice.IntN(4) == 0 }, "-f")
	}
	c.session(context.Background(), -1, func() bool { return true })
}

// session is one life of the consumer. It has done what it read before it
// acknowledges that, so what it acknowledged need not come again.
func (c *killedConsumer) session(ctx context.Context, lines int, now func() bool, args ...string) {
	s := &session{who: c.name, from: c.acked}
	ctx, cancel := context.WithTimeout(ctx, suite.Patience)
	defer cancel()
	args = append(args, "--consumer", c.name)
	if c.auto {
		args = append(args, "--auto-ack")
	}
	c.read(c.Command(ctx, append([]string{"bg-events"}, args...)...), func(line string) bool {
		s.take(line)
		if !c.auto && now() {
			c.acknowledge(gjson.Get(line, "cursor").Int())
		}
		lines--
		return lines != 0
	})
	if c.auto {
		c.acked = c.stored()
	}
	c.sessions = append(c.sessions, s)
}

func (c *killedConsumer) acknowledge(cursor int64) {
	if got := c.verb("bg-events", "--consumer", c.name, "--ack", fmt.Sprint(cursor)); got.Code != 0 {
		c.T.Errorf("%s: --ack %d = %d, %q", c.name, cursor, got.Code, got.Err)
	}
	c.acked = cursor
}

// stored is the cursor that the home has of the consumer.
func (c *killedConsumer) stored() int64 {
	for line := range strings.Lines(c.verb("bg-events", "--consumers").Out) {
		if j := gjson.Parse(line); j.Get("name").String() == c.name && j.Get("cursor").Type == gjson.Number {
			return j.Get("cursor").Int()
		}
	}
	return -1
}

// check wants that nothing was missed from the first time that anything was
// acknowledged on: what a session has not done begins the next one.
func (c *killedConsumer) check() {
	seen := map[int64]bool{}
	begin := int64(-1)
	for _, s := range c.sessions {
		if len(s.cursors) == 0 && !s.bootstrap.Exists() {
			continue
		}
		c.checkSession(s)
		if s.bootstrap.Exists() {
			begin = s.begin()
		}
		for _, cursor := range s.cursors {
			seen[cursor] = true
		}
	}
	for _, l := range c.after(begin) {
		if !seen[l.cursor] {
			c.T.Errorf("%s missed %s of %s", c.name, l.event.name(), l.event.Get("taskId"))
		}
	}
	c.T.Logf("%s: %d lives, %d events of %d", c.name, len(c.sessions), len(seen), len(c.lines))
}

// TestKilledConsumersMissNothing has producers and consumers that are killed at random: no
// consumer misses an event, and each gets them in order.
func TestKilledConsumersMissNothing(t *testing.T) {
	r := &readers{storm: newStorm(t)}
	t.Cleanup(r.clear)
	ctx, done := context.WithCancel(t.Context())
	defer done()
	var producers, consumers sync.WaitGroup
	for p := range uint64(3) {
		producers.Go(func() { r.produce(r.dice(p)) })
	}
	producers.Go(func() { r.killShims(r.dice(50), r.shims) })
	var list []*killedConsumer
	for i := range uint64(3) {
		c := &killedConsumer{readers: r, name: fmt.Sprintf("consumer%d", i), auto: i == 2, acked: -1}
		list = append(list, c)
		consumers.Go(func() { c.live(ctx, r.dice(100+i)) })
	}
	producers.Wait()
	r.stopAll()
	r.settle()
	done()
	consumers.Wait()
	r.loadJournal()
	for _, c := range list {
		c.check()
	}
}

// produce starts tasks, and is killed doing so now and then.
func (r *readers) produce(dice *rand.Rand) {
	for i := 0; !r.over(); i++ {
		args := []string{"--tag", "produced", "--", "sh", "-c",
			[]string{"exit 0", "exit 3", "bg-report --percent 50; bg-report step halfway", "sleep 60"}[dice.IntN(4)]}
		switch dice.IntN(4) {
		case 0:
			r.killed(dice, "bg-start", args...)
		case 1:
			r.verb("bg-stop", "--tag", "produced", "--status", "running")
		default:
			r.verb("bg-start", args...)
		}
	}
}
