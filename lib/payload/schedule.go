package payload

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"bgtasks/lib/record"
)

// SchedulePayload says when a task runs, beside which others, and how often it
// is tried: the members of a StartPayload that the scheduler, the retries and
// the watchdog go by.
type SchedulePayload struct {
	Channels          []Text       `json:"channels,omitempty" jsonschema:"Channels for the task's events, in addition to those implied by its id, kind, tags, session and keys; at most 512 bytes each."`
	Queue             QueueName    `json:"queue,omitempty" jsonschema:"The queue in which the task waits for a slot; none when absent."`
	Priority          Priority     `json:"priority,omitempty" jsonschema:"Tasks with a higher priority start first; 0 when absent."`
	ConcurrencyKey    Text         `json:"concurrencyKey,omitempty" jsonschema:"At most one task with this key runs at a time; at most 512 bytes."`
	DedupeKey         Text         `json:"dedupeKey,omitempty" jsonschema:"If a task of the same kind and key is open, it is reused and nothing is started; at most 512 bytes."`
	SupersedeKey      Text         `json:"supersedeKey,omitempty" jsonschema:"The open tasks of the same kind and key are ended in favour of this one; at most 512 bytes."`
	SupersedeExisting *bool        `json:"supersedeExisting,omitempty" jsonschema:"Whether the supersedeKey ends other tasks; true when absent. With false the key is only recorded."`
	Delay             NonNegative  `json:"delayMs,omitempty" jsonschema:"The task is not started before so many milliseconds have passed."`
	At                Instant      `json:"scheduledAt,omitempty" jsonschema:"The task is not started before this time: RFC 3339, a date and time of the caller's time zone, or milliseconds since 1970 (UTC)."`
	After             []AfterEntry `json:"after,omitempty" jsonschema:"Tasks whose end the task waits for: {when, id} or when:id."`
	MaxAttempts       Attempts     `json:"maxAttempts,omitempty" jsonschema:"How often the command is tried at most until it succeeds; 1 when absent."`
	Backoff           *Backoff     `json:"backoff,omitempty" jsonschema:"How long to wait between attempts: minDelayMs at first, multiplied by factor for each further wait, up to maxDelayMs, more or less by the share jitter."`
	NoRetry           []ExitCode   `json:"noRetryExitCodes,omitempty" jsonschema:"Exit codes after which the task is not tried again."`
	Watchdog          Positive     `json:"watchdogMs,omitempty" jsonschema:"How long the task may go without output, heartbeat or progress, in milliseconds."`
	WatchdogAction    WatchdogName `json:"watchdogAction,omitempty" jsonschema:"What to do when that time is over: the task is stale (mark), ended (stop), or ended and tried again (retry); mark when absent."`
	Ensure            bool         `json:"ensure,omitempty" jsonschema:"Whether to reuse an open task of the same id or dedupeKey, if it was started in the same way."`
}

// Words of the schedule.
type (
	QueueName    string
	WatchdogName string
	AfterWord    string
)

// Attempts is a number of attempts.
type Attempts int

// UnmarshalJSON reads an integer in any of JSON's notations.
func (n *Attempts) UnmarshalJSON(data []byte) (err error) {
	*n, err = integer[Attempts](data)
	return err
}

// Priority is from record.MinPriority to record.MaxPriority.
type Priority int

// UnmarshalJSON reads an integer in any of JSON's notations.
func (p *Priority) UnmarshalJSON(data []byte) (err error) {
	*p, err = integer[Priority](data)
	return err
}

// Instant is a time as it was given; Time reads it.
type Instant string

// UnmarshalJSON keeps a string, or the digits of milliseconds since 1970.
func (i *Instant) UnmarshalJSON(data []byte) error {
	if data[0] == '"' {
		return json.Unmarshal(data, (*string)(i))
	}
	ms, err := integer[int64](data)
	*i = Instant(strconv.FormatInt(ms, 10))
	return err
}

// Time reads RFC 3339, a date with or without a time, which without a zone are
// the caller's, or milliseconds since 1970.
func (i Instant) Time() (time.Time, error) {
	text := strings.TrimSpace(string(i))
	for _, layout := range momentLayouts {
		if t, err := time.ParseInLocation(layout, text, time.Local); err == nil {
			return t, nil
		}
	}
	ms, err := strconv.ParseInt(text, 10, 64)
	if err != nil || ms < 0 {
		return time.Time{}, fmt.Errorf("expected a time such as 2006-01-02T15:04:05Z or 2006-01-02 15:04, got %q", text)
	}
	return time.UnixMilli(ms), nil
}

// AfterEntry is a task whose end is waited for.
type AfterEntry struct {
	When AfterWord `json:"when" jsonschema:"afterok: the task has succeeded; afternotok: it has ended without success; afterany: it has ended."`
	ID   TaskID    `json:"id" jsonschema:"The task's id."`
}

// UnmarshalJSON reads an object, or a string when:id.
func (a *AfterEntry) UnmarshalJSON(data []byte) error {
	if data[0] != '"' {
		type plain AfterEntry
		return json.Unmarshal(data, (*plain)(a))
	}
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	when, id, _ := strings.Cut(strings.TrimSpace(text), ":")
	a.When = AfterWord(when)
	return a.ID.UnmarshalText([]byte(id))
}

// BackoffPayload says how long to wait between attempts. What is absent is as
// in record.DefaultBackoff, except that a bound gives way to the other if only
// that one was given.
type Backoff struct {
	MinDelay *NonNegative `json:"minDelayMs,omitempty" jsonschema:"The shortest wait in milliseconds, which is the one before the second attempt; 1000 when absent."`
	MaxDelay *NonNegative `json:"maxDelayMs,omitempty" jsonschema:"The longest wait in milliseconds; 60000 when absent."`
	Factor   *Factor      `json:"factor,omitempty" jsonschema:"The factor by which each wait is longer than the previous one; 2 when absent."`
	Jitter   *Share       `json:"jitter,omitempty" jsonschema:"The share of a wait by which chance makes it longer or shorter; 0.1 when absent."`
}

// Numbers with a fraction, of which thousandths count.
type (
	Factor float64 // 1 to MaxFactor
	Share  float64 // 0 to 1
)

// UnmarshalJSON reads a number.
func (n *Factor) UnmarshalJSON(data []byte) error { return json.Unmarshal(data, (*float64)(n)) }

// UnmarshalJSON reads a number.
func (n *Share) UnmarshalJSON(data []byte) error { return json.Unmarshal(data, (*float64)(n)) }

// Bounds of a schedule.
const (
	MaxKey      = 512    // bytes of a key or channel
	MaxWords    = 1000   // tags of a task, and its channels
	MaxAfter    = 10_000 // its dependencies
	MaxAttempts = 1_000_000
	MaxFactor   = 1000
	maxSpanMs   = 100 * 365 * 24 * int64(time.Hour/time.Millisecond) // a hundred years, which a time.Duration can hold
)

// Backoff completes what was given, which may be nothing.
func (p *Backoff) Backoff() record.Backoff {
	b := record.DefaultBackoff
	if p == nil {
		return b
	}
	if p.MinDelay != nil {
		b.MinDelayMs = int64(*p.MinDelay)
		b.MaxDelayMs = max(b.MaxDelayMs, b.MinDelayMs)
	}
	if p.MaxDelay != nil {
		b.MaxDelayMs = int64(*p.MaxDelay)
		b.MinDelayMs = min(b.MinDelayMs, b.MaxDelayMs)
	}
	if p.Factor != nil {
		b.FactorMilli = thousandths(float64(*p.Factor))
	}
	if p.Jitter != nil {
		b.JitterMilli = thousandths(float64(*p.Jitter))
	}
	return b
}

func thousandths(n float64) int64 { return int64(n*1000 + 0.5) }

// Dependencies gives the entries in the words of the records, each once.
func (p *SchedulePayload) Dependencies() (list []record.Dependency) {
	known := map[record.Dependency]bool{}
	for _, a := range p.After {
		d := record.Dependency{When: string(a.When), ID: string(a.ID)}
		if !known[d] {
			known[d] = true
			list = append(list, d)
		}
	}
	return list
}

// KeepsOthers tells whether the supersedeKey ends no other tasks.
func (p *SchedulePayload) KeepsOthers() bool {
	return p.SupersedeExisting != nil && !*p.SupersedeExisting
}

// check finds what a schema can't say; id and kind are the task's own, if they were
// chosen. A member that could have no effect is a mistake: nothing is passed over.
func (p *SchedulePayload) check(f *faults, id NewTaskID, kind Text) {
	checkKey(f, p.ConcurrencyKey, "concurrencyKey")
	checkKey(f, p.DedupeKey, "dedupeKey")
	checkKey(f, p.SupersedeKey, "supersedeKey")
	for i, c := range p.Channels {
		checkKey(f, c, "channels", i)
		checkChannel(f, c, i)
	}
	if p.Priority != 0 && p.Queue == "" && p.ConcurrencyKey == "" && kind == "" {
		f.refine([]any{"priority"}, "Expected a queue, a concurrencyKey or a kind beside it: no other task has to wait")
	}
	if p.SupersedeExisting != nil && p.SupersedeKey == "" {
		f.refine([]any{"supersedeExisting"}, "Expected a supersedeKey beside it")
	}
	checkLength(f, len(p.Channels), MaxWords, "channels")
	checkLength(f, len(p.After), MaxAfter, "after")
	p.checkTimes(f)
	for i, a := range p.After {
		if id != "" && TaskID(id) == a.ID {
			f.refine([]any{"after", i}, "Expected another task, actual the task itself")
		}
	}
	p.Backoff.check(f)
	if p.Backoff != nil && p.MaxAttempts == 0 {
		f.refine([]any{"backoff"}, "Expected a maxAttempts beside it")
	}
	if p.NoRetry != nil && p.MaxAttempts == 0 {
		f.refine([]any{"noRetryExitCodes"}, "Expected a maxAttempts beside it")
	}
	checkSpan(f, int64(p.Watchdog), "watchdogMs")
	if p.WatchdogAction != "" && p.Watchdog == 0 {
		f.refine([]any{"watchdogAction"}, "Expected a watchdogMs beside it")
	}
	if p.WatchdogAction == record.WatchdogRetry && p.MaxAttempts <= 1 {
		f.refine([]any{"maxAttempts"}, "Expected another attempt, more than 1 in all, beside the watchdogAction retry")
	}
	if p.Ensure && id == "" && p.DedupeKey == "" {
		f.refine([]any{"ensure"}, "Expected an id or a dedupeKey beside it")
	}
}

func (p *SchedulePayload) checkTimes(f *faults) {
	checkSpan(f, int64(p.Delay), "delayMs")
	if p.At == "" {
		return
	}
	at, err := p.At.Time()
	switch now := time.Now(); {
	case err != nil:
		f.refine([]any{"scheduledAt"}, "Expected a time such as 2006-01-02T15:04:05Z or 2006-01-02 15:04, actual "+strconv.Quote(string(p.At)))
	case p.Delay > 0:
		f.refine([]any{"scheduledAt"}, "Expected no delayMs beside it")
	case !at.After(now):
		f.refine([]any{"scheduledAt"}, "Expected a time to come, actual "+at.Format(time.RFC3339))
	case at.Sub(now).Milliseconds() > maxSpanMs:
		f.refine([]any{"scheduledAt"}, "Expected a time within a hundred years, actual "+at.Format(time.RFC3339))
	}
}

func (p *Backoff) check(f *faults) {
	if p == nil {
		return
	}
	if p.MinDelay != nil {
		checkSpan(f, int64(*p.MinDelay), "backoff", "minDelayMs")
	}
	if p.MaxDelay != nil {
		checkSpan(f, int64(*p.MaxDelay), "backoff", "maxDelayMs")
	}
	if p.MinDelay != nil && p.MaxDelay != nil && *p.MinDelay > *p.MaxDelay {
		f.refine([]any{"backoff", "minDelayMs"},
			fmt.Sprintf("Expected at most maxDelayMs, which is %d, actual %d", *p.MaxDelay, *p.MinDelay))
	}
}

func checkSpan(f *faults, ms int64, path ...any) {
	if ms > maxSpanMs {
		f.refine(path, fmt.Sprintf("Expected at most %d (a hundred years), actual %d", maxSpanMs, ms))
	}
}

// checkLength refuses a list that is too long.
func checkLength(f *faults, n, most int, member string) {
	if n > most {
		f.refine([]any{member}, fmt.Sprintf("Expected at most %d entries, actual %d", most, n))
	}
}

// checkChannel keeps a task out of the channels that say what it is: who listens there
// would hear of another task, kind or key.
func checkChannel(f *faults, channel Text, i int) {
	for _, prefix := range record.ImpliedChannels {
		if strings.HasPrefix(string(channel), prefix) {
			f.refine([]any{"channels", i}, "Expected a channel that does not begin with "+strconv.Quote(prefix)+", which follows from the task itself")
		}
	}
}

// checkKey holds a key to what records and file names can carry. One that is
// nothing but space was meant to be something else.
func checkKey(f *faults, key Text, path ...any) {
	switch {
	case key == "":
	case strings.TrimSpace(string(key)) == "":
		f.refine(path, "Expected a string that is not blank")
	case len(key) > MaxKey:
		f.refine(path, fmt.Sprintf("Expected at most %d bytes, actual %d", MaxKey, len(key)))
	case strings.ContainsAny(string(key), "\x00\n") || !utf8.ValidString(string(key)):
		f.refine(path, "Expected a string of UTF-8 without NUL and newline")
	}
}
