package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"bgtasks/lib/config"
	"bgtasks/lib/control"
	"bgtasks/lib/events"
	"bgtasks/lib/fault"
	"bgtasks/lib/find"
	"bgtasks/lib/heal"
	"bgtasks/lib/launch"
	"bgtasks/lib/report"
	"bgtasks/lib/seglog"
	"bgtasks/lib/show"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
)

// failureOf tells what an error is to the caller. Errors of the rooms below
// are told apart by their types.
func failureOf(err error) *fault.Failure {
	var done *fault.Failure
	if errors.As(err, &done) {
		return done
	}
	for _, known := range []func(error) *fault.Failure{fault.TooLong, taskFailure, attemptFailure, restartFailure, insideFailure, differsFailure, schedFailure, spawnFailure, envFailure, stopFailure, hindranceFailure, reportFailure, heldFailure, recordFailure, outputFailure, homeFailure, configFailure, consumerFailure, journalFailure, shortageFailure} {
		if f := known(err); f != nil {
			return f
		}
	}
	return &fault.Failure{Type: "UnexpectedCliError", Message: err.Error(), Code: fault.CodeTool}
}

func taskFailure(err error) *fault.Failure {
	var missing *view.NotFoundError
	var ambiguous *find.AmbiguousError
	switch {
	case errors.As(err, &missing):
		f := &fault.Failure{Type: "TaskNotFound", Message: "task not found: " + missing.ID, Code: fault.CodeNoTask,
			Text:    fmt.Sprintf("no task %q", missing.ID),
			Details: []fault.Detail{fault.With("id", missing.ID), fault.With("hint", "Run list to discover known task ids.")}}
		if len(missing.Close) > 0 {
			f.Hint = "did you mean " + strings.Join(missing.Close, ", ") + "?"
		}
		switch {
		case len(missing.Named) == 1:
			f.Details[1].Value = "That is a name. Its id is " + missing.Named[0] + "."
		case len(missing.Named) > 1:
			f.Details[1].Value = "That is a name. The ids with this name are " + strings.Join(missing.Named, ", ") + "."
		case len(missing.CloseIDs) > 0:
			f.Details[1].Value = "Run list to discover known task ids. Close ones: " + strings.Join(missing.CloseIDs, ", ") + "."
		}
		return f
	case errors.As(err, &ambiguous):
		return &fault.Failure{Type: "TaskAmbiguous", Message: "task is ambiguous: " + ambiguous.Word, Code: fault.CodeAmbiguous,
			Text: fmt.Sprintf("%q could mean several tasks", ambiguous.Word),
			Hint: "one of " + strings.Join(ambiguous.Candidates, ", "),
			Details: []fault.Detail{fault.With("id", ambiguous.Word), fault.With("candidates", ambiguous.Candidates),
				fault.With("hint", "Use one of the candidates.")}}
	}
	return nil
}

// NoWorkdir is the failure of a start as seen from a directory that is gone.
func NoWorkdir(err error) error {
	f := fault.Input("the current directory can't be used: "+err.Error(), fault.With("field", "workdir"))
	f.Code, f.Hint = fault.CodeNotExecutable, "it may have been removed; give another with -C"
	f.Details = append(f.Details, fault.With("hint", "Give a workdir, and absolute paths."))
	return f
}

func attemptFailure(err error) *fault.Failure {
	var none *view.NoAttemptError
	if !errors.As(err, &none) {
		return nil
	}
	f := &fault.Failure{Type: "AttemptNotFound", Message: none.Error(), Code: fault.CodeNo,
		Details: []fault.Detail{fault.With("id", none.ID), fault.With("run", none.Run)}}
	if none.Attempt > 0 {
		f.Details = append(f.Details, fault.With("attempt", none.Attempt))
	}
	f.Hint = "it has not begun any yet"
	if none.Have != "" {
		f.Hint = "it has " + none.Have
	}
	f.Details = append(f.Details, fault.With("hint", f.Hint))
	return f
}

func spawnFailure(err error) *fault.Failure {
	var exists *launch.ExistsError
	var spawn *launch.SpawnError
	var living *control.LivingError
	switch {
	case errors.As(err, &living):
		hint := "end them with bg-stop " + living.ID + ", or look at what bg-doctor says"
		return &fault.Failure{Type: "TaskAlreadyRunning", Message: "task is already running: " + living.ID, Code: fault.CodeNo,
			Text: living.Error(), Hint: hint,
			Details: []fault.Detail{fault.With("id", living.ID), fault.With("pids", living.PIDs), fault.With("reason", living.Error()), fault.With("hint", hint)}}
	case errors.As(err, &exists):
		return existsFailure(exists)
	case errors.As(err, &spawn):
		return &fault.Failure{Type: "SpawnFailed", Message: "failed to spawn command: " + spawn.Command, Code: spawnCode(spawn),
			Text: spawn.Error(), Hint: spawnHint(spawn),
			Details: []fault.Detail{fault.With("command", spawn.Command), fault.With("reason", spawn.Error()),
				fault.With("hint", payloadHint(spawn))}}
	}
	return nil
}

// existsFailure is an id that is taken.
func existsFailure(e *launch.ExistsError) *fault.Failure {
	stands := cmp.Or(Standing(e.ID), "is already running")
	f := &fault.Failure{Type: "TaskAlreadyRunning", Message: "task " + stands + ": " + e.ID, Code: fault.CodeNo,
		Text: fmt.Sprintf("task %q %s", e.ID, stands), Hint: "stop it first, restart it, or choose another id",
		Details: []fault.Detail{fault.With("id", e.ID), fault.With("hint", "Use status to look at it, stop to end it, or restart to run it again.")}}
	if e.Note != "" {
		f.Text, f.Hint = f.Text+", and "+e.Note, e.Hint
		f.Details = []fault.Detail{fault.With("id", e.ID), fault.With("reason", f.Text), fault.With("hint", e.Hint)}
	}
	return f
}

// hindranceFailure is a task whose lock is held by one that does not go on.
func hindranceFailure(err error) *fault.Failure {
	var who *heal.Hindrance
	if !errors.As(err, &who) {
		return nil
	}
	return &fault.Failure{Type: "TaskHindered", Message: "task is hindered: " + who.ID, Code: fault.CodeNo, Retryable: true,
		Text: who.Error(), Hint: who.Hint(),
		Details: []fault.Detail{fault.With("id", who.ID), fault.With("reason", who.Error()), fault.With("pid", who.PID), fault.With("hint", who.Hint())}}
}

// spawnCode is 127 for a program that is not there, 126 for one that can't be
// executed, for want of its directory too, 125 for all that is wrong around it.
func spawnCode(e *launch.SpawnError) int {
	switch {
	case e.NotFound():
		return fault.CodeNotFound
	case e.NotExecutable(), e.BadDir():
		return fault.CodeNotExecutable
	}
	return fault.CodeTool
}

// payloadHint is spawnHint for who writes payloads, where there is no -c.
func payloadHint(e *launch.SpawnError) string {
	hint := spawnHint(e)
	switch {
	case e.NotFound():
		return `Check that the command and its PATH exist; a shell line is the command "sh" with the args ["-c", "LINE"].`
	case hint == "":
		return "Check what the reason names."
	}
	return strings.ToUpper(hint[:1]) + hint[1:] + "."
}

func spawnHint(e *launch.SpawnError) string {
	if hint := shortageHint(e); hint != "" {
		return hint
	}
	return e.Hint()
}

// envFailure is a restart that would silently lose variables.
func envFailure(err error) *fault.Failure {
	var env *control.EnvUnknownError
	if !errors.As(err, &env) {
		return nil
	}
	return &fault.Failure{Type: "CommandInputError", Message: env.Error(), Code: fault.CodeNo,
		Hint: "give them again, with -e NAME=VALUE for each; bg-start --keep-env keeps the values for later runs",
		Details: []fault.Detail{fault.With("id", env.ID), fault.With("missing", env.Names), fault.With("expected", "a value in env for each of the missing names"),
			fault.With("hint", "Give the values again with the payload's env. A start with keepEnv true keeps them for later runs.")}}
}

// restartFailure is that of the error that kept the next run from beginning, which
// also says that the one before was ended.
func restartFailure(err error) *fault.Failure {
	var ended *control.RestartError
	if !errors.As(err, &ended) {
		return nil
	}
	f := *failureOf(ended.Err)
	f.Text = fmt.Sprintf("task %q was ended, and could not be started again: %s", ended.ID, f.Error())
	f.Details = append(slices.Clip(f.Details), fault.With("ended", ended.ID))
	return &f
}

// insideFailure is a restart that would end whoever is to carry it out.
func insideFailure(err error) *fault.Failure {
	var inside *control.InsideError
	if !errors.As(err, &inside) {
		return nil
	}
	hint := fmt.Sprintf("bg-start --after afterany:%s -- bg-restart %s, and then end", inside.ID, inside.ID)
	return &fault.Failure{Type: "CommandInputError", Message: inside.Error(), Code: fault.CodeNo, Hint: hint,
		Details: []fault.Detail{fault.With("id", inside.ID), fault.With("field", "id"), fault.With("expected", "a task that this process does not belong to"), fault.With("hint", "Restart it from a separate task: "+hint+".")}}
}

func stopFailure(err error) *fault.Failure {
	var stop *control.StopError
	if !errors.As(err, &stop) {
		return nil
	}
	if len(stop.Refused) > 0 {
		const hint = "Only their user or root may end them."
		return &fault.Failure{Type: "StopFailed", Message: "failed to stop task: " + stop.ID, Code: fault.CodeNo, Text: stop.Error(), Hint: hint,
			Details: []fault.Detail{fault.With("id", stop.ID), fault.With("reason", stop.Error()), fault.With("refused", stop.Refused), fault.With("hint", hint)}}
	}
	hint := stop.Hint
	if hint == "" {
		hint = "Look at the task with status, then stop it again."
	}
	return &fault.Failure{Type: "StopFailed", Message: "failed to stop task: " + stop.ID, Code: fault.CodeNo, Retryable: true,
		Text: stop.Error(), Hint: stop.Hint,
		Details: []fault.Detail{fault.With("id", stop.ID), fault.With("reason", stop.Error()), fault.With("hint", hint)}}
}

// reportFailure is a report about what is not under way.
func reportFailure(err error) *fault.Failure {
	var refused *report.RefusedError
	if !errors.As(err, &refused) {
		return nil
	}
	details := []fault.Detail{fault.With("id", refused.ID), fault.With("reason", refused.Why), fault.With("state", show.Given(refused.State)),
		fault.With("hint", "Only a running attempt can report. Look at the task with status.")}
	return &fault.Failure{Type: "ReportRefused", Message: "report refused by task: " + refused.ID, Code: fault.CodeNo, Text: refused.Error(), Details: details}
}

// heldFailure is a lock whose holder is stopped, or hangs.
func heldFailure(err error) *fault.Failure {
	var held *store.HeldError
	if !errors.As(err, &held) {
		return nil
	}
	hint := "try again"
	if held.Stopped {
		pid := strconv.Itoa(held.PID)
		hint = "continue it with kill -CONT " + pid + ", or end it with kill -KILL " + pid
	}
	return &fault.Failure{Type: "CliStoreError", Message: "task store operation failed: lock", Code: fault.CodeTool, Retryable: true,
		Text: err.Error(), Hint: hint,
		Details: []fault.Detail{fault.With("operation", "lock"), fault.With("path", held.Path), fault.With("reason", err.Error()), fault.With("hint", hint)}}
}

// recordFailure is a task whose records can't be read: all that could be said
// about it would be a guess (P3).
func recordFailure(err error) *fault.Failure {
	var broken *view.RecordError
	if !errors.As(err, &broken) {
		return nil
	}
	path := broken.File
	hint := "no process of it runs; a new start with this id replaces it"
	if home, err := store.Locate(os.Getenv); err == nil {
		h := store.At(home)
		path = filepath.Join(h.TaskDir(broken.ID), broken.File)
		hint = brokenHint(h, broken)
	}
	advice := strings.ToUpper(hint[:1]) + hint[1:] + "."
	return &fault.Failure{Type: "CliStoreError", Message: "task store operation failed: decodeRecord", Code: fault.CodeTool, Retryable: true,
		Text: fmt.Sprintf("task %q can't be read: %s: %v", broken.ID, broken.File, broken.Err),
		Hint: hint,
		Details: []fault.Detail{fault.With("operation", "decodeRecord"), fault.With("path", path), fault.With("reason", broken.Error()),
			fault.With("hint", advice)}}
}

// brokenHint is what to do about a task of which a record can't be read.
func brokenHint(h *store.Home, broken *view.RecordError) string {
	held, err := store.LockHeld(h.TaskDir(broken.ID))
	switch {
	case held && broken.File == store.StateFile:
		return "its supervisor lives, and writes the record anew; bg-stop " + broken.ID + " ends it"
	case held:
		return "it runs: bg-stop " + broken.ID + " ends it, then a new start with this id replaces it"
	case err != nil:
		return "look at the file, and see bg-doctor"
	}
	if pids := view.Living(h, broken.ID); len(pids) > 0 {
		return fmt.Sprintf("processes of it live: %v; bg-stop %s ends them", pids, broken.ID)
	}
	return "no process of it runs; a new start with this id replaces it"
}

// outputError is a failure to write the answer, which is about nothing else.
type outputError struct{ err error }

func (e *outputError) Error() string { return "write the output: " + e.err.Error() }
func (e *outputError) Unwrap() error { return e.err }

func outputFailure(err error) *fault.Failure {
	var output *outputError
	if !errors.As(err, &output) {
		return nil
	}
	return &fault.Failure{Type: "UnexpectedCliError", Message: err.Error(), Code: fault.CodeTool}
}

// NothingSelected is the failure of a verb that needs a task when the flags
// select none.
func NothingSelected() error {
	return &fault.Failure{Type: "TaskNotFound", Message: "no task is selected", Code: fault.CodeNoTask,
		Details: []fault.Detail{fault.With("hint", "Run list to discover known task ids.")}}
}

func homeFailure(err error) *fault.Failure {
	var home *HomeError
	var away *store.AwayError
	switch {
	case errors.As(err, &home):
	case errors.As(err, &away):
		home = &HomeError{Op: "wait", Path: away.Path, Err: away}
	default:
		return nil
	}
	f := &fault.Failure{Type: "CliStoreError", Message: "task store operation failed: " + home.Op, Code: fault.CodeHome, Retryable: true,
		Text: home.Error(), Hint: homeHint(err),
		Details: []fault.Detail{fault.With("operation", home.Op), fault.With("path", home.Path), fault.With("reason", home.Error())}}
	if f.Hint != "" {
		f.Details = append(f.Details, fault.With("hint", f.Hint))
	}
	return f
}

func homeHint(err error) string {
	var layout *store.LayoutError
	var unsafe *store.UnsafeHomeError
	var remote *store.NetworkFSError
	var away *store.AwayError
	switch {
	case errors.Is(err, store.ErrNoHome):
		return "set BACKGROUND_TASKS_HOME to a directory of your own"
	case errors.As(err, &layout):
		return "use the version of bgtasks that made it, or set BACKGROUND_TASKS_HOME to another directory"
	case errors.As(err, &unsafe):
		return unsafe.Hint
	case errors.As(err, &away):
		return "use it there; if no task runs there any more, bg-doctor --take-over moves it to this host"
	case errors.As(err, &remote):
		return "set BACKGROUND_TASKS_HOME to a local directory, or " + store.AllowNetFS + "=1 at your own risk"
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, fs.ErrPermission), errors.Is(err, fs.ErrNotExist):
		return "set BACKGROUND_TASKS_HOME to a directory that you can write to"
	}
	return shortageHint(err)
}

func journalFailure(err error) *fault.Failure {
	var old *seglog.TooOldError
	var bad *seglog.BadCursorError
	if !errors.As(err, &old) && !errors.As(err, &bad) {
		return nil
	}
	f := &fault.Failure{Type: "CommandInputError", Message: err.Error(), Code: fault.CodeUsage,
		Hint: "leave --cursor out to read from the oldest event that is kept", Details: []fault.Detail{fault.With("field", "cursor")}}
	hint := "Leave cursor out to read from the oldest event that is kept."
	if old != nil {
		f.Details = append(f.Details, fault.With("oldest", old.Oldest))
		hint = "Leave cursor out to read from the oldest event that is kept, or add \"bootstrap\": true to begin again with the current tasks."
	}
	f.Details = append(f.Details, fault.With("hint", hint))
	return f
}

// timedOut is the failure of a wait whose time is up; the task runs on.
func timedOut(id string, o Options) *fault.Failure {
	return &fault.Failure{Type: "TaskWaitTimedOut", Message: "timed out waiting for task: " + id, Code: fault.CodeTimeout, Retryable: true,
		Text: fmt.Sprintf("task %q has not ended in time", id),
		Details: []fault.Detail{fault.With("id", id), fault.With("timeout_ms", o.Timeout.Milliseconds()),
			fault.With("next_step", "Wait again with a larger --timeout, or look at the task with status.")}}
}

// configFailure is a config.json that can't be read: what is in the home can't be
// dealt with as its owner wants it.
func configFailure(err error) *fault.Failure {
	var wrong *config.Error
	if !errors.As(err, &wrong) {
		return nil
	}
	return &fault.Failure{Type: "CliStoreError", Message: "task store operation failed: readConfig", Code: fault.CodeHome,
		Text: wrong.Error(), Hint: "see config.json in bg-state(5)",
		Details: []fault.Detail{fault.With("operation", "readConfig"), fault.With("path", wrong.Path), fault.With("field", wrong.Field), fault.With("reason", wrong.Error()),
			fault.With("hint", "Correct or remove the file.")}}
}

// QueueTimedOut is the failure of a drain whose time is up. The queue is closed, and
// goes on.
func QueueTimedOut(queue string, o Options) error {
	return &fault.Failure{Type: "TaskWaitTimedOut", Message: "timed out waiting for queue: " + queue, Code: fault.CodeTimeout, Retryable: true,
		Text: fmt.Sprintf("queue %q is not empty yet", queue),
		Hint: "it still accepts no tasks; bg-queue resume " + queue + " opens it again",
		Details: []fault.Detail{fault.With("queue", queue), fault.With("timeout_ms", o.Timeout.Milliseconds()),
			fault.With("next_step", "Drain it again with a larger --timeout, or resume it.")}}
}

// consumerFailure tells what is wrong with a consumer or an acknowledgement.
func consumerFailure(err error) *fault.Failure {
	var missing *events.ConsumerNotFoundError
	var backwards *events.BackwardsError
	var unreadable *events.UnreadableConsumerError
	f := &fault.Failure{Type: "CommandInputError", Message: err.Error(), Code: fault.CodeNo}
	switch {
	case errors.As(err, &missing):
		f.Code, f.Text = fault.CodeNoTask, missing.Error()
		f.Hint = "bg-events --consumers lists them; reading as one makes it"
		f.Details = []fault.Detail{fault.With("field", "consumer"), fault.With("consumer", missing.Name)}
	case errors.As(err, &backwards):
		f.Code, f.Hint = fault.CodeUsage, "an acknowledgement stands for all events up to it and can't be taken back"
		f.Details = []fault.Detail{fault.With("field", "ack"), fault.With("consumer", backwards.Name), fault.With("acknowledged", backwards.Acked)}
	case errors.As(err, &unreadable):
		f.Type, f.Code, f.Hint = "CliStoreError", fault.CodeTool, "bg-events --forget "+unreadable.Name+" removes it; it begins anew then"
		f.Details = []fault.Detail{fault.With("field", "consumer"), fault.With("consumer", unreadable.Name)}
	default:
		return nil
	}
	f.Details = append(f.Details, fault.With("hint", f.Hint))
	return f
}
