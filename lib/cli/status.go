package cli

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"bgtasks/lib/view"
)

// Print writes one line to stdout.
func (c *Call) Print(line string) error {
	_, err := io.WriteString(c.Out, line+"\n")
	return err
}

// PrintStatus writes a task for people: a "key: value" line for each thing that
// is known. Nothing in it can steer the terminal.
func (c *Call) PrintStatus(t *view.Task) error {
	for _, f := range statusFields(t) {
		if f.Value == "" {
			continue
		}
		if _, err := fmt.Fprintf(c.Out, "%-12s %s\n", f.Key+":", Printable(f.Value.(string))); err != nil {
			return err
		}
	}
	return nil
}

// statusFields are the lines of a status; empty ones are not shown.
func statusFields(t *view.Task) []Detail {
	return []Detail{
		{"id", t.ID}, {"name", t.Name}, {"command", commandOf(t)}, {"workdir", t.Workdir},
		{"kind", t.Kind}, {"tags", strings.Join(t.Tags, ", ")}, {"session", t.ParentSessionID}, {"env", envText(t.Env)},
		{"unreadable", t.Fault},
		{"state", string(t.State)}, {"status", string(t.Status)}, {"reason", string(t.Reason)},
		{"exit code", optional(t.ExitCode, strconv.Itoa)}, {"signal", optional(t.Signal, strings.Clone)},
		{"run", positive(int64(t.Run), "")}, {"pid", positive(int64(t.PID), "")},
		{"supervisor", string(t.Supervisor)}, {"containment", t.Containment},
		{"leftovers", positive(int64(t.Leftovers), "")},
		{"created", t.CreatedAt}, {"started", t.StartedAt}, {"exited", t.ExitedAt},
		{"time limit", positive(t.TimeLimitMs, " ms")}, {"grace", positive(t.KillGraceMs, " ms")},
		{"usage", usageText(t.Usage)}, {"stop", stopText(t.Stop)},
		{"log", t.LogPath}, {"log bytes", strconv.FormatInt(t.LogBytes, 10)},
		{"log dropped", positive(t.LogDroppedBytes, "")}, {"tees missed", positive(t.TeeMissedBytes, "")},
		{"metadata", string(t.Metadata)},
	}
}

func commandOf(t *view.Task) string {
	if t.Command == "" {
		return ""
	}
	return CommandLine(t.Command, t.Args)
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
