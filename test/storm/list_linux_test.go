package storm

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tidwall/gjson"
)

// busyTasks is how many tasks come and go while bg-list is hammered.
const busyTasks = 200

// TestListWhileTasksComeAndGo hammers bg-list in all its forms while 200
// tasks are started, restarted, replaced by others of the same id and stopped:
// never an error, never half a record, none twice. Tasks that are only run
// again or replaced are never missing either. BG_STORM and BG_STORM_SEED as for
// the crash storm.
func TestListWhileTasksComeAndGo(t *testing.T) {
	s := newStorm(t)
	t.Logf("seed %d", s.seed)
	t.Cleanup(s.clear)
	ids := make([]string, busyTasks)
	for i := range ids {
		ids[i] = fmt.Sprintf("busy%03d", i)
	}
	for _, id := range ids[:busyTasks/2] {
		s.come(id)
	}
	s.until = time.Now().Add(s.length)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var goers, listers sync.WaitGroup
	h := &listStorm{storm: s, ids: ids, steady: ids[:busyTasks/2]}
	for i := range 4 {
		mine := slices.Concat(h.steady[i*25:i*25+25], ids[busyTasks/2+i*25:][:25])
		goers.Go(func() { h.comeAndGo(s.dice(uint64(i)), mine) })
	}
	for i := range 3 {
		listers.Go(func() { h.list(ctx, s.dice(uint64(10+i))) })
	}
	goers.Wait()
	cancel()
	listers.Wait()
	if r := s.verb("bg-stop", "--all"); r.Code != 0 {
		t.Errorf("bg-stop --all = %d, %q", r.Code, r.Err)
	}
	s.settle()
	s.checkLive(nil)
	for _, p := range s.processes() {
		t.Errorf("process %s is left", p)
	}
	t.Logf("%d comings and goings, %d lists", h.changes.Load(), h.lists.Load())
}

// listStorm is one such test.
type listStorm struct {
	*storm
	ids, steady    []string
	changes, lists atomic.Int64
}

func (s *storm) come(id string) {
	args := []string{"--id", id, "--tag", "busy", "--meta", `{"of":"` + id + `"}`, "--", "sleep", "600"}
	if r := s.verb("bg-start", args...); r.Code != 0 {
		s.T.Errorf("bg-start %s = %d, %q", id, r.Code, r.Err)
	}
}

// comeAndGo changes tasks that nobody else changes, each at least once.
func (h *listStorm) comeAndGo(dice *rand.Rand, mine []string) {
	for _, id := range mine {
		if !slices.Contains(h.steady, id) {
			h.come(id)
			h.changes.Add(1)
		}
	}
	for !h.over() {
		id := mine[dice.IntN(len(mine))]
		switch dice.IntN(3) {
		case 0:
			h.must(0, "bg-restart", id)
		case 1:
			h.must(0, "bg-stop", id)
		case 2:
			h.must(0, "bg-stop", id)
			h.come(id)
		}
		h.changes.Add(1)
	}
}

// list lists in one form after another, and checks each answer.
func (h *listStorm) list(ctx context.Context, dice *rand.Rand) {
	forms := []struct {
		args  []string
		every bool // it lists all tasks
		ids   func(out string) ([]string, error)
	}{
		{nil, true, wordsOf(0)},
		{[]string{"-q", "--tag", "busy"}, true, wordsOf(0)},
		{[]string{"-o", "json"}, true, idsInArray},
		{[]string{"-o", "jsonl"}, true, idsInLines},
		{[]string{"-o", "table"}, true, wordsOf(1)},
		{[]string{"-o", "tsv"}, true, wordsOf(0)},
		{[]string{"-o", "id", "--kind", "command"}, true, wordsOf(0)},
		{[]string{"-o", "{{.ID}} {{.State}}"}, true, wordsOf(0)},
		{[]string{"--json"}, true, idsInEnvelope},
		{[]string{`{"tags":["busy"]}`}, true, idsInEnvelope},
		{[]string{"--status", "running"}, false, wordsOf(0)},
		{[]string{"--state", "cancelled,failed", "-o", "json"}, false, idsInArray},
		{[]string{"--status", "running,starting", "-o", "jsonl"}, false, idsInLines},
	}
	for ctx.Err() == nil {
		form := forms[dice.IntN(len(forms))]
		r := h.verb("bg-list", form.args...)
		h.lists.Add(1)
		ids, err := form.ids(r.Out)
		if r.Code != 0 || r.Err != "" || err != nil {
			h.T.Errorf("bg-list %q = %d, %q, %v, want 0 and no word", form.args, r.Code, r.Err, err)
			return
		}
		h.check(form.args, ids, form.every)
	}
}

// check wants known ids, each once, and of the steady ones all.
func (h *listStorm) check(args, ids []string, every bool) {
	seen := map[string]bool{}
	for _, id := range ids {
		if seen[id] || !slices.Contains(h.ids, id) {
			h.T.Errorf("bg-list %q lists %q twice, or out of nowhere", args, id)
		}
		seen[id] = true
	}
	for _, id := range h.steady {
		if every && !seen[id] {
			h.T.Errorf("bg-list %q does not list %s, which is always there", args, id)
		}
	}
}

// wordsOf reads ids from the beginnings of lines, after some lines of heading.
func wordsOf(heading int) func(string) ([]string, error) {
	return func(out string) (ids []string, err error) {
		for i, line := range strings.Split(strings.TrimSuffix(out, "\n"), "\n") {
			if f := strings.Fields(line); i >= heading && len(f) > 0 {
				ids = append(ids, f[0])
			}
		}
		return ids, nil
	}
}

func idsInArray(out string) ([]string, error) {
	if !gjson.Valid(out) {
		return nil, fmt.Errorf("no JSON: %q", out)
	}
	return idsOf(gjson.Parse(out).Array())
}

func idsInEnvelope(out string) ([]string, error) {
	if !gjson.Valid(out) || !gjson.Get(out, "ok").Bool() {
		return nil, fmt.Errorf("no JSON of success: %q", out)
	}
	tasks := gjson.Get(out, "data.tasks").Array()
	if total := gjson.Get(out, "data.total").Int(); total != int64(len(tasks)) {
		return nil, fmt.Errorf("total is %d of %d tasks", total, len(tasks))
	}
	return idsOf(tasks)
}

func idsInLines(out string) ([]string, error) {
	var tasks []gjson.Result
	for line := range strings.Lines(out) {
		if !gjson.Valid(line) {
			return nil, fmt.Errorf("no JSON: %q", line)
		}
		tasks = append(tasks, gjson.Parse(line))
	}
	return idsOf(tasks)
}

// idsOf wants every task whole, and its facts to fit each other.
func idsOf(tasks []gjson.Result) (ids []string, err error) {
	ended := map[string]bool{"exited": true, "killed": true, "failed": true}
	for _, task := range tasks {
		id := task.Get("id").String()
		switch {
		case task.Get("unreadable").Exists():
			err = fmt.Errorf("unreadable: %s", task.Raw)
		case task.Get("command").String() != "sleep" || task.Get("metadata.of").String() != id:
			err = fmt.Errorf("not what was started: %s", task.Raw)
		case ended[task.Get("status").String()] != over(task.Get("state").String()),
			over(task.Get("state").String()) != task.Get("reason").Exists():
			err = fmt.Errorf("at odds with itself: %s", task.Raw)
		}
		ids = append(ids, id)
	}
	return ids, err
}
