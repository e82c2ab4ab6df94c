package cli

import (
	"fmt"
	"syscall"

	"bgtasks/lib/fault"
	"bgtasks/lib/launch"
	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/view"
)

// CodeCancelled speaks for a task that was cancelled before it ran: what a shell
// says of a program that TERM ended.
const CodeCancelled = 143

// Verdict is what a wait adds to its answer: the exit code of text mode, in words.
type Verdict struct {
	AllSucceeded bool     `json:"all_succeeded"`
	FailedIDs    []string `json:"failed_ids"` // those that are over and have not succeeded

	code int // that text mode relays
}

// judged is data about tasks, with a verdict if their ends were waited for.
type judged interface{ verdict() *Verdict }

func (v *Verdict) verdict() *Verdict { return v }

// NewVerdict judges a task that is over.
func NewVerdict(c *Call, t *view.Task) *Verdict {
	v := &Verdict{AllSucceeded: true, FailedIDs: []string{}, code: c.relayCode(t)}
	if EndCode(t) != 0 {
		v.AllSucceeded, v.FailedIDs = false, append(v.FailedIDs, t.ID)
	}
	return v
}

// add joins the verdict on other tasks; nil is one on tasks whose ends are not
// known yet, or that are not there.
func (v *Verdict) add(other *Verdict) {
	if other == nil {
		v.AllSucceeded = false
		return
	}
	v.AllSucceeded = v.AllSucceeded && other.AllSucceeded
	v.FailedIDs = append(v.FailedIDs, other.FailedIDs...)
}

// EndCode is the exit code that speaks for a task that is over. It is 0 if and only
// if the task succeeded (P16), as a dependency on its success sees it.
func EndCode(t *view.Task) int {
	switch {
	case t.Unreadable != nil:
		return fault.CodeTool // what is left of its records may be about an earlier run
	case t.State == record.Succeeded:
		return 0
	case t.State == record.TimedOut:
		return fault.CodeTimeout
	case t.Reason == record.Lost, t.Reason == record.LostReboot:
		return fault.CodeTool
	case t.Reason == record.SpawnError:
		return unspawnedCode(t.SpawnError)
	case t.State == record.Cancelled && neverRan(t):
		return CodeCancelled
	}
	if code, known := ownCode(t); known && code != 0 {
		return code
	}
	if code, sent := signalCode(sentSignal(t)); sent {
		return code
	}
	return fault.CodeNo
}

// unspawnedCode is that of a start whose program could not be executed. What older
// versions recorded does not say why.
func unspawnedCode(e *view.SpawnError) int {
	if e == nil {
		return fault.CodeNotExecutable
	}
	return spawnCode(&launch.SpawnError{Stage: e.Step, Errno: syscall.Errno(e.Errno)})
}

// ownCode is what a shell would say of the task's process: its exit code, or 128 and
// the number of the signal that ended it. known is false if nobody saw it (P3).
func ownCode(t *view.Task) (code int, known bool) {
	switch {
	case t.Unreadable != nil:
		return 0, false
	case t.ExitCode != nil:
		return *t.ExitCode, true
	case t.Signal != nil:
		return signalCode(*t.Signal)
	}
	return 0, false
}

func signalCode(name string) (code int, known bool) {
	n, err := proc.ParseSignal(name)
	return 128 + int(n), err == nil
}

// sentSignal is the signal that the task was asked to end with; "" for none.
func sentSignal(t *view.Task) string {
	switch {
	case t.Stop != nil:
		return t.Stop.Signal
	case t.Reason == record.Watchdog && t.Spec != nil:
		return t.Spec.Signal
	}
	return ""
}

// neverRan tells that nothing shows that the run was begun: no time of its start, no
// leader, which may have been found without a record of the start, and no output.
func neverRan(t *view.Task) bool {
	_, known := ownCode(t)
	return !known && t.StartedAt == "" && t.PID == 0 && !t.Printed()
}

// Relay makes the task's end the call's, and says what the code alone does not: it
// may be the task's own as well.
func (c *Call) Relay(t *view.Task) {
	code := c.relayCode(t)
	c.RaiseCode(code)
	if t.Unreadable != nil {
		c.Complain(t.Unreadable)
	} else if why := ending(t, code); why != "" {
		c.Complain(&fault.Failure{Text: why})
	}
}

// RelayQuietly is Relay without a word.
func (c *Call) RelayQuietly(t *view.Task) { c.RaiseCode(c.relayCode(t)) }

func (c *Call) relayCode(t *view.Task) int {
	if !c.Opts.OwnCode {
		return EndCode(t)
	}
	if code, known := ownCode(t); known {
		return code
	}
	return fault.CodeTool
}

// ending says how a task ended whose own code is not the one that is relayed; "" if
// it is.
func ending(t *view.Task, code int) string {
	own, known := ownCode(t)
	switch {
	case known && own == code, t.State == record.Succeeded:
		return ""
	case t.Reason == record.Lost, t.Reason == record.LostReboot:
		return lostWords(t)
	case t.State == record.TimedOut:
		return fmt.Sprintf("task %q ran into its time limit (%s)", t.ID, t.State)
	case t.SpawnError != nil:
		return fmt.Sprintf("task %q was never executed (%s): %s", t.ID, t.Reason, t.SpawnError.Message)
	case neverRan(t):
		return fmt.Sprintf("task %q was never executed (%s)", t.ID, t.Reason)
	case known:
		return fmt.Sprintf("task %q exited with %d, and is %s (%s)", t.ID, own, t.State, t.Reason)
	}
	return fmt.Sprintf("task %q is %s (%s); nobody saw its exit code", t.ID, t.State, t.Reason)
}

// lostWords say what is known of a run whose end nobody saw. Who was killed before the
// first record may have executed the program, and what that printed tells that it did.
func lostWords(t *view.Task) string {
	if neverRan(t) {
		return fmt.Sprintf("nobody knows whether task %q was executed (%s)", t.ID, t.Reason)
	}
	return fmt.Sprintf("nobody knows how task %q ended (%s)", t.ID, t.Reason)
}

// RelayFlags are those about the exit code of a wait.
type RelayFlags struct {
	OwnCode bool `help:"Relay the task's bare exit code, or 128 plus its signal's number, whatever its state."`
	Relay   bool `help:"With --json: exit with the codes of text mode instead of 0 and 1."`
}

// Apply takes the flags over into the options. waits tells that the verb was asked
// to wait.
func (f RelayFlags) Apply(c *Call, waits bool) error {
	switch {
	case f.Relay && !c.JSON:
		return fault.Usage("--relay is for --json: without it the exit code follows anyway")
	case f.OwnCode && !waits:
		f := fault.Usage("--own-code is for a wait")
		f.Hint = "add --wait"
		return f
	case f.OwnCode && c.JSON && !f.Relay:
		return fault.Usage("--own-code needs --relay beside --json, which gives all codes itself")
	}
	c.Opts.Relay, c.Opts.OwnCode = f.Relay, f.OwnCode
	return nil
}
