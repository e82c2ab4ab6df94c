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
	SuccessTTL    *Lifetime    `json:"successTtlMs,omitempty" jsonschema:"Those that succeeded longer ago, in milliseconds. Of this and all other rules 0 says that there is none."`
	FailedTTL     *Lifetime    `json:"failedTtlMs,omitempty" jsonschema:"Those that failed or timed out longer ago, in milliseconds."`
	CancelledTTL  *Lifetime    `json:"cancelledTtlMs,omitempty" jsonschema:"Those that were cancelled longer ago, in milliseconds."`
	KeepSuccesses *NonNegative `json:"keepLatestSuccessesPerKind,omitempty" jsonschema:"Of each kind all but so many of the newest that succeeded."`
	KeepFailures  *NonNegative `json:"keepLatestFailuresPerKind,omitempty" jsonschema:"Of each kind all but so many of the newest that failed or timed out."`
	MaxFinished   *NonNegative `json:"maxFinishedTasks,omitempty" jsonschema:"All but so many of the newest."`
	MaxBytes      *Size        `json:"maxBytes,omitempty" jsonschema:"The oldest, until the files of the others hold no more, in bytes or as in 10MiB."`
	StepLimit     *NonNegative `json:"stepLimitPerTask,omitempty" jsonschema:"Of each task, open ones too, all but so many of the newest steps."`
	DryRun        bool         `json:"dryRun,omitempty" jsonschema:"Tell what would be removed, and remove nothing."`
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
