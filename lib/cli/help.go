package cli

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kong"

	"bgtasks/lib/payload"
)

// wordHelp gives the parser's flags words of ours.
func (v *Verb) wordHelp(m *kong.Application) {
	m.HelpFlag.Help = "Print this help."
	for _, f := range m.Flags {
		if f.Name == "json" && v.JSONHelp != "" {
			f.Help = v.JSONHelp
		}
	}
}

// more is the end of a verb's help: where the rest is.
func (v *Verb) more() string {
	page := "\n\nExit codes and all else: bg-" + v.Name + "(1), bgtasks(7)."
	if payload.LookUp(v.Name) == nil {
		return page
	}
	return "\n\nFor programs: bg-" + v.Name + " PAYLOAD answers with a JSON envelope. The payload is {…}, @FILE, or - for standard input" +
		batchHelp(v.Name) + ", and takes " + strings.Join(v.Options, ", ") + " beside it. Its fields: bg-schema show " + v.Name + "." + page
}

func batchHelp(verb string) string {
	if payload.LookUp(verb).Batch {
		return ", or […] for a batch"
	}
	return ""
}

// optionHelp says what the JSON options take and do.
var optionHelp = map[string][2]string{
	OptOutput:      {" auto|inline|artifact", "how logs answers when there is more (auto)"},
	OptWait:        {"", "wait for the end"},
	OptStream:      {"", "logs and events: one frame a line"},
	OptTimeout:     {" SECONDS", "how long to wait at most (60)"},
	OptConcurrency: {" N", "how many items of a batch at once (5)"},
	OptRelay:       {"", "exit with the codes of text mode, a task's among them"},
}

// helpText is what --help tells on the JSON command line: nothing of the flags
// that it does not take.
func (v *Verb) helpText() (string, error) {
	var b strings.Builder
	line := func(term, text string) { fmt.Fprintf(&b, "  %-30s %s\n", term, text) }
	e := payload.LookUp(v.Name)
	if e == nil {
		fmt.Fprintf(&b, "Usage: background-tasks %s\n\n%s\n", v.Name, v.Help)
		return b.String(), nil
	}
	fmt.Fprintf(&b, "Usage: background-tasks %s PAYLOAD [OPTIONS]\n\n%s\n\n", v.Name, e.Description)
	fmt.Fprintf(&b, "Payload: a JSON object inline, @FILE, or - for standard input%s. Its fields:\n", batchHelp(v.Name))
	s, err := payload.LoadSchema(v.Name)
	if err != nil {
		return "", err
	}
	for _, name := range s.Properties.Names {
		line(name, s.Properties.Schemas[name].Description)
	}
	b.WriteString("\nOptions:\n")
	for _, o := range v.Options {
		line(o+optionHelp[o][0], optionHelp[o][1])
	}
	line("--help, -h", "print this help")
	line("--version", "print the version")
	return b.String(), nil
}
