package cli

import (
	"errors"
	"time"

	"bgtasks/lib/config"
)

// ClearPayload says which finished tasks are removed. Without rules, all those
// that the conditions let through; with none of either, what config.json says.
type ClearPayload struct {
	FilterPayload
	All           bool         `json:"all,omitempty" jsonschema:"Every finished task, if there is no other condition and no rule."`
	SuccessTTL    *NonNegative `json:"successTtlMs,omitempty" jsonschema:"Those that succeeded longer ago, in milliseconds. Of this and all other rules 0 says that there is none."`
	FailedTTL     *NonNegative `json:"failedTtlMs,omitempty" jsonschema:"Those that failed or timed out longer ago, in milliseconds."`
	CancelledTTL  *NonNegative `json:"cancelledTtlMs,omitempty" jsonschema:"Those that were cancelled longer ago, in milliseconds."`
	KeepSuccesses *NonNegative `json:"keepLatestSuccessesPerKind,omitempty" jsonschema:"Of each kind all but so many of the newest that succeeded."`
	KeepFailures  *NonNegative `json:"keepLatestFailuresPerKind,omitempty" jsonschema:"Of each kind all but so many of the newest that failed or timed out."`
	MaxFinished   *NonNegative `json:"maxFinishedTasks,omitempty" jsonschema:"All but so many of the newest."`
	MaxBytes      *Size        `json:"maxBytes,omitempty" jsonschema:"The oldest, until the files of the others hold no more, in bytes or as in 10MiB."`
	StepLimit     *NonNegative `json:"stepLimitPerTask,omitempty" jsonschema:"Of each task, open ones too, all but so many of the newest steps."`
	DryRun        bool         `json:"dryRun,omitempty" jsonschema:"Tell what would be removed, and remove nothing."`
}

// Rules gives the rules; given tells that there is one, be it 0.
func (p *ClearPayload) Rules() (rules config.Retention, given bool) {
	span := func(ms *NonNegative) time.Duration { return time.Duration(amount(ms, &given)) * time.Millisecond }
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

func amount(n *NonNegative, given *bool) int64 {
	if n == nil {
		return 0
	}
	*given = true
	return int64(*n)
}

// check keeps the spans within what a time.Duration holds.
func (p *ClearPayload) check(f *faults) {
	p.FilterPayload.check(f)
	for _, m := range []struct {
		name string
		ms   *NonNegative
	}{{"successTtlMs", p.SuccessTTL}, {"failedTtlMs", p.FailedTTL}, {"cancelledTtlMs", p.CancelledTTL}} {
		if m.ms != nil && *m.ms > config.Largest {
			f.refine([]any{m.name}, "Expected at most "+bound(config.Largest))
		}
	}
}

// configFailure is a config.json that can't be read: what is in the home can't be
// dealt with as its owner wants it.
func configFailure(err error) *Failure {
	var fault *config.Error
	if !errors.As(err, &fault) {
		return nil
	}
	return &Failure{Type: "CliStoreError", Message: "task store operation failed: readConfig", Code: CodeHome,
		Text: fault.Error(), Hint: "see config.json in bg-state(5)",
		Details: []Detail{{"operation", "readConfig"}, {"path", fault.Path}, {"field", fault.Field}, {"reason", fault.Error()},
			{"hint", "Correct or remove the file."}}}
}
