package launch

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"bgtasks/lib/fail"
	"bgtasks/lib/fsys"
	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// handover is what a shim is started with.
type handover struct {
	id  string
	dir string   // its working directory
	env []string // its environment but for the tuned variables

	patience time.Duration // until it must have answered
}

// shim is a supervisor that was executed and waits to be told what to do. Who
// has one must tell or abandon it.
type shim struct {
	first  int      // pid of a process to be reaped; 0 for none, see proc.SpawnOrphan
	report *os.File // read end
	launch *os.File // write end

	patience time.Duration // until it must have answered
}

// deliver executes a shim, tells it what to do and returns its report.
func (x *handover) deliver(held *store.Lock, block []byte) (*record.Report, error) {
	s, err := x.begin(held)
	if err != nil {
		return nil, err
	}
	return s.tell(block)
}

// begin executes a shim in a session of its own, with the held lock. It gets
// ready while the caller does other things, and does nothing before it is told.
func (x *handover) begin(held *store.Lock) (*shim, error) {
	path, err := shimPath()
	if err != nil {
		return nil, err
	}
	if silent(time.Now()) {
		return nil, fmt.Errorf("start the supervisor %s: one that was just started has not answered", path)
	}
	null, err := fsys.Open(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer null.Close()
	reportR, reportW, err := fsys.Pipe()
	if err != nil {
		return nil, err
	}
	defer reportW.Close()
	launchR, launchW, err := fsys.Pipe()
	if err != nil {
		return nil, errors.Join(err, reportR.Close())
	}
	defer launchR.Close()
	s := &shim{report: reportR, launch: launchW, patience: x.patience}
	err = fail.Point("launch-spawn")
	if err == nil {
		s.first, err = x.spawn(path, []*os.File{null, null, null, held.File(), reportW, launchR})
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start the supervisor %s: %w", path, err), launchW.Close(), reportR.Close())
	}
	return s, nil
}

// tell gives the shim its launch block and returns its report.
func (s *shim) tell(block []byte) (*record.Report, error) {
	fail.Pass("launch-block")
	deadline := time.Now().Add(s.patience)
	// A shim that is gone early breaks this pipe; its report then tells more.
	werr := s.write(block, deadline)
	s.launch.Close()
	fail.Pass("launch-report")
	report, err := s.listen(deadline)
	if errors.Is(err, record.ErrReport) && errors.Is(werr, unix.EPIPE) {
		// Not wrapped: to the caller a broken pipe means that its reader has gone.
		return nil, fmt.Errorf("the supervisor ended before it was told what to do: %v", werr)
	}
	return report, err
}

// abandon lets the shim end: without a launch block it does nothing. When it has
// ended, nobody but the caller holds the lock.
func (s *shim) abandon() {
	s.launch.Close()
	s.listen(time.Now().Add(s.patience))
}

// listen reads the report, and reaps who has ended by then or is about to. A shim that
// has not answered by the deadline is killed; the error is then a *silentError.
func (s *shim) listen(deadline time.Time) (*record.Report, error) {
	defer s.report.Close()
	text, err := s.read(deadline)
	if errors.Is(err, errLate) {
		s.end()
		fallSilent(time.Now())
		err = &silentError{s.patience}
	}
	var report *record.Report
	if err == nil {
		report, err = record.ParseReport(text)
	}
	if s.first != 0 {
		_ = proc.Await(s.first) // it was reaped by whoever gathers all children
	}
	return report, err
}

func (x *handover) spawn(path string, files []*os.File) (first int, err error) {
	fds := make([]uintptr, len(files))
	for i, f := range files {
		fds[i] = f.Fd()
	}
	return proc.SpawnOrphan(proc.SpawnSpec{
		Path:  path,
		Argv:  []string{record.ShimName, x.id},
		Env:   override(x.env, append(record.ShimTuning(), fail.Environ()...)...),
		Dir:   x.dir,
		Files: fds,
		Umask: -1,
	})
}

// shimPath finds the shim beside this program, where make install puts it.
func shimPath() (string, error) {
	path, err := beside(record.ShimName)
	if err == nil && !executable(path) {
		err = &SpawnError{Stage: record.StageShim, Command: record.ShimName, Path: path, Errno: syscall.ENOENT}
	}
	return path, err
}

// Dispatcher is the path of the program beside this one that starts waiting tasks. It
// is "" if there is none.
func Dispatcher() string {
	if path, err := beside(record.DispatcherName); err == nil && executable(path) {
		return path
	}
	return ""
}

// beside names a program of the suite in the folder of this one.
func beside(name string) (string, error) {
	folder, err := ownFolder()
	return filepath.Join(folder, name), err
}

// ownFolder is looked for once: a batch asks for every task.
var ownFolder = sync.OnceValues(func() (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find this program's file: %w", err)
	}
	if real, err := filepath.EvalSymlinks(self); err == nil {
		self = real
	}
	return filepath.Dir(self), nil
})

// taskEnv is the whole environment of the task.
func taskEnv(h *store.Home, r *Request) []string {
	return override(lastOfEach(r.Env),
		append(r.Spec.Environ(h.Path()), record.MarkAttempt+"="+strconv.Itoa(max(r.attempt, 1)))...)
}

// lastOfEach keeps the last value of each variable: getenv(3) would find the
// first, but what was set later is meant to count.
func lastOfEach(env []string) []string {
	at := make(map[string]int, len(env))
	kept := make([]string, 0, len(env))
	for _, kv := range env {
		name, _, _ := strings.Cut(kv, "=")
		if i, there := at[name]; there {
			kept[i] = kv
			continue
		}
		at[name] = len(kept)
		kept = append(kept, kv)
	}
	return kept
}

// override gives env with the variables of set instead of its own.
func override(env []string, set ...string) []string {
	kept := slices.DeleteFunc(slices.Clone(env), func(kv string) bool { return named(kv, set) })
	return append(kept, set...)
}

// named tells whether set has a value for the variable of kv.
func named(kv string, set []string) bool {
	name, _, _ := strings.Cut(kv, "=")
	for _, s := range set {
		if rest, same := strings.CutPrefix(s, name); same && strings.HasPrefix(rest, "=") {
			return true
		}
	}
	return false
}

// orders is what a shim must know of the task, for a start as for an adoption.
func orders(h *store.Home, s *record.Spec, attempt int) record.Launch {
	signal, _ := proc.ParseSignal(s.Signal)
	return record.Launch{
		ID: s.ID, Run: s.Run, Attempt: max(attempt, 1), RunToken: s.RunToken, TaskDir: h.TaskDir(s.ID), Home: h.Path(),
		Split: s.Split, Tees: s.Tees, LogMax: s.LogMax, Leftovers: s.Leftovers,
		Signal: int(signal), SignalName: s.Signal, GraceMs: s.KillGraceMs, TimeLimitMs: s.TimeLimitMs,
		Successes: s.SuccessExitCodes, Labels: s.EventLabels(), Retry: s.Retry,
		WatchdogMs: s.WatchdogMs, OnWatchdog: s.WatchdogAction, Dispatcher: Dispatcher(),
	}
}

// startBlock encodes the orders for a start. The user's own values of the
// tuned variables go along, to be put back for the task.
func (r *Request) startBlock(h *store.Home, program string, env []string) []byte {
	l := orders(h, &r.Spec, r.attempt)
	l.Path, l.Argv = program, append([]string{r.Spec.Command}, r.Spec.Args...)
	l.Dir, l.Stdin, l.Umask = r.Spec.Workdir, r.Spec.Stdin, r.Umask
	if r.Spec.Schedule != nil {
		l.Limits = r.Spec.Schedule.Limits
	}
	if r.Removed != nil {
		l.Replaced = r.Removed.AppendJSON(nil)
	}
	tuning := record.ShimTuning()
	for _, kv := range env {
		if named(kv, tuning) {
			l.RestoreEnv = append(l.RestoreEnv, kv)
		}
	}
	return l.AppendBlock(nil)
}
