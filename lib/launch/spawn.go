package launch

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// ShimName is the supervisor's program, found beside the verb's own.
const ShimName = "bg-shim"

// startShim executes the shim in a session of its own, tells it what to run
// and returns its report.
func startShim(h *store.Home, r *Request, held *store.Lock, program string) (*record.Report, error) {
	path, err := shimPath()
	if err != nil {
		return nil, err
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer null.Close()
	reportR, reportW, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer reportR.Close()
	launchR, launchW, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, reportW.Close())
	}
	env := taskEnv(h, r)
	block := r.launchBlock(h, program, env)
	_, err = spawnShim(path, r, env, []*os.File{null, null, null, held.File(), reportW, launchR})
	reportW.Close()
	launchR.Close()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start the supervisor %s: %w", path, err), launchW.Close())
	}
	// A shim that is gone early breaks this pipe; its report then tells more.
	_, werr := launchW.Write(block)
	launchW.Close()
	report, err := readReport(reportR)
	if errors.Is(err, record.ErrReport) && werr != nil {
		return nil, fmt.Errorf("hand over to the supervisor: %w", werr)
	}
	return report, err
}

// spawnShim starts the first shim, which forks again and ends at once, and
// reaps it.
func spawnShim(path string, r *Request, env []string, files []*os.File) (int, error) {
	fds := make([]uintptr, len(files))
	for i, f := range files {
		fds[i] = f.Fd()
	}
	pid, err := proc.Spawn(proc.SpawnSpec{
		Path:   path,
		Argv:   []string{ShimName, r.Spec.ID},
		Env:    tuned(env),
		Dir:    r.Spec.Workdir,
		Files:  fds,
		Setsid: true,
		Umask:  -1,
	})
	if err != nil {
		return 0, err
	}
	for {
		_, err := syscall.Wait4(pid, nil, 0, nil)
		if !errors.Is(err, syscall.EINTR) {
			return pid, err
		}
	}
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
		"BG_TASK_ID="+r.Spec.ID,
		fmt.Sprintf("BG_RUN=%d", r.Spec.Run),
		"BG_ATTEMPT=1",
		"BACKGROUND_TASKS_HOME="+h.Path())
}

// tuned is the task's environment with the shim's own runtime variables.
func tuned(env []string) []string { return override(env, record.ShimTuning()...) }

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

// launchBlock encodes what the shim must know. The user's own values of the
// tuned variables go along, to be put back for the task.
func (r *Request) launchBlock(h *store.Home, program string, env []string) []byte {
	s := &r.Spec
	signal, _ := proc.ParseSignal(s.Signal)
	launch := record.Launch{
		ID: s.ID, Run: s.Run, Attempt: 1,
		TaskDir: h.TaskDir(s.ID), Home: h.Path(),
		Path: program, Argv: append([]string{s.Command}, s.Args...), Dir: s.Workdir, Stdin: s.Stdin,
		Split: s.Split, Tees: s.Tees, LogMax: s.LogMax, Leftovers: s.Leftovers,
		Signal: int(signal), SignalName: s.Signal, GraceMs: s.KillGraceMs, TimeLimitMs: s.TimeLimitMs,
		Successes: s.SuccessExitCodes, Umask: r.Umask, Labels: s.EventLabels(), BootID: s.StartedBy.BootID,
	}
	for _, kv := range env {
		if named(kv, record.ShimTuning()) {
			launch.RestoreEnv = append(launch.RestoreEnv, kv)
		}
	}
	return launch.AppendBlock(nil)
}
