package cli

import (
	"slices"

	"bgtasks/lib/fault"
)

// fruitless is the failure of a JSON command line with an option that could have no
// effect on the verb: who gives it expects one. The callers of background-tasks may
// give each option to each verb, as its earlier program let them.
func (c *Call) fruitless(verb string) error {
	waits := verb == "wait" || c.Opts.Wait && slices.Contains(waiting, verb)
	switch {
	case c.Suite:
	case c.Opts.Timed && !waits && verb != "queue":
		hint := "Leave it out: " + verb + " does not wait for the end of a task."
		if slices.Contains(waiting, verb) {
			hint = "Add --wait."
		}
		return fault.Input("--timeout is for a wait", fault.With("field", OptTimeout), fault.With("hint", hint))
	case c.Opts.streamed && verb != "logs" && verb != "events":
		return fault.Input("--stream is for logs and events", fault.With("field", OptStream),
			fault.With("hint", "Leave it out: the answer is one envelope."))
	}
	return nil
}

// waiting are the verbs that wait for the end of a task with --wait.
var waiting = []string{"start", "status", "restart"}
