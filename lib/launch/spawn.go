package launch

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"bgtasks/lib/fail"
	"bgtasks/lib/fsys"
	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// ShimName is the supervisor's program, found beside the verb's own.
const ShimName = "bg-shim"

// handover is what a shim is started with.
type handover struct {
	id    string
	dir   string   // its working directory
	env   []string // its environment but for the tuned variables
	block []byte   // what it is to do
}

// deliver executes a shim in a session of its own, with the held lock, tells it
// what to do and returns its report.
func (x *handover) deliver(held *store.Lock) (*record.Report, error) {
	path, err := shimPath()
	if err != nil {
		return nil, err
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
	defer reportR.Close()
	launchR, launchW, err := fsys.Pipe()
	if err != nil {
		return nil, errors.Join(err, reportW.Close())
	}
	err = fail.Point("launch-spawn")
	if err == nil {
		err = x.spawn(path, []*os.File{null, null, null, held.File(), reportW, launchR})
	}
	reportW.Close()
	launchR.Close()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start the supervisor %s: %w", path, err), launchW.Close())
	}
	fail.Pass("launch-block")
	// A shim that is gone early breaks this pipe; its report then tells more.
	_, werr := launchW.Write(x.block)
	launchW.Close()
	fail.Pass("launch-report")
	report, err := readReport(reportR)
	if errors.Is(err, record.ErrReport) && werr != nil {
		// Not wrapped: to the caller a broken pipe means that its reader has gone.
		return nil, fmt.Errorf("the supervisor ended before it was told what to do: %v", werr)
	}
	return report, err
}

// spawn starts the first shim, which forks again and ends at once, and reaps
// it.
func (x *handover) spawn(path string, files []*os.File) error {
	fds := make([]uintptr, len(files))
	for i, f := range files {
		fds[i] = f.Fd()
	}
	pid, err := proc.Spawn(proc.SpawnSpec{
		Path:   path,
		Argv:   []string{ShimName, x.id},
		Env:    override(x.env, append(record.ShimTuning(), fail.Environ()...)...),
		Dir:    x.dir,
		Files:  fds,
		Setsid: true,
		Umask:  -1,
	})
	for err == nil {
		_, err = syscall.Wait4(pid, nil, 0, nil)
		if err == nil {
			return nil
		}
		if errors.Is(err, syscall.EINTR) {
			err = nil
		}
	}
	return err
}

// shimPath finds the shim beside this program, where make install puts it.
func shimPath() (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find this program's file: %w", err)
	}
	if real, err := filepath.EvalSymlinks(self); err == nil {
		self = real
	}
	path := filepath.Join(filepath.Dir(self), ShimName)
	if !executable(path) {
		return "", &SpawnError{Stage: record.StageShim, Command: ShimName, Path: path, Errno: syscall.ENOENT}
	}
	return path, nil
}

// taskEnv is the whole environment of the task.
func taskEnv(h *store.Home, r *Request) []string {
	return override(lastOfEach(r.Env),
		append(record.Marks(r.Spec.ID, r.Spec.Run, h.Path()), "BG_ATTEMPT=1")...)
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

func named(kv string, set []string) bool {
	name, _, _ := strings.Cut(kv, "=")
	return slices.ContainsFunc(set, func(s string) bool { return strings.HasPrefix(s, name+"=") })
}

// orders is what a shim must know of the task, for a start as for an adoption.
func orders(h *store.Home, s *record.Spec) record.Launch {
	signal, _ := proc.ParseSignal(s.Signal)
	return record.Launch{
		ID: s.ID, Run: s.Run, Attempt: 1, TaskDir: h.TaskDir(s.ID), Home: h.Path(),
		Split: s.Split, Tees: s.Tees, LogMax: s.LogMax, Leftovers: s.Leftovers,
		Signal: int(signal), SignalName: s.Signal, GraceMs: s.KillGraceMs, TimeLimitMs: s.TimeLimitMs,
		Successes: s.SuccessExitCodes, Labels: s.EventLabels(),
	}
}

// startBlock encodes the orders for a start. The user's own values of the
// tuned variables go along, to be put back for the task.
func (r *Request) startBlock(h *store.Home, program string, env []string) []byte {
	l := orders(h, &r.Spec)
	l.Path, l.Argv = program, append([]string{r.Spec.Command}, r.Spec.Args...)
	l.Dir, l.Stdin, l.Umask = r.Spec.Workdir, r.Spec.Stdin, r.Umask
	for _, kv := range env {
		if named(kv, record.ShimTuning()) {
			l.RestoreEnv = append(l.RestoreEnv, kv)
		}
	}
	return l.AppendBlock(nil)
}
