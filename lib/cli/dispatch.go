package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"bgtasks/lib/fault"
	"bgtasks/lib/show"
)

// Dispatch is the main of background-tasks: it answers what concerns no verb,
// and becomes the program of the verb otherwise.
func Dispatch(help string, verbs []string) {
	c := &Call{Verb: "background-tasks", JSON: true, Printer: show.NewPrinter(show.Unbuffered{Writer: os.Stdout}, os.Stdout), Err: os.Stderr}
	os.Exit(c.conclude(c.dispatch(os.Args[1:], help, verbs)))
}

func (c *Call) dispatch(args []string, help string, verbs []string) error {
	for len(args) > 0 && args[0] == "--" { // its callers' earlier program has no options before the verb either
		args = args[1:]
	}
	if len(args) == 0 {
		return fault.Input("missing subcommand", fault.With("available", verbs))
	}
	verb := strings.ToLower(args[0])
	if slices.Contains(verbs, verb) {
		c.Verb = verb
		return become("bg-"+verb, args[1:])
	}
	for _, word := range args {
		switch word {
		case "--version":
			c.Verb = "version"
			return c.Succeed(VersionData{Version})
		case "--help", "-h":
			c.Verb = "help"
			return c.Succeed(NewHelpData(help))
		}
	}
	if !isFlag(verb) && !looksLikePayload(verb) {
		c.Verb = args[0]
	}
	return CommandMismatch("Invalid subcommand for background-tasks - use one of '" + strings.Join(verbs, "', '") + "'")
}

// become executes a verb's program in this process, with the strict JSON
// command line. It returns only with an error.
func become(program string, args []string) error {
	self, err := os.Executable()
	if err == nil {
		self, err = filepath.EvalSymlinks(self)
	}
	if err != nil {
		return fmt.Errorf("find this program's file: %w", err)
	}
	path := filepath.Join(filepath.Dir(self), program)
	err = syscall.Exec(path, append([]string{program, strictFlag}, args...), os.Environ())
	return &fault.Failure{Type: "UnexpectedCliError", Message: "execute " + path + ": " + err.Error(),
		Details: []fault.Detail{fault.With("path", path), fault.With("hint", program+" belongs beside background-tasks: install the suite as a whole.")}}
}
