package launch

import (
	"slices"
	"strconv"
	"strings"

	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

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
