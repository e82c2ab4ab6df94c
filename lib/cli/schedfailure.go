package cli

import (
	"errors"
	"fmt"

	"bgtasks/lib/sched"
	"bgtasks/lib/view"
)

// schedFailure is a start that the scheduler refuses.
func schedFailure(err error) *Failure {
	var dependency *sched.DependencyError
	var closed *sched.ClosedError
	var taken *sched.KeyTakenError
	switch {
	case errors.As(err, &taken):
		return &Failure{Type: "TaskAlreadyRunning", Message: "task with this dedupe key is open: " + taken.Holder, Code: CodeNo,
			Text: err.Error(), Hint: "stop it first",
			Details: []Detail{{"id", taken.Holder}, {"dedupeKey", taken.Key}, {"hint", "Stop " + taken.Holder + " first."}}}
	case errors.As(err, &dependency):
		return &Failure{Type: "CommandInputError", Message: "after: " + err.Error(), Code: CodeUsage,
			Text: "--after: " + err.Error(), Hint: "bg-list prints the ids that there are",
			Details: []Detail{{"field", "after"}, {"id", dependency.ID}, {"reason", dependency.Why},
				{"hint", "Run list to discover known task ids."}}}
	case errors.As(err, &closed):
		return &Failure{Type: "QueueClosed", Message: "queue accepts no tasks: " + closed.Queue, Code: CodeNo, Retryable: true,
			Text: err.Error(), Hint: "bg-queue resume " + closed.Queue + " opens it again",
			Details: []Detail{{"queue", closed.Queue}, {"hint", "Use another queue, or resume this one with bg-queue."}}}
	}
	return nil
}

// differsFailure is a start that found an open task that is not as it was asked
// for.
func differsFailure(err error) *Failure {
	var differs *view.DiffersError
	if !errors.As(err, &differs) {
		return nil
	}
	return &Failure{Type: "TaskAlreadyRunning", Message: "task is there already and differs: " + differs.ID, Code: CodeNo,
		Text: differs.Error(), Hint: "stop it first, or ask for it as it is",
		Details: []Detail{{"id", differs.ID}, {"differences", differs.Differences},
			{"hint", fmt.Sprintf("Stop %s first, or ask for it as it is.", differs.ID)}}}
}
