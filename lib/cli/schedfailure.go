package cli

import (
	"errors"
	"fmt"

	"bgtasks/lib/fault"
	"bgtasks/lib/sched"
	"bgtasks/lib/view"
)

// schedFailure is a start that the scheduler refuses.
func schedFailure(err error) *fault.Failure {
	var dependency *sched.DependencyError
	var closed *sched.ClosedError
	var taken *sched.KeyTakenError
	switch {
	case errors.As(err, &taken):
		return &fault.Failure{Type: "TaskAlreadyRunning", Message: "task with this dedupe key is open: " + taken.Holder, Code: fault.CodeNo,
			Text: err.Error(), Hint: "stop it first",
			Details: []fault.Detail{fault.With("id", taken.Holder), fault.With("dedupeKey", taken.Key), fault.With("hint", "Stop "+taken.Holder+" first.")}}
	case errors.As(err, &dependency):
		return &fault.Failure{Type: "CommandInputError", Message: "after: " + err.Error(), Code: fault.CodeUsage,
			Text: "--after: " + err.Error(), Hint: "bg-list prints all ids",
			Details: []fault.Detail{fault.With("field", "after"), fault.With("id", dependency.ID), fault.With("reason", dependency.Why),
				fault.With("hint", "Run list to discover known task ids.")}}
	case errors.As(err, &closed):
		return &fault.Failure{Type: "QueueClosed", Message: "queue accepts no tasks: " + closed.Queue, Code: fault.CodeNo, Retryable: true,
			Text: err.Error(), Hint: "bg-queue resume " + closed.Queue + " opens it again",
			Details: []fault.Detail{fault.With("queue", closed.Queue), fault.With("hint", "Use another queue, or resume this one with bg-queue.")}}
	}
	return nil
}

// differsFailure is a start that found an open task that is not as it was asked
// for.
func differsFailure(err error) *fault.Failure {
	var differs *view.DiffersError
	if !errors.As(err, &differs) {
		return nil
	}
	return &fault.Failure{Type: "TaskAlreadyRunning", Message: "task already exists and differs: " + differs.ID, Code: fault.CodeNo,
		Text: differs.Error(), Hint: "stop it first, or start it in the same way",
		Details: []fault.Detail{fault.With("id", differs.ID), fault.With("differences", differs.Differences),
			fault.With("hint", fmt.Sprintf("Stop %s first, or start it in the same way.", differs.ID))}}
}
