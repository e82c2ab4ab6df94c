package cli

import (
	"slices"

	"bgtasks/lib/fault"
	"bgtasks/lib/payload"
	"bgtasks/lib/show"
)

// Plain makes the JSON command line of a verb that takes no words.
func Plain(work func(*Call) (any, error)) func(*Call, []string) error {
	return func(c *Call, words []string) error {
		if err := noWords(words); err != nil {
			return err
		}
		data, err := work(c)
		if err != nil {
			return err
		}
		return c.Succeed(data)
	}
}

// Indented prints a value as JSON, without an envelope.
func (c *Call) Indented(v any) error { return show.JSON(c.Out, v) }

// ListOrShowArgs are the words of the verbs that list things or show one.
type ListOrShowArgs struct {
	Action string `arg:"" optional:"" enum:"list,show" default:"list" help:"list or show."`
	Verb   string `arg:"" optional:"" help:"The verb to show."`
}

// Words gives the words as they were typed.
func (a *ListOrShowArgs) Words() []string {
	if a.Verb == "" {
		return []string{a.Action}
	}
	return []string{a.Action, a.Verb}
}

// Check refuses words that do not go together.
func (a *ListOrShowArgs) Check() error {
	switch {
	case a.Action == "show" && a.Verb == "":
		f := fault.Usage("show: no verb given")
		f.Hint = "one of " + fault.CommaList(payload.PayloadVerbs())
		return f
	case a.Action == "list" && a.Verb != "":
		return fault.Usage("list takes no verb, got %q", a.Verb)
	}
	return nil
}

// ListOrShow makes the JSON command line of such a verb.
func ListOrShow(list func() any, show func(verb string) (any, error)) func(*Call, []string) error {
	return func(c *Call, words []string) error {
		actions := []string{"list", "show"}
		if len(words) == 0 {
			return fault.Input(c.Verb+" requires list or show", fault.With("available", actions))
		}
		verb := c.Verb
		c.Verb += " " + words[0]
		target := words[1:]
		switch {
		case !slices.Contains(actions, words[0]):
			return CommandMismatch("Invalid subcommand for background-tasks " + verb + " - use one of 'list', 'show'")
		case words[0] == "list":
			return Plain(func(*Call) (any, error) { return list(), nil })(c, target)
		case len(target) == 0:
			target = []string{""}
		}
		if err := noWords(target[1:]); err != nil {
			return err
		}
		data, err := show(target[0])
		if err != nil {
			return err
		}
		return c.Succeed(data)
	}
}

// CommandMismatch is the failure of a word that is no command.
func CommandMismatch(message string) error {
	return fault.Input(message, fault.With("validation_tag", "CommandMismatch"),
		fault.With("hint", "Run capabilities, schema list or examples list to see what there is."))
}
