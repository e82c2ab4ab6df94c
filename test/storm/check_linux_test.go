package storm

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"
	"golang.org/x/sys/unix"

	"bgtasks/test/suite"
)

// The checker knows the files of the home, the accounts of the tellers and what
// the test asked for. It asks no verb what is true.

// settle waits until the supervisors of what is over have ended, and lets a
// verb heal what killed ones left.
func (s *storm) settle() {
	if r := s.verb("bg-list"); r.Code != 0 || r.Err != "" {
		s.T.Errorf("bg-list = %d, %q", r.Code, r.Err)
	}
	kept := s.keptIDs()
	for _, p := range s.processes() {
		words := p.Args()
		if !p.IsShim() || len(words) < 2 || slices.Contains(kept, words[1]) {
			continue
		}
		if !p.AwaitEnd(10 * time.Second) {
			s.T.Errorf("a supervisor of %s stays:\n%s", words[1], s.describe(words[1:]))
		}
	}
}

// keptIDs are the tasks that the test has left running.
func (s *storm) keptIDs() (ids []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, task := range s.tasks {
		if task.kept {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

func (s *storm) ids() (ids []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id := range s.tasks {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

func (s *storm) processes() []suite.Process { return suite.ProcessesOf(s.Work) }

// clear ends what a failed storm leaves, and reaps what fell to this process.
func (s *storm) clear() {
	for _, p := range s.processes() {
		p.KillIf(p.Runs)
		p.AwaitEnd(suite.Patience)
	}
	for {
		if pid, err := unix.Wait4(-1, nil, unix.WNOHANG, nil); pid <= 0 && !errors.Is(err, unix.EINTR) {
			return
		}
	}
}

// stopAll stops what the test has left running; then nothing at all lives.
func (s *storm) stopAll() {
	if r := s.verb("bg-stop", "--all"); r.Code != 0 {
		s.T.Errorf("bg-stop --all = %d, %q", r.Code, r.Err)
	}
	for _, id := range s.ids() {
		s.checkGone(id)
	}
}

// checkGone tells of tellers of a task that live though they must not.
func (s *storm) checkGone(id string) {
	for _, a := range s.accounts(id) {
		if slices.ContainsFunc(s.processes(), func(p suite.Process) bool { return p.PID == a.pid }) {
			s.T.Errorf("%s run %d writer %s: process %d lives after the stop:\n%s",
				id, a.run, a.writer, a.pid, s.describe([]string{id}))
		}
	}
}

// checkLive wants exactly these markers.
func (s *storm) checkLive(want []string) {
	got := names(s.T, filepath.Join(s.Path, "live"))
	if !slices.Equal(got, want) {
		s.T.Errorf("live/ = %q, want %q:\n%s", got, want, s.describe(got))
	}
}

func names(t interface{ Errorf(string, ...any) }, dir string) (list []string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Errorf("%v", err)
	}
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

// account is what a teller noted of itself: testdata/prog/teller/account.go.
type account struct {
	run         int
	writer      string
	pid         int
	lines, size int64
	end         int64
}

// accounts reads those of a task.
func (s *storm) accounts(id string) (all []account) {
	paths, _ := filepath.Glob(filepath.Join(s.ledger, id+".*.[0-9]"))
	for _, path := range paths {
		data, err := os.ReadFile(path)
		f := strings.Split(filepath.Base(path), ".")
		run, err2 := strconv.Atoi(f[1])
		if err = errors.Join(err, err2); err != nil || len(data) != 32 {
			if len(data) != 0 {
				s.T.Errorf("account %s: %d bytes, %v", path, len(data), err)
			}
			continue
		}
		n := func(i int) int64 { return int64(binary.LittleEndian.Uint64(data[8*i:])) }
		all = append(all, account{run, f[2], int(n(0)), n(1), n(2), n(3)})
	}
	return all
}

// checkTasks checks the directory of each task. All of them are over.
func (s *storm) checkTasks() {
	if twice, _ := filepath.Glob(filepath.Join(s.ledger, "twice.*")); len(twice) > 0 {
		s.T.Errorf("runs executed twice: %q", twice)
	}
	for _, id := range s.ids() {
		dir := filepath.Join(s.Path, "tasks", id)
		accounts := s.accounts(id)
		if _, err := os.Stat(dir); err != nil {
			if len(accounts) > 0 {
				s.T.Errorf("%s has run, but: %v", id, err)
			}
			continue
		}
		spec, state := s.readRecord(filepath.Join(dir, "spec.json")), s.readRecord(filepath.Join(dir, "state.json"))
		if spec.Get("id").String() != id || spec.Get("run").Int() != state.Get("run").Int() || !over(state.Get("state").String()) {
			s.T.Errorf("%s is not over, want it recorded so:\n%s", id, s.describe([]string{id}))
		}
		s.stats.runs.Add(spec.Get("run").Int())
		s.checkTidy(id, dir)
		s.checkLog(s.task(id), dir, accounts)
	}
}

func over(state string) bool {
	return slices.Contains([]string{"succeeded", "failed", "cancelled", "timed_out"}, state)
}

// checkTidy wants nothing of a run left in the directory of a task that is over,
// and its lock free.
func (s *storm) checkTidy(id, dir string) {
	for _, name := range []string{"stop.json", "out.fifo", "err.fifo", "ctl.fifo"} {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			s.T.Errorf("%s has %s though it is over:\n%s", id, name, s.describe([]string{id}))
		}
	}
	f, err := os.OpenFile(filepath.Join(dir, "run.lock"), os.O_RDWR, 0)
	if err != nil {
		s.T.Errorf("%s: %v", id, err)
		return
	}
	defer f.Close()
	lock := unix.Flock_t{Type: unix.F_WRLCK}
	if err := unix.FcntlFlock(f.Fd(), unix.F_OFD_GETLK, &lock); err != nil || lock.Type != unix.F_UNLCK {
		s.T.Errorf("run.lock of %s is held though it is over (%v)", id, err)
	}
}

// calm runs every task once more, in peace: whatever the storm did to a task,
// it can be started again.
func (s *storm) calm() {
	if err := os.WriteFile(filepath.Join(s.ledger, "calm"), nil, 0o600); err != nil {
		s.T.Fatal(err)
	}
	var present []string
	for _, id := range s.ids() {
		if _, err := os.Stat(filepath.Join(s.Path, "tasks", id)); err == nil {
			present = append(present, id)
		}
	}
	for some := range slices.Chunk(present, 50) {
		if r := s.verb("bg-restart", some...); r.Code != 0 || r.Err != "" {
			s.T.Errorf("bg-restart after the storm = %d, %q", r.Code, r.Err)
		}
		if r := s.verb("bg-wait", some...); r.Code != 0 {
			s.T.Errorf("bg-wait after the storm = %d, %q", r.Code, r.Err)
		}
	}
	s.settle()
	for _, id := range present {
		s.checkCalm(id)
	}
	s.checkLive(nil)
	for _, p := range s.processes() {
		s.T.Errorf("process %s is left", p)
	}
}

func (s *storm) checkCalm(id string) {
	dir := filepath.Join(s.Path, "tasks", id)
	state := s.readRecord(filepath.Join(dir, "state.json"))
	if state.Get("state").String() != "succeeded" || state.Get("exitCode").Raw != "0" {
		s.T.Errorf("%s after the storm: %s, want succeeded with 0", id, state.Raw)
	}
	run := state.Get("run").Int()
	var log []byte
	for _, p := range s.pieces(dir) {
		log = append(log, p.data...)
	}
	text := strings.TrimSuffix(string(log), "\n")
	last := text[strings.LastIndexByte(text, '\n')+1:]
	if line, ok := parseLine(last); !ok || line.run != int(run) {
		s.T.Errorf("last line of %s after the storm = %q, want one of run %d", id, last, run)
	}
	s.checkTidy(id, dir)
	visible := func(name string) bool { return !strings.HasPrefix(name, ".") } // the others are swept when old
	if bells := names(s.T, filepath.Join(dir, "bells")); slices.ContainsFunc(bells, visible) {
		s.T.Errorf("%s has bells nobody waits at: %q", id, bells)
	}
}

// event is one line of the journal.
type event struct{ gjson.Result }

func (e event) name() string { return e.Get("event").String() }
func (e event) run() int     { return int(e.Get("run").Int()) }
