package show

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"bgtasks/lib/fault"
	"bgtasks/lib/record"
	"bgtasks/lib/view"
)

// PrintStatus writes a task for people: a "key: value" line for each thing that
// is known. Nothing in it can steer the terminal.
func Status(p *Printer, t *view.Task) error {
	for _, f := range statusFields(t) {
		if f.value == "" {
			continue
		}
		if _, err := fmt.Fprintf(p.Out, "%-12s %s\n", f.key+":", fault.Printable(f.value)); err != nil {
			return err
		}
	}
	if err := p.printAttempts(t.Attempts); err != nil {
		return err
	}
	return p.printSteps(t.Steps)
}

// printAttempts writes a line for each if they are several.
func (p *Printer) printAttempts(attempts []view.Attempt) error {
	for _, a := range attempts {
		if len(attempts) < 2 {
			break
		}
		key := fmt.Sprintf("attempt %d.%d:", a.Run, a.Attempt)
		if _, err := fmt.Fprintf(p.Out, "%-12s %s\n", key, attemptText(a)); err != nil {
			return err
		}
	}
	return nil
}

func attemptText(a view.Attempt) string {
	words := []string{string(a.State), string(a.Reason), fault.Printable(spawnErrorText(a.SpawnError))}
	for _, w := range []struct{ name, value string }{
		{"exit code", optional(a.ExitCode, strconv.Itoa)}, {"signal", optional(a.Signal, strings.Clone)},
		{"from", optional(a.StartedAt, strings.Clone)}, {"to", optional(a.ExitedAt, strings.Clone)},
	} {
		if w.value != "" {
			words = append(words, w.name+" "+w.value)
		}
	}
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), ", ")
}

// spawnErrorText tells why a program could not be executed, and at which step.
func spawnErrorText(e *view.SpawnError) string {
	if e == nil {
		return ""
	}
	return e.Step + ": " + e.Message
}

func (p *Printer) printSteps(steps []view.Step) error {
	for _, s := range steps {
		if _, err := fmt.Fprintf(p.Out, "%-12s %s\n", "step "+s.ID+":", fault.Printable(stepText(s))); err != nil {
			return err
		}
	}
	return nil
}

func stepText(s view.Step) string {
	words := []string{s.CreatedAt, s.Level, s.Kind}
	if s.Percent != nil {
		words = append(words, percentText(*s.Percent))
	}
	words = append(words, s.Message)
	if len(s.Meta) > 0 {
		words = append(words, string(s.Meta))
	}
	return strings.Join(words, " ")
}

func percentText(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) + "%" }

// progressText is what a task has reported of its progress.
func progressText(p *record.Progress) string {
	if p == nil {
		return ""
	}
	var words []string
	if p.Percent != nil {
		words = append(words, percentText(*p.Percent))
	}
	if p.Label != "" {
		words = append(words, p.Label)
	}
	if len(p.Meta) > 0 {
		words = append(words, string(p.Meta))
	}
	return strings.Join(words, " ")
}

// field is a line of a status.
type field struct{ key, value string }

// statusFields are the lines of a status; empty ones are not shown.
func statusFields(t *view.Task) []field {
	return []field{
		{"id", t.ID}, {"name", t.Name}, {"command", commandOf(t)}, {"workdir", t.Workdir},
		{"kind", t.Kind}, {"tags", strings.Join(t.Tags, ", ")}, {"session", t.ParentSessionID},
		{"queue", t.Queue}, {"priority", positive(int64(t.Priority), "")}, {"scheduled", t.ScheduledAt},
		{"after", strings.Join(t.After, ", ")},
		{"concurrency", t.ConcurrencyKey}, {"dedupe", t.DedupeKey}, {"supersede", t.SupersedeKey},
		{"channels", strings.Join(givenChannels(t), ", ")},
		{"env", envText(t.Env)}, {"stdin", t.Stdin}, {"tees", strings.Join(t.Tees, ", ")},
		{"unreadable", t.Fault},
		{"state", string(t.State)}, {"status", string(t.Status)}, {"reason", string(t.Reason)},
		{"spawn error", spawnErrorText(t.SpawnError)},
		{"exit code", optional(t.ExitCode, strconv.Itoa)}, {"signal", optional(t.Signal, strings.Clone)},
		{"run", positive(int64(t.Run), "")}, {"attempt", attemptOf(t)}, {"pid", positive(int64(t.PID), "")},
		{"supervisor", string(t.Supervisor)}, {"hindrance", t.Hindrance}, {"on host", t.Host}, {"unknown", unknownText(t)},
		{"containment", t.Containment},
		{"leftovers", positive(int64(t.Leftovers), "")},
		{"created", t.CreatedAt}, {"started", t.StartedAt}, {"exited", t.ExitedAt},
		{"time limit", positive(t.TimeLimitMs, " ms")}, {"grace", positive(t.KillGraceMs, " ms")},
		{"stop signal", t.StopSignal}, {"left behind", t.LeftoversPolicy}, {"stderr", splitText(t)},
		{"watchdog", watchdogText(t)}, {"stale", staleText(&t.Progress)},
		{"backoff", string(t.Backoff)}, {"no retry on", codesText(t.NoRetry)}, {"succeeds on", codesText(t.Successes)},
		{"progress", progressText(t.Report)}, {"heartbeat", optional(t.Progress.LastHeartbeatAt, strings.Clone)},
		{"result", string(t.Result)},
		{"usage", usageText(t.Usage)}, {"stop", stopText(t.Stop)},
		{"log", t.LogPath}, {"log cap", positive(t.LogMaxBytes, "")}, {"log bytes", strconv.FormatInt(t.LogBytes, 10)},
		{"log dropped", positive(t.LogDroppedBytes, "")}, {"output end", t.OutputEnd}, {"tees missed", positive(t.TeeMissedBytes, "")},
		{"metadata", string(t.Metadata)},
	}
}

// unknownText says what can't be known from here, and why.
func unknownText(t *view.Task) string {
	if t.Unknown == "" {
		return ""
	}
	return "whether it lives cannot be known from here: " + t.Unknown
}

// attemptOf tells which attempt it is of how many, if there may be several.
func attemptOf(t *view.Task) string {
	if t.MaxAttempts <= 1 {
		return ""
	}
	return fmt.Sprintf("%d of %d", t.Attempt, t.MaxAttempts)
}

// splitText tells where stderr goes, if that is not where stdout does.
func splitText(t *view.Task) string {
	if !t.SplitLogs {
		return ""
	}
	return "in a log of its own"
}

func watchdogText(t *view.Task) string {
	if t.WatchdogMs == 0 {
		return ""
	}
	return fmt.Sprintf("%d ms, then %s", t.WatchdogMs, t.WatchdogAction)
}

// staleText tells since when a task has shown no sign of life, and how that is
// known.
func staleText(p *view.Progress) string {
	if p.StaleAt == nil || p.StaleReason == nil {
		return ""
	}
	return "since " + *p.StaleAt + ": " + *p.StaleReason
}

func codesText(codes []int) string { return strings.Trim(fmt.Sprint(codes), "[]") }

// givenChannels are those that do not follow from what the task is.
func givenChannels(t *view.Task) []string {
	if t.Spec == nil {
		return nil
	}
	return t.Spec.Channels
}

func commandOf(t *view.Task) string {
	if t.Command == "" {
		return ""
	}
	return fault.CommandLine(t.Command, t.Args)
}

func optional[T any](v *T, text func(T) string) string {
	if v == nil {
		return ""
	}
	return text(*v)
}

func positive(n int64, unit string) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10) + unit
}

func envText(env map[string]string) string {
	names := make([]string, 0, len(env))
	for name, value := range env {
		names = append(names, name+"="+value)
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

func usageText(u *view.Usage) string {
	if u == nil {
		return ""
	}
	return fmt.Sprintf("user %d ms, system %d ms, max RSS %d KiB", u.UserMs, u.SystemMs, u.MaxRSSKB)
}

func stopText(s *view.Stop) string {
	if s == nil {
		return ""
	}
	text := fmt.Sprintf("asked for at %s by %s with %s", s.RequestedAt, s.By, s.Signal)
	if s.Reason != "" {
		text += ": " + s.Reason
	}
	return text
}
