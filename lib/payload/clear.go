package payload

import (
	"reflect"
	"strings"
	"time"

	"bgtasks/lib/config"
)

// ClearPayload says which finished tasks are removed. Without rules, all those
// that the conditions let through; with none of either, what config.json says.
type Clear struct {
	FilterPayload
	All           bool         `json:"all,omitempty" jsonschema:"Every finished task, if there is no other condition and no rule."`
	SuccessTTL    *Lifetime    `json:"successTtlMs,omitempty" jsonschema:"Remove tasks that succeeded longer ago than this, in milliseconds. For this and all other rules, 0 means no rule."`
	FailedTTL     *Lifetime    `json:"failedTtlMs,omitempty" jsonschema:"Remove tasks that failed or timed out longer ago than this, in milliseconds."`
	CancelledTTL  *Lifetime    `json:"cancelledTtlMs,omitempty" jsonschema:"Remove tasks that were cancelled longer ago than this, in milliseconds."`
	KeepSuccesses *NonNegative `json:"keepLatestSuccessesPerKind,omitempty" jsonschema:"Of each kind, remove all but this many of the newest tasks that succeeded."`
	KeepFailures  *NonNegative `json:"keepLatestFailuresPerKind,omitempty" jsonschema:"Of each kind, remove all but this many of the newest tasks that failed or timed out."`
	MaxFinished   *NonNegative `json:"maxFinishedTasks,omitempty" jsonschema:"Remove all but this many of the newest finished tasks."`
	MaxBytes      *Size        `json:"maxBytes,omitempty" jsonschema:"Remove the oldest finished tasks until the files of the others hold no more than this, in bytes or as in 10MiB."`
	StepLimit     *NonNegative `json:"stepLimitPerTask,omitempty" jsonschema:"Of each task, also of open ones, remove all but this many of the newest steps."`
	DryRun        bool         `json:"dryRun,omitempty" jsonschema:"Report what would be removed, and remove nothing."`
}

// Lifetime is a number of milliseconds that a time.Duration holds.
type Lifetime int64

// UnmarshalJSON reads an integer in any of JSON's notations.
func (n *Lifetime) UnmarshalJSON(data []byte) (err error) {
	*n, err = integer[Lifetime](data)
	return err
}

// Rules gives the rules; given tells that there is one, be it 0.
func (p *Clear) Rules() (rules config.Retention, given bool) {
	span := func(ms *Lifetime) time.Duration { return time.Duration(amount(ms, &given)) * time.Millisecond }
	count := func(n *NonNegative) int { return int(min(amount(n, &given), maxCount)) }
	rules = config.Retention{
		SuccessTTL: span(p.SuccessTTL), FailedTTL: span(p.FailedTTL), CancelledTTL: span(p.CancelledTTL),
		KeepSuccesses: count(p.KeepSuccesses), KeepFailures: count(p.KeepFailures),
		MaxFinished: count(p.MaxFinished), StepLimit: count(p.StepLimit),
	}
	if p.MaxBytes != nil {
		rules.MaxBytes, given = int64(*p.MaxBytes), true
	}
	return rules, given
}

const maxCount = 1<<31 - 1

func amount[T ~int64](n *T, given *bool) int64 {
	if n == nil {
		return 0
	}
	*given = true
	return int64(*n)
}

// check finds what a schema can't say.
func (p *Clear) check(f *faults) {
	p.FilterPayload.check(f)
	refuseEmpty(f, reflect.ValueOf(p.FilterPayload))
}

// refuseEmpty refuses lists without an entry: whoever asks for none of the tasks
// must not lose any of them. Of tags all must be there, which none always are.
func refuseEmpty(f *faults, conditions reflect.Value) {
	for i := range conditions.NumField() {
		value, field := conditions.Field(i), conditions.Type().Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case field.Anonymous:
			refuseEmpty(f, value)
		case value.Kind() == reflect.Slice && !value.IsNil() && value.Len() == 0 && name != "tags":
			f.refine([]any{name}, "Expected at least one entry, or no such member")
		}
	}
}
