package main

import (
	"bgtasks/lib/fault"
	"bgtasks/lib/payload"
	"bgtasks/lib/record"
)

// scheduleFlags say when a task runs, beside which others, and how often it is
// tried.
type scheduleFlags struct {
	Queue          string            `placeholder:"NAME" help:"Wait in this queue for a free slot."`
	Priority       payload.Priority  `placeholder:"N" help:"From -1000 to 1000; tasks with a higher one start first; 0 by default."`
	ConcurrencyKey string            `placeholder:"KEY" help:"At most one task with this key runs at a time."`
	Dedupe         string            `placeholder:"KEY" help:"If a task of the same kind and key is open, print its id and start nothing."`
	Supersede      string            `placeholder:"KEY" help:"End the open tasks of the same kind and key in favour of this one."`
	Delay          *payload.Duration `placeholder:"DURATION" help:"Do not start before this time has passed."`
	At             string            `placeholder:"TIME" help:"Do not start before this time: RFC 3339, or local as in '2006-01-02 15:04'."`
	After          []string          `sep:"none" placeholder:"WHEN:ID" help:"Wait for the end of this task; WHEN is afterok, afterany or afternotok. Repeatable, or with commas."`
	Retries        *payload.Count    `placeholder:"N" help:"Try a failed task up to N more times."`
	Backoff        *payload.Span     `placeholder:"MIN..MAX" help:"How long to wait between attempts, as in 1s..60s: MIN first, then longer each time, up to MAX."`
	RetryDelay     *payload.Duration `placeholder:"DURATION" help:"The shortest wait between attempts; 1s by default."`
	RetryMaxDelay  *payload.Duration `placeholder:"DURATION" help:"The longest wait between attempts; 60s by default."`
	RetryFactor    *payload.Factor   `placeholder:"N" help:"The factor by which each wait is longer than the previous one; 2 by default."`
	RetryJitter    *payload.Share    `placeholder:"N" help:"The share of a wait, from 0 to 1, by which chance changes it; 0.1 by default."`
	NoRetry        payload.Codes     `placeholder:"CODES" help:"Exit codes after which the task is not tried again, as in 2,64."`
	Watchdog       *payload.Duration `placeholder:"DURATION" help:"How long the task may go without output, heartbeat or progress."`
	WatchdogAction string            `placeholder:"ACTION" help:"What to do then: mark (the task is stale), stop, or retry; mark by default."`
	Channel        []string          `sep:"none" placeholder:"CHANNEL" help:"A channel that the task's events belong to. Repeatable."`
	Ensure         bool              `help:"If a task with the same --id or --dedupe key is open and was started in the same way, print its id."`
}

// flagOf names the flags by the payload's members.
var flagOf = map[string]string{
	"id": "--id", "name": "--name", "parentSessionId": "--session", "tags": "--tag", "kind": "--kind", "queue": "--queue", "concurrencyKey": "--concurrency-key", "dedupeKey": "--dedupe",
	"supersedeKey": "--supersede", "delayMs": "--delay", "scheduledAt": "--at", "after": "--after",
	"minDelayMs": "--retry-delay", "maxDelayMs": "--retry-max-delay", "watchdogMs": "--watchdog",
	"timeLimitMs": "--time-limit", "killGraceMs": "--grace",
	"priority": "--priority", "maxAttempts": "--retries",
	"watchdogAction": "--watchdog-action", "channels": "--channel", "ensure": "--ensure",
}

// payload is what the flags say in JSON mode's terms.
func (f *scheduleFlags) payload() (s payload.SchedulePayload, err error) {
	if f.Queue != "" && !record.ValidID(f.Queue) {
		return s, fault.Usage("--queue: expected %s, got %q", record.IDGrammar, f.Queue)
	}
	if err := payload.OneOf("--watchdog-action", f.WatchdogAction, record.WatchdogActions); err != nil {
		return s, err
	}
	s = payload.SchedulePayload{
		Queue: payload.QueueName(f.Queue), Priority: f.Priority, At: payload.Instant(f.At),
		ConcurrencyKey: payload.Text(f.ConcurrencyKey), DedupeKey: payload.Text(f.Dedupe), SupersedeKey: payload.Text(f.Supersede),
		WatchdogAction: payload.WatchdogName(f.WatchdogAction), Ensure: f.Ensure,
	}
	for _, channel := range f.Channel {
		s.Channels = append(s.Channels, payload.Text(channel))
	}
	if f.Delay != nil {
		s.Delay = payload.NonNegative(f.Delay.Milliseconds())
	}
	if f.Watchdog != nil {
		if *f.Watchdog <= 0 {
			return s, fault.Usage("--watchdog: expected a duration above 0")
		}
		s.Watchdog = payload.Positive(f.Watchdog.Milliseconds())
	}
	if s.After, err = payload.ParseAfter("--after", f.After); err != nil {
		return s, err
	}
	return s, f.addRetry(&s)
}

func (f *scheduleFlags) addRetry(s *payload.SchedulePayload) error {
	if f.Retries != nil {
		if *f.Retries > payload.MaxAttempts-1 {
			return fault.Usage("--retries: expected at most %d, got %d", payload.MaxAttempts-1, *f.Retries)
		}
		s.MaxAttempts = payload.Attempts(*f.Retries) + 1
	}
	for _, code := range f.NoRetry {
		s.NoRetry = append(s.NoRetry, payload.ExitCode(code))
	}
	b := payload.Backoff{MinDelay: inMilliseconds(f.RetryDelay), MaxDelay: inMilliseconds(f.RetryMaxDelay),
		Factor: f.RetryFactor, Jitter: f.RetryJitter}
	if f.Backoff != nil {
		if f.RetryDelay != nil || f.RetryMaxDelay != nil {
			return fault.Usage("--backoff: expected no --retry-delay and --retry-max-delay beside it")
		}
		b.MinDelay, b.MaxDelay = inMilliseconds(&f.Backoff.Min), inMilliseconds(&f.Backoff.Max)
	}
	if b != (payload.Backoff{}) {
		s.Backoff = &b
	}
	if f.Retries == nil && (s.Backoff != nil || s.NoRetry != nil) {
		f := fault.Usage("--retries: expected beside --backoff, --no-retry and the --retry flags")
		f.Hint = "add --retries N"
		return f
	}
	return nil
}

func inMilliseconds(d *payload.Duration) *payload.NonNegative {
	if d == nil {
		return nil
	}
	ms := payload.NonNegative(d.Milliseconds())
	return &ms
}
