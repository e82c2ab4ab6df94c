package codec

import (
	"fmt"
	"slices"
	"time"

	"github.com/tidwall/gjson"

	"bgtasks/lib/record"
)

// ParseSpec decodes spec.json. An error says what is wrong with it, not where
// it was found.
func ParseSpec(data []byte) (*record.Spec, error) { return ParseSpecInto(data, new(record.Spec)) }

// ParseSpecInto does so into a spec that is there, whatever it held.
func ParseSpecInto(data []byte, s *record.Spec) (*record.Spec, error) {
	*s = record.Spec{FirstRun: 1}
	if err := decodeRecord(data, specMembers, s); err != nil {
		return nil, err
	}
	if !record.ValidID(s.ID) || s.FirstRun < 1 || s.Run < s.FirstRun || s.Command == "" || s.CreatedAt.IsZero() {
		return nil, errIncomplete
	}
	return s, nil
}

// ParseState decodes state.json. An error says what is wrong with it, not
// where it was found.
func ParseState(data []byte) (*record.State, error) { return ParseStateInto(data, new(record.State)) }

// ParseStateInto does so into a state that is there, whatever it held.
func ParseStateInto(data []byte, s *record.State) (*record.State, error) {
	*s = record.State{}
	if err := decodeRecord(data, stateMembers, s); err != nil {
		return nil, err
	}
	if s.Run < 1 || s.UpdatedAt.IsZero() {
		return nil, errIncomplete
	}
	return s, knownState(s.State)
}

func knownState(s record.LifeState) error {
	if !slices.Contains(record.LifeStates, s) {
		return fmt.Errorf("state %q is not known", string(s))
	}
	return nil
}

// ParseStop decodes stop.json. An error says what is wrong with it, not where
// it was found.
func ParseStop(data []byte) (*record.Stop, error) {
	s := &record.Stop{}
	if err := decodeRecord(data, stopMembers, s); err != nil {
		return nil, err
	}
	if s.RequestedAt.IsZero() {
		return nil, errIncomplete
	}
	return s, nil
}

// ParseAttempt decodes one line of attempts.ndjson, with or without its newline.
// An error says what is wrong with it, not where it was found.
func ParseAttempt(line []byte) (*record.State, error) {
	s := &record.State{}
	if err := decodeRecord(line, stateMembers, s); err != nil {
		return nil, err
	}
	if s.Run < 1 || s.Attempt < 1 {
		return nil, errIncomplete
	}
	return s, knownState(s.State)
}

// ParseConsumer decodes cursor.json. An error says what is wrong with it, not
// where it was found.
func ParseConsumer(data []byte) (*record.Consumer, error) {
	c := &record.Consumer{}
	if err := decodeRecord(data, consumerMembers, c); err != nil {
		return nil, err
	}
	if c.Name == "" || c.Cursor < 0 || c.AcknowledgedAt.IsZero() {
		return nil, errIncomplete
	}
	return c, nil
}

var consumerMembers = members[record.Consumer]{
	{"name", func(d *decoder, c *record.Consumer, v gjson.Result) { c.Name = d.str(v) }},
	{"cursor", func(d *decoder, c *record.Consumer, v gjson.Result) { c.Cursor = d.integer(v) }},
	{"acknowledgedAt", func(d *decoder, c *record.Consumer, v gjson.Result) { c.AcknowledgedAt = d.time(v) }},
}

var specMembers = members[record.Spec]{
	{"id", func(d *decoder, s *record.Spec, v gjson.Result) { s.ID = d.str(v) }},
	{"run", func(d *decoder, s *record.Spec, v gjson.Result) { s.Run = d.number(v) }},
	{"firstRun", func(d *decoder, s *record.Spec, v gjson.Result) { s.FirstRun = d.number(v) }},
	{"runToken", func(d *decoder, s *record.Spec, v gjson.Result) { s.RunToken = d.str(v) }},
	{"name", func(d *decoder, s *record.Spec, v gjson.Result) { s.Name = d.str(v) }},
	{"command", func(d *decoder, s *record.Spec, v gjson.Result) { s.Command = d.str(v) }},
	{"args", func(d *decoder, s *record.Spec, v gjson.Result) { s.Args = d.strs(v) }},
	{"workdir", func(d *decoder, s *record.Spec, v gjson.Result) { s.Workdir = d.str(v) }},
	{"envNames", func(d *decoder, s *record.Spec, v gjson.Result) { s.EnvNames = d.strs(v) }},
	{"keepEnv", func(d *decoder, s *record.Spec, v gjson.Result) { s.KeepEnv = d.flag(v) }},
	{"tags", func(d *decoder, s *record.Spec, v gjson.Result) { s.Tags = d.strs(v) }},
	{"kind", func(d *decoder, s *record.Spec, v gjson.Result) { s.Kind = d.str(v) }},
	{"parentSessionId", func(d *decoder, s *record.Spec, v gjson.Result) { s.SessionID = d.str(v) }},
	{"notifyOnExit", func(d *decoder, s *record.Spec, v gjson.Result) { s.Notify = d.flag(v) }},
	{"metadata", func(d *decoder, s *record.Spec, v gjson.Result) { s.Metadata = d.object(v) }},
	{"stdin", func(d *decoder, s *record.Spec, v gjson.Result) { s.Stdin = d.str(v) }},
	{"split", func(d *decoder, s *record.Spec, v gjson.Result) { s.Split = d.flag(v) }},
	{"tees", func(d *decoder, s *record.Spec, v gjson.Result) { s.Tees = d.strs(v) }},
	{"logMaxBytes", func(d *decoder, s *record.Spec, v gjson.Result) { s.LogMax = d.integer(v) }},
	{"leftovers", func(d *decoder, s *record.Spec, v gjson.Result) { s.Leftovers = d.str(v) }},
	{"signal", func(d *decoder, s *record.Spec, v gjson.Result) { s.Signal = d.str(v) }},
	{"killGraceMs", func(d *decoder, s *record.Spec, v gjson.Result) { s.KillGraceMs = d.integer(v) }},
	{"timeLimitMs", func(d *decoder, s *record.Spec, v gjson.Result) { s.TimeLimitMs = d.integer(v) }},
	{"successExitCodes", func(d *decoder, s *record.Spec, v gjson.Result) { s.SuccessExitCodes = d.numbers(v) }},
	{"watchdogMs", func(d *decoder, s *record.Spec, v gjson.Result) { s.WatchdogMs = d.integer(v) }},
	{"watchdogAction", func(d *decoder, s *record.Spec, v gjson.Result) { s.WatchdogAction = d.str(v) }},
	{"channels", func(d *decoder, s *record.Spec, v gjson.Result) { s.Channels = d.strs(v) }},
	{"dedupeKey", func(d *decoder, s *record.Spec, v gjson.Result) { s.DedupeKey = d.str(v) }},
	{"concurrencyKey", func(d *decoder, s *record.Spec, v gjson.Result) { s.ConcurrencyKey = d.str(v) }},
	{"supersedeKey", func(d *decoder, s *record.Spec, v gjson.Result) { s.SupersedeKey = d.str(v) }},
	{"supersedeExisting", func(d *decoder, s *record.Spec, v gjson.Result) { s.KeepsOthers = !d.flag(v) }},
	{"schedule", func(d *decoder, s *record.Spec, v gjson.Result) { s.Schedule = nested(d, v, scheduleMembers) }},
	{"maxAttempts", func(d *decoder, s *record.Spec, v gjson.Result) { s.Retry.MaxAttempts = d.number(v) }},
	{"backoff", func(d *decoder, s *record.Spec, v gjson.Result) { s.Retry.Backoff = *nested(d, v, backoffMembers) }},
	{"noRetryExitCodes", func(d *decoder, s *record.Spec, v gjson.Result) { s.Retry.NoRetry = d.numbers(v) }},
	{"createdAt", func(d *decoder, s *record.Spec, v gjson.Result) { s.CreatedAt = d.time(v) }},
	{"startedBy", func(d *decoder, s *record.Spec, v gjson.Result) { s.StartedBy = *nested(d, v, processMembers) }},
	{"bytes", func(d *decoder, s *record.Spec, v gjson.Result) { decodeMembers(d, v, bytesMembers, s) }},
}

// bytesMembers come last in a spec, and have the last word.
var bytesMembers = members[record.Spec]{
	{"command", func(d *decoder, s *record.Spec, v gjson.Result) { s.Command = d.base64(v) }},
	{"args", func(d *decoder, s *record.Spec, v gjson.Result) { s.Args = d.base64s(v) }},
	{"workdir", func(d *decoder, s *record.Spec, v gjson.Result) { s.Workdir = d.base64(v) }},
	{"stdin", func(d *decoder, s *record.Spec, v gjson.Result) { s.Stdin = d.base64(v) }},
	{"tees", func(d *decoder, s *record.Spec, v gjson.Result) { s.Tees = d.base64s(v) }},
}

var stateMembers = members[record.State]{
	{"run", func(d *decoder, s *record.State, v gjson.Result) { s.Run = d.number(v) }},
	{"attempt", func(d *decoder, s *record.State, v gjson.Result) { s.Attempt = d.number(v) }},
	{"state", func(d *decoder, s *record.State, v gjson.Result) { s.State = record.LifeState(d.str(v)) }},
	{"reason", func(d *decoder, s *record.State, v gjson.Result) { s.Reason = record.Reason(d.str(v)) }},
	{"spawnError", func(d *decoder, s *record.State, v gjson.Result) { s.Unspawned = nested(d, v, unspawnedMembers) }},
	{"oom", func(d *decoder, s *record.State, v gjson.Result) { s.OOM = d.flag(v) }},
	{"exitCode", func(d *decoder, s *record.State, v gjson.Result) { s.ExitCode = optional(v, d.number) }},
	{"signal", func(d *decoder, s *record.State, v gjson.Result) { s.Signal = optional(v, d.str) }},
	{"leader", func(d *decoder, s *record.State, v gjson.Result) { s.Leader = nested(d, v, processMembers) }},
	{"shim", func(d *decoder, s *record.State, v gjson.Result) { s.Shim = nested(d, v, processMembers) }},
	{"leaderGuessed", func(d *decoder, s *record.State, v gjson.Result) { s.Guessed = d.flag(v) }},
	{"containment", func(d *decoder, s *record.State, v gjson.Result) { s.Containment = d.str(v) }},
	{"cgroup", func(d *decoder, s *record.State, v gjson.Result) { s.Cgroup = d.str(v) }},
	{"leftovers", func(d *decoder, s *record.State, v gjson.Result) { s.Leftovers = d.number(v) }},
	{"teeMissedBytes", func(d *decoder, s *record.State, v gjson.Result) { s.TeeMissed = d.integer(v) }},
	{"eventsMissing", func(d *decoder, s *record.State, v gjson.Result) { s.EventsMissing = d.number(v) }},
	{"startedAt", func(d *decoder, s *record.State, v gjson.Result) { s.StartedAt = d.time(v) }},
	{"exitedAt", func(d *decoder, s *record.State, v gjson.Result) { s.ExitedAt = d.time(v) }},
	{"updatedAt", func(d *decoder, s *record.State, v gjson.Result) { s.UpdatedAt = d.time(v) }},
	{"usage", func(d *decoder, s *record.State, v gjson.Result) { s.Usage = nested(d, v, usageMembers) }},
	{"stop", func(d *decoder, s *record.State, v gjson.Result) { s.Stop = nested(d, v, stopMembers) }},
	{"refused", func(d *decoder, s *record.State, v gjson.Result) { s.Refused = d.numbers(v) }},
	{"logStart", func(d *decoder, s *record.State, v gjson.Result) { s.LogStart = d.integer(v) }},
	{"logEnd", func(d *decoder, s *record.State, v gjson.Result) { s.LogEnd = d.integer(v) }},
	{"errorsStart", func(d *decoder, s *record.State, v gjson.Result) { s.ErrorsStart = d.integer(v) }},
	{"errorsEnd", func(d *decoder, s *record.State, v gjson.Result) { s.ErrorsEnd = d.integer(v) }},
	{"outputEnd", func(d *decoder, s *record.State, v gjson.Result) { s.OutputEnd = d.str(v) }},

	{"claimedBy", func(d *decoder, s *record.State, v gjson.Result) { s.ClaimedBy = nested(d, v, processMembers) }},
	{"retryScheduledAt", func(d *decoder, s *record.State, v gjson.Result) { s.RetryAt = d.time(v) }},
	{"retryDueBootMs", func(d *decoder, s *record.State, v gjson.Result) { s.RetryDueBootMs = d.integer(v) }},
	{"staleAt", func(d *decoder, s *record.State, v gjson.Result) { s.StaleAt = d.time(v) }},
	{"staleReason", func(d *decoder, s *record.State, v gjson.Result) { s.StaleReason = d.str(v) }},
}

var unspawnedMembers = members[record.Unspawned]{
	{"step", func(d *decoder, u *record.Unspawned, v gjson.Result) { u.Step = d.str(v) }},
	{"path", func(d *decoder, u *record.Unspawned, v gjson.Result) { u.Path = d.str(v) }},
	{"errno", func(d *decoder, u *record.Unspawned, v gjson.Result) { u.Errno = d.number(v) }},
	{"message", func(d *decoder, u *record.Unspawned, v gjson.Result) { u.Message = d.str(v) }},
}

var scheduleMembers = members[record.Schedule]{
	{"queue", func(d *decoder, s *record.Schedule, v gjson.Result) { s.Queue = d.str(v) }},
	{"priority", func(d *decoder, s *record.Schedule, v gjson.Result) { s.Priority = d.number(v) }},
	{"sequence", func(d *decoder, s *record.Schedule, v gjson.Result) { s.Sequence = d.integer(v) }},
	{"notBefore", func(d *decoder, s *record.Schedule, v gjson.Result) { s.NotBefore = d.time(v) }},
	{"dueBootMs", func(d *decoder, s *record.Schedule, v gjson.Result) { s.DueBootMs = d.integer(v) }},
	{"after", func(d *decoder, s *record.Schedule, v gjson.Result) {
		d.each(v, func(e gjson.Result) { s.After = append(s.After, *nested(d, e, dependencyMembers)) })
	}},
	{"program", func(d *decoder, s *record.Schedule, v gjson.Result) { s.Program = d.str(v) }},
	{"umask", func(d *decoder, s *record.Schedule, v gjson.Result) { s.Umask = d.number(v) }},
	{"limits", func(d *decoder, s *record.Schedule, v gjson.Result) { s.Limits = d.str(v) }},
}

var dependencyMembers = members[record.Dependency]{
	{"when", func(d *decoder, o *record.Dependency, v gjson.Result) { o.When = d.str(v) }},
	{"id", func(d *decoder, o *record.Dependency, v gjson.Result) { o.ID = d.str(v) }},
	{"run", func(d *decoder, o *record.Dependency, v gjson.Result) { o.Run = d.number(v) }},
}

var backoffMembers = members[record.Backoff]{
	{"minDelayMs", func(d *decoder, b *record.Backoff, v gjson.Result) { b.MinDelayMs = d.integer(v) }},
	{"maxDelayMs", func(d *decoder, b *record.Backoff, v gjson.Result) { b.MaxDelayMs = d.integer(v) }},
	{"factor", func(d *decoder, b *record.Backoff, v gjson.Result) { b.FactorMilli = d.milli(v) }},
	{"jitter", func(d *decoder, b *record.Backoff, v gjson.Result) { b.JitterMilli = d.milli(v) }},
}

// optional decodes a member whose null says "unknown".
func optional[T any](v gjson.Result, decode func(gjson.Result) T) *T {
	if v.Type == gjson.Null {
		return nil
	}
	value := decode(v)
	return &value
}

var processMembers = members[record.Process]{
	{"bootId", func(d *decoder, p *record.Process, v gjson.Result) { p.BootID = d.str(v) }},
	{"pid", func(d *decoder, p *record.Process, v gjson.Result) { p.PID = d.number(v) }},
	{"startTicks", func(d *decoder, p *record.Process, v gjson.Result) { p.StartTicks = d.unsigned(v) }},
	{"pidNamespace", func(d *decoder, p *record.Process, v gjson.Result) { p.PIDNS = d.unsigned(v) }},
	{"timeNamespace", func(d *decoder, p *record.Process, v gjson.Result) { p.TimeNS = d.unsigned(v) }},
}

var usageMembers = members[record.Usage]{
	{"userMs", func(d *decoder, u *record.Usage, v gjson.Result) { u.UserMs = d.integer(v) }},
	{"systemMs", func(d *decoder, u *record.Usage, v gjson.Result) { u.SystemMs = d.integer(v) }},
	{"maxRssKb", func(d *decoder, u *record.Usage, v gjson.Result) { u.MaxRSSKB = d.integer(v) }},
}

var stopMembers = members[record.Stop]{
	{"requestedAt", func(d *decoder, s *record.Stop, v gjson.Result) { s.RequestedAt = d.time(v) }},
	{"by", func(d *decoder, s *record.Stop, v gjson.Result) { s.By = d.str(v) }},
	{"signal", func(d *decoder, s *record.Stop, v gjson.Result) { s.Signal = d.str(v) }},
	{"graceMs", func(d *decoder, s *record.Stop, v gjson.Result) { s.GraceMs = d.integer(v) }},
	{"reason", func(d *decoder, s *record.Stop, v gjson.Result) { s.Reason = d.str(v) }},
	{"cause", func(d *decoder, s *record.Stop, v gjson.Result) { s.Cause = record.Reason(d.str(v)) }},
}

// ParseOutline gives a spec's id and the time of its task's creation, without a look at
// the rest. The id is good until data is overwritten.
func ParseOutline(data []byte) (id string, created time.Time, err error) {
	err = decodeInPlace(data, func(d *decoder, key string, v gjson.Result) {
		switch key {
		case "id":
			id = d.str(v)
		case "createdAt":
			created = d.time(v)
		}
	})
	return id, created, err
}

// NameIn gives the name in a spec, and "" if there is none or it can't be read.
func NameIn(data []byte) string {
	if tooDeep(data) {
		return ""
	}
	return gjson.GetBytes(data, "name").Str
}
